"""The vectors of a scope's turns, as one matrix, and what is around each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from remanence.index.columns import Column
from remanence.index.dense import (
    Blend,
    Links,
    Surroundings,
    blend,
    dense_evidence,
    spread_of,
    surroundings,
)
from remanence.index.links import FactKeys

__all__ = ["TurnVectors"]

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

_GROWTH = 1.5
"""Room that nobody has written to takes no memory, where the system gives pages when needed."""

_REACH = 3
"""How far a turn's vector counts for others, as :mod:`remanence.index.dense` has it."""


class TurnVectors:
    """Vectors by turn number: row ``i`` is turn ``i``'s, or zero where it has none yet.

    32-bit floats: they take four times the memory of bytes, and for these alone numpy multiplies as
    fast as memory gives them.
    """

    __slots__ = ("_around", "_blend", "_matrix", "_present", "count")

    count: int
    """How many turns have one."""

    def __init__(self) -> None:
        """Start empty, without knowing how long the vectors are."""
        self._matrix: Floats = np.zeros((0, 0), np.float32)
        self._present: Flags = np.zeros(0, np.bool_)
        self._around = (Column(np.float32), Column(np.float32), Column(np.float32))
        self._blend: Blend | None = None
        self.count = 0

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes."""
        around = sum(column.nbytes for column in self._around)
        return self._matrix.nbytes + self._present.nbytes + around

    def put(self, turns: npt.NDArray[np.intp], vectors: Floats, links: Links) -> None:
        """Set the vectors of some turns.

        Args:
            turns: Their numbers, each once.
            vectors: Their vectors, one a row; of the same length as all others.
            links: Those of the scope.
        """
        self._make_room(len(links.before), vectors.shape[1])
        self.count += int((~self._present[turns]).sum())
        self._matrix[turns] = vectors
        self._present[turns] = True
        self._measure(_reached(turns, links), links)

    def _make_room(self, size: int, dimensions: int) -> None:
        if size <= len(self._matrix):
            return
        rows = max(size, int(_GROWTH * len(self._matrix)))
        matrix = np.zeros((rows, dimensions), np.float32)
        present = np.zeros(rows, np.bool_)
        if self.count:
            matrix[: len(self._matrix)] = self._matrix
            present[: len(self._present)] = self._present
        self._matrix, self._present = matrix, present

    def _measure(self, turns: npt.NDArray[np.intp], links: Links) -> None:
        """Find out what is around these turns."""
        size = len(links.before)
        for column, nothing in zip(self._around, (-1, 0, 0), strict=True):
            column.extend(np.full(size - len(column), nothing, np.float32))
        found = surroundings(self._matrix[:size], links, turns)
        for column, values in zip(
            self._around, (found.nearest, found.along, found.square), strict=True
        ):
            column.values[turns] = values
        self._blend = None

    def keep(self, kept: Flags, links: Links) -> None:
        """Drop turns; the others move together.

        Args:
            kept: For each turn of the scope, whether it stays.
            links: Those of the turns that stay.
        """
        if not self.count:
            return
        size = len(kept)
        self._make_room(size, self._matrix.shape[1])
        self._matrix, self._present = self._matrix[:size][kept], self._present[:size][kept]
        self.count = int(self._present.sum())
        self._around = (Column(np.float32), Column(np.float32), Column(np.float32))
        self._measure(np.flatnonzero(self._present), links)

    def evidence(self, query: Floats, links: Links, keys: FactKeys) -> tuple[Floats, Flags]:
        """Return dense evidence for every turn, and which of them have a vector.

        Args:
            query: The question's vector.
            links: Those of the scope.
            keys: Which facts rest on which turns.
        """
        size = len(links.before)
        self._make_room(size, self._matrix.shape[1])
        if self._blend is None or len(self._blend.own) != size:
            self._blend = self._blended(links)
        products = self._matrix[:size] @ query
        found = dense_evidence(
            products, self._blend, links, facts=keys.facts.values, sources=keys.sources.values
        )
        return found, self._present[:size]

    def _blended(self, links: Links) -> Blend:
        size = len(links.before)
        self._measure(np.zeros(0, np.intp), links)
        nearest, along, square = (column.values[:size] for column in self._around)
        spread = spread_of(self._matrix[:size], self._present[:size])
        return blend(Surroundings(nearest, along, square), links.room, spread)


def _reached(turns: npt.NDArray[np.intp], links: Links) -> npt.NDArray[np.intp]:
    """Return turns and those around them, ascending, without the stand-in."""
    reached = [turns]
    before, after = turns, turns
    for _ in range(_REACH):
        before, after = links.before[before], links.after[after]
        reached += [before, after]
    found = np.unique(np.concatenate(reached)).astype(np.intp)
    return found[found > 0]
