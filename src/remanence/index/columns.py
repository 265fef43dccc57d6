"""Arrays that grow at their end."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["Column"]

D = TypeVar("D", bound=np.generic)


class Column(Generic[D]):
    """A one-dimensional array with room to grow; appending costs amortised constant time.

    Args:
        dtype: The type of its elements.
    """

    __slots__ = ("_array", "_length")

    def __init__(self, dtype: type[D]) -> None:
        """Start empty."""
        self._array: npt.NDArray[D] = np.zeros(16, dtype)
        self._length = 0

    def __len__(self) -> int:
        """Return the number of elements."""
        return self._length

    @property
    def values(self) -> npt.NDArray[D]:
        """The elements, as a view that stays valid until the next :meth:`extend`."""
        return self._array[: self._length]

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes."""
        return self._array.nbytes

    def extend(self, values: npt.ArrayLike) -> None:
        """Append elements."""
        added = np.asarray(values, self._array.dtype)
        length = self._length + len(added)
        if length > len(self._array):
            grown = np.zeros(max(length, 2 * len(self._array)), self._array.dtype)
            grown[: self._length] = self.values
            self._array = grown
        self._array[self._length : length] = added
        self._length = length

    def keep(self, mask: npt.NDArray[np.bool_]) -> None:
        """Keep only the elements that ``mask`` marks."""
        self._array = self.values[mask].copy()
        self._length = len(self._array)
