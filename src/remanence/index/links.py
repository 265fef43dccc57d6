"""What belongs together: the turns of a session, and facts with what they rest on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from remanence.index.columns import Column

__all__ = ["NOT_A_SESSION", "FactKeys", "SessionLinks"]

NOT_A_SESSION = 0
"""The session of a fact, for the purpose of neighbours: it has none."""


class SessionLinks:
    """Who comes before and after whom in a session.

    Attributes:
        before: For each turn the number of the one before it, 0 for none.
        after: For each turn the number of the one after it, 0 for none.
        place: For each turn how many come before it.
        sizes: For each session how many turns it has; 1 for :data:`NOT_A_SESSION`.
    """

    def __init__(self) -> None:
        """Start without turns."""
        self.before = Column(np.int32)
        self.after = Column(np.int32)
        self.place = Column(np.int32)
        self.sizes = Column(np.int32)
        self._last = Column(np.int32)

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes."""
        columns = (self.before, self.after, self.place, self.sizes, self._last)
        return sum(column.nbytes for column in columns)

    def extend(self, sessions: npt.NDArray[np.int32]) -> None:
        """Append turns of these sessions; turns of :data:`NOT_A_SESSION` stay alone."""
        first, count = len(self.before), len(sessions)
        room = int(sessions.max(initial=0)) + 1 - len(self._last)
        if room > 0:
            self._last.extend(np.zeros(room, np.int32))
            self.sizes.extend(np.zeros(room, np.int32))
        order = np.argsort(sessions, kind="stable")
        grouped = sessions[order]
        turns = (order + first).astype(np.int32)
        starts = np.flatnonzero(np.diff(grouped, prepend=-1))
        sizes = np.diff(starts, append=count)
        owners = grouped[starts]
        before = np.roll(turns, 1)
        before[starts] = self._last.values[owners]
        place = np.arange(count, dtype=np.int32) - np.repeat(starts, sizes).astype(np.int32)
        place += self.sizes.values[grouped]
        linked = grouped != NOT_A_SESSION
        self.before.extend(np.zeros(count, np.int32))
        self.after.extend(np.zeros(count, np.int32))
        self.place.extend(np.zeros(count, np.int32))
        self.before.values[turns[linked]] = before[linked]
        self.after.values[before[linked]] = turns[linked]
        self.after.values[0] = 0
        self.place.values[turns[linked]] = place[linked]
        self._last.values[owners] = turns[starts + sizes - 1]
        self.sizes.values[owners] += sizes.astype(np.int32)
        self.sizes.values[NOT_A_SESSION] = 1


class FactKeys:
    """Which facts rest on which turns: one element of each column a pair, by fact.

    Attributes:
        facts: The fact's number.
        sources: The turn's number.
    """

    def __init__(self) -> None:
        """Start without facts."""
        self.facts = Column(np.int32)
        self.sources = Column(np.int32)

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes."""
        return self.facts.nbytes + self.sources.nbytes

    def extend(self, facts: npt.NDArray[np.int32], sources: npt.NDArray[np.intp]) -> None:
        """Add pairs."""
        ascending = not len(self.facts) or not len(facts) or facts[0] >= self.facts.values[-1]
        self.facts.extend(facts)
        self.sources.extend(sources)
        if not ascending:  # pairs of facts that were there have changed
            order = np.argsort(self.facts.values, kind="stable")
            for column in (self.facts, self.sources):
                column.values[:] = column.values[order]

    def drop(self, facts: npt.NDArray[np.intp]) -> None:
        """Drop the pairs of these facts."""
        others = ~np.isin(self.facts.values, facts)
        self.facts.keep(others)
        self.sources.keep(others)

    def keep(self, kept: npt.NDArray[np.bool_], renumbered: npt.NDArray[np.int32]) -> None:
        """Drop the pairs of turns and facts that are not kept, and renumber the others."""
        both = kept[self.facts.values] & kept[self.sources.values]
        for column in (self.facts, self.sources):
            column.keep(both)
            column.values[:] = renumbered[column.values]
