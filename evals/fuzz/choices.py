"""What a fuzzer's bytes decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Choices"]

T = TypeVar("T")

_LONG = 40
_DEEP = 3


class Choices:
    """Bytes, used up from the front; when none are left, everything is the simplest there is.

    Args:
        data: The bytes.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def number(self, most: int) -> int:
        """Return a number from 0 to ``most``."""
        size = (most.bit_length() + 7) // 8
        return int.from_bytes(self._take(size), "little") % (most + 1)

    def one_of(self, values: Sequence[T]) -> T:
        """Return one of these."""
        return values[self.number(len(values) - 1)]

    def text(self) -> str:
        """Return a text, in which there may be anything that a ``str`` can hold."""
        return self._take(self.number(_LONG)).decode("utf-8", "surrogateescape")

    def value(self, known: Sequence[object], depth: int = 0) -> object:
        """Return something that JSON can hold, one of the known values now and then."""
        kind = self.number(9)
        if kind > 6:
            return self.one_of(known)
        if kind > 4 and depth < _DEEP:
            inner = [self.value(known, depth + 1) for _ in range(self.number(3))]
            return inner if kind > 5 else {self.text(): each for each in inner}
        simple: tuple[object, ...] = (
            None,
            bool(self.number(1)),
            self.number(2**64) - 2**32,
            self.number(2**16) / 256 - 1,
            self.text(),
        )
        return simple[min(kind, len(simple) - 1)]

    def rest(self) -> bytes:
        """Return all that is left."""
        return self._take(len(self._data) - self._place)

    def _take(self, size: int) -> bytes:
        taken = self._data[self._place : self._place + size]
        self._place += size
        return taken
