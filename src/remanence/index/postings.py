"""Which turns use which terms, and how often.

Kept as a few immutable sorted segments whose sizes fall geometrically: adding a turn costs
amortised logarithmic time (Bentley and Saxe, "Decomposable searching problems", 1980), and a
lookup touches a handful of slices.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

__all__ = ["Postings"]

_TURN_BITS = 32
_TURN_MASK = (1 << _TURN_BITS) - 1


@dataclasses.dataclass(frozen=True, slots=True)
class _Segment:
    """Postings of a range of turns, sorted by term, then turn.

    ``starts[i]`` to ``starts[i + 1]`` is the range of ``terms[i]`` in ``turns`` and ``counts``.
    """

    terms: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    turns: npt.NDArray[np.int32]
    counts: npt.NDArray[np.float32]

    @classmethod
    def of(cls, keys: npt.NDArray[np.int64], counts: npt.NDArray[np.float32]) -> _Segment:
        """Make a segment of sorted, distinct keys: the term above the turn's bits."""
        owners = keys >> _TURN_BITS
        first = np.flatnonzero(np.diff(owners, prepend=-1))
        return cls(
            owners[first].astype(np.int32),
            np.append(first, len(keys)),
            (keys & _TURN_MASK).astype(np.int32),
            counts,
        )

    def keys(self) -> npt.NDArray[np.int64]:
        """Return the keys that this segment was made of."""
        owners = np.repeat(self.terms.astype(np.int64), np.diff(self.starts))
        return (owners << _TURN_BITS) | self.turns

    def bounds(self, term: int) -> tuple[int, int]:
        """Return the range of a term; an empty one if it does not occur."""
        place = int(np.searchsorted(self.terms, term))
        if place == len(self.terms) or self.terms[place] != term:
            return 0, 0
        return int(self.starts[place]), int(self.starts[place + 1])

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes."""
        return self.terms.nbytes + self.starts.nbytes + self.turns.nbytes + self.counts.nbytes


class Postings:
    """An inverted index that grows at its end: turns are added in ascending number."""

    __slots__ = ("_segments",)

    def __init__(self) -> None:
        """Start empty."""
        self._segments: list[_Segment] = []

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes."""
        return sum(segment.nbytes for segment in self._segments)

    def add(
        self, turns: npt.NDArray[np.int32], terms: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Add the occurrences of terms in turns, one of each array an occurrence.

        Returns:
            Turns, terms and counts of the distinct pairs.
        """
        keys, counts = np.unique((terms.astype(np.int64) << _TURN_BITS) | turns, return_counts=True)
        weights = counts.astype(np.float32)
        if len(keys):
            self._push(_Segment.of(keys, weights))
        owners = (keys >> _TURN_BITS).astype(np.int32)
        return (keys & _TURN_MASK).astype(np.int32), owners, weights

    def _push(self, segment: _Segment) -> None:
        segments = self._segments
        while segments and len(segments[-1].turns) < 2 * len(segment.turns):
            before = segments.pop()
            keys = np.concatenate((before.keys(), segment.keys()))
            order = np.argsort(keys, kind="stable")  # two sorted runs: merged in linear time
            counts = np.concatenate((before.counts, segment.counts))
            segment = _Segment.of(keys[order], counts[order])
        segments.append(segment)

    def find(self, term: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Return the turns that use a term, ascending, and how often each does."""
        turns: list[npt.NDArray[np.int32]] = []
        counts: list[npt.NDArray[np.float32]] = []
        for segment in self._segments:
            start, end = segment.bounds(term)
            if end > start:
                turns.append(segment.turns[start:end])
                counts.append(segment.counts[start:end])
        if len(turns) == 1:
            return turns[0], counts[0]
        if not turns:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        return np.concatenate(turns), np.concatenate(counts)

    def keep(
        self, kept: npt.NDArray[np.bool_], renumbered: npt.NDArray[np.int32], terms: int
    ) -> npt.NDArray[np.bool_]:
        """Drop turns and renumber the others.

        Args:
            kept: For each turn, whether it stays.
            renumbered: For each turn, its new number, in the same order.
            terms: How many terms there are.

        Returns:
            For each term, whether any turn still uses it.
        """
        used = np.zeros(terms, np.bool_)
        segments = self._segments
        self._segments = []
        for segment in segments:
            alive = kept[segment.turns]
            keys = segment.keys()[alive]
            owners = keys >> _TURN_BITS
            used[owners] = True
            if len(keys):
                turns = renumbered[segment.turns[alive]].astype(np.int64)
                self._push(_Segment.of((owners << _TURN_BITS) | turns, segment.counts[alive]))
        return used

    def rename(self, renamed: npt.NDArray[np.int32]) -> None:
        """Give terms other numbers, in the same order."""
        self._segments = [
            dataclasses.replace(segment, terms=renamed[segment.terms]) for segment in self._segments
        ]
