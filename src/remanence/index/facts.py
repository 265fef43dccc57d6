"""The facts of a user: when each was true, when that was known, and whose words it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from remanence.index.columns import Column
from remanence.store.protocol import FactTimes

__all__ = ["FactTable", "View"]

_NEVER = np.iinfo(np.int64).max


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """From which moment a memory is looked at; times in microseconds since 1970 UTC.

    Attributes:
        as_of: Only what was true, or had been said, at this time; ``None`` for all that has not
            been superseded, and what was, but ends only after ``now``.
        known_at: Only what was known at this time; ``None`` for all that is.
        now: The time; ``None`` leaves out all that was superseded.
        past: Whether facts are shown whatever became of them.
    """

    as_of: int | None = None
    known_at: int | None = None
    now: int | None = None
    past: bool = False


class FactTable:
    """One element of each column a fact, in their order.

    Attributes:
        turns: The facts' numbers among the turns.
    """

    def __init__(self) -> None:
        """Start without facts."""
        self.turns = Column(np.int32)
        self._from = Column(np.int64)
        self._until = Column(np.int64)
        self._stated_until = Column(np.int64)
        self._superseded = Column(np.int64)
        self._corrected = Column(np.bool_)
        self._secondhand = Column(np.bool_)

    def _columns(self) -> tuple[Column[np.generic], ...]:
        columns: tuple[Column[np.generic], ...] = (
            self.turns,
            self._from,
            self._until,
            self._stated_until,
            self._superseded,
            self._corrected,
            self._secondhand,
        )  # pyright: ignore[reportAssignmentType] - a column's element type is invariant
        return columns

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes."""
        return sum(column.nbytes for column in self._columns())

    @property
    def secondhand(self) -> npt.NDArray[np.int32]:
        """The numbers of the facts that others than the user stated."""
        return self.turns.values[self._secondhand.values]

    def extend(self, turns: npt.ArrayLike, times: Sequence[FactTimes]) -> None:
        """Append facts."""
        self.turns.extend(turns)
        self._from.extend([_or_ever(each.valid_from) for each in times])
        self._until.extend([_or_never(each.valid_until) for each in times])
        self._stated_until.extend([_or_never(each.stated_until) for each in times])
        self._superseded.extend([_or_never(each.superseded_at) for each in times])
        self._corrected.extend([each.corrected for each in times])
        self._secondhand.extend([each.stated_by not in (None, "user") for each in times])

    def amend(self, turns: npt.NDArray[np.intp], times: Sequence[FactTimes]) -> None:
        """Replace what is known of some facts."""
        changed = FactTable()
        changed.extend(turns.astype(np.int32), times)
        places = np.searchsorted(self.turns.values, turns)
        for mine, other in zip(self._columns(), changed._columns(), strict=True):
            mine.values[places] = other.values

    def keep(self, kept: npt.NDArray[np.bool_], renumbered: npt.NDArray[np.int32]) -> None:
        """Drop the facts that are not kept, and renumber the others."""
        staying = kept[self.turns.values]
        for column in self._columns():
            column.keep(staying)
        self.turns.values[:] = renumbered[self.turns.values]

    def hidden(self, view: View) -> npt.NDArray[np.int32]:
        """Return the numbers of the facts that a view does not show."""
        if not len(self.turns) or view.past:
            return self.turns.values[:0]
        known_at = _NEVER - 1 if view.known_at is None else view.known_at
        superseded = self._superseded.values <= known_at
        if view.as_of is None:
            if view.now is not None:
                superseded &= self._corrected.values | (self._until.values <= view.now)
            return self.turns.values[superseded]
        until = np.where(superseded, self._until.values, self._stated_until.values)
        hidden = (self._from.values > view.as_of) | (until <= view.as_of)
        hidden |= superseded & self._corrected.values
        return self.turns.values[hidden]


def _or_ever(time: int | None) -> int:
    return -_NEVER if time is None else time


def _or_never(time: int | None) -> int:
    return _NEVER if time is None else time
