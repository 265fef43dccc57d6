"""What all drafts share: how they are called, and who decides what becomes of them."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

from remanence.errors import ArchiveError

__all__ = ["Fate", "hidden_name"]

_MOST_BYTES = 100


def hidden_name(path: Path) -> str:
    """Return how something beside a path may be called, an ending of its own aside.

    A name is limited in bytes on most systems, so that is what the path's own is cut by.
    """
    shown = path.name.encode("utf-8", "surrogatepass")[:_MOST_BYTES].decode("utf-8", "ignore")
    return f".{shown}.{secrets.token_hex(8)}"


class Fate:
    """Whether a draft is put into its place or given up; the first who decides has decided.

    Args:
        path: Its place.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is decided yet."""
        self._path = path
        self._deciding = threading.Lock()
        self._is_given_up = False
        self._is_published = False

    def check_wanted(self) -> None:
        """Go no further with a draft that was given up.

        Raises:
            ArchiveError: It was.
        """
        if self._is_given_up:
            raise ArchiveError(f"{self._path} was given up while it was being written")

    def publish(self) -> None:
        """Decide that it is put into its place: nobody can give it up any more.

        Raises:
            ArchiveError: It was given up.
        """
        with self._deciding:
            self.check_wanted()
            self._is_published = True

    def give_up(self) -> bool:
        """Decide that it is given up; return whether it is, so that it is to be taken away."""
        with self._deciding:
            self._is_given_up = not self._is_published
            return self._is_given_up
