"""Values numbered in the order they come."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["Labels"]

V = TypeVar("V", bound=Hashable)


class Labels(Generic[V]):
    """A two-way numbering of values, from 0."""

    __slots__ = ("_numbers", "values")

    def __init__(self) -> None:
        """Start empty."""
        self.values: list[V] = []
        self._numbers: defaultdict[V, int] = _numbering(())

    def __len__(self) -> int:
        """Return how many values are numbered."""
        return len(self.values)

    def get(self, value: V) -> int | None:
        """Return a value's number, or ``None`` if it has none."""
        return self._numbers.get(value)

    def number(self, values: Iterable[V]) -> npt.NDArray[np.int32]:
        """Return the numbers of values, numbering those that are new."""
        numbers = self._numbers
        found = np.fromiter(map(numbers.__getitem__, values), np.int32)
        if len(numbers) > len(self.values):
            self.values.extend(itertools.islice(numbers, len(self.values), None))
        return found

    def keep(self, used: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
        """Forget the values that ``used`` does not mark.

        Returns:
            For each old number the new one; meaningless where the value is forgotten.
        """
        self.values = [value for value, kept in zip(self.values, used, strict=True) if kept]
        self._numbers = _numbering(self.values)
        return (np.cumsum(used) - 1).astype(np.int32)


def _numbering(values: Iterable[V]) -> defaultdict[V, int]:
    """Return a mapping that numbers what it is asked for in the order it is asked."""
    numbers: defaultdict[V, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    numbers.update((value, number) for number, value in enumerate(values))
    return numbers
