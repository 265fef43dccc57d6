"""Pieces of what is erased, by which it is looked for whether a file still holds any of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

__all__ = ["Samples", "occurrences"]

T = TypeVar("T")

_TEXTS = 12
_BLOBS = 6
_PIECES = 4
_SHORTEST = 8
_LONGEST = 40
_AT_ONCE = 1 << 22


class Samples:
    """Pieces of what is erased, as it is stored.

    They are short, as SQLite divides what is longer than a page.

    Args:
        texts: What was said or noted.
        blobs: What else was stored.

    Attributes:
        pieces: The pieces.
    """

    def __init__(self, texts: Iterable[str], blobs: Iterable[bytes] = ()) -> None:
        """Choose."""
        encoded = [text.encode(errors="surrogatepass") for text in dict.fromkeys(texts)]
        pieces = [piece for text in _spread(encoded, _TEXTS) for piece in _pieces(text, 2)]
        pieces += [piece for blob in _spread(list(blobs), _BLOBS) for piece in _pieces(blob)]
        self.pieces = tuple(dict.fromkeys(pieces))


def occurrences(file: Path, piece: bytes) -> int:
    """Return how often a file holds something; a file that is not there holds nothing."""
    found, tail = 0, b""
    with contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
        while data := opened.read(_AT_ONCE):
            found += (tail + data).count(piece)
            tail = data[-(len(piece) - 1) :]
    return found


def _pieces(data: bytes, most: int = _PIECES) -> list[bytes]:
    """Return some pieces of something, from all over it; none of what is too short to tell."""
    length = min(_LONGEST, len(data) if len(data) < 2 * _LONGEST else len(data) // 2)
    if length < _SHORTEST:
        return []
    last = len(data) - length
    places = sorted({last * number // max(most - 1, 1) for number in range(most)})
    return [data[place : place + length] for place in places]


def _spread(items: Sequence[T], most: int) -> list[T]:
    """Return some of the items, from all over them."""
    if len(items) <= most:
        return list(items)
    return [items[len(items) * number // most] for number in range(most)]
