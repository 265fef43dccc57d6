"""Whose mem0's memories are, and which of them are left to others."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from pathlib import Path

from remanence.errors import InputError

__all__ = ["Owners"]

_LISTED = 10


class Owners:
    """The users that a store names.

    Args:
        user_id: The only one whose are to be read, if there is one.
    """

    def __init__(self, user_id: str | None) -> None:
        """Nobody was named yet."""
        self._user_id = user_id
        self._has_memories: dict[str, bool] = {}
        self._others: collections.Counter[str | None] = collections.Counter()

    def owner(self, named: str | None, collection: str | None) -> str | None:
        """Return whose something is; ``None`` if it is another's, or nobody's.

        Args:
            named: The user that it names, if it names one.
            collection: What it is in, if it is a memory and no message.
        """
        if named is None:
            return self._user_id
        is_memory = collection is not None
        self._has_memories[named] = self._has_memories.get(named, False) or is_memory
        if self._user_id in (None, named):
            return named
        self._others[collection] += 1
        return None

    def others(self) -> Iterator[tuple[str | None, int]]:
        """Yield how much was left to others, by collection; that of none are messages."""
        yield from self._others.items()

    def check(self, store: Path) -> None:
        """Refuse a user who is none here, before what names no user becomes theirs.

        Raises:
            InputError: Memories name users, and not this one.
        """
        known = self._has_memories
        if self._user_id is None or self._user_id in known or not any(known.values()):
            return
        names = sorted(known)
        listed = ", ".join(map(repr, names[:_LISTED]))
        more = len(names) - _LISTED
        raise InputError(
            "--user",
            f"is {self._user_id!r}, of whom there is nothing in {store}; there is "
            f"{listed}{f' and {more:,} more' if more > 0 else ''}",
            "check the name",
        )
