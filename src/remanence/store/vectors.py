"""What a store has to be able to do to hold vectors of what it keeps.

Vectors belong to the embedder that made them, known by its identity and dimension; those of several
are kept apart and never told together. They are made after the items are stored, in the order of
the items' numbers: *progress* is the number up to which that was done for a user. An embedder that
was chosen later than another one makes that one *outdated*: nothing more is taken from it.

A store keeps half precision: of a number that has more of it, the rest may be lost.
"""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["EmbeddingProgress", "Unembedded", "VectorBlock", "VectorStore", "Vectors"]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class VectorBlock:
    """Vectors of some items, by number.

    Attributes:
        numbers: The items' numbers, ascending; shape ``(n,)``.
        data: Their vectors, shape ``(n, dimensions)``.
    """

    numbers: npt.NDArray[np.int64]
    data: npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, slots=True)
class Vectors:
    """What an index loads.

    Attributes:
        progress: The number up to which the index knows all vectors once it has applied this.
        blocks: Vectors by number. Some may be of items that the index has them of already, and of
            items that it does not know yet: it is told these again.
        complete: Whether nothing more is to be had.
    """

    progress: int
    blocks: tuple[VectorBlock, ...]
    complete: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Unembedded:
    """What comes next to be embedded.

    Attributes:
        outdated: Whether another embedder was chosen meanwhile, so that nothing is to be done.
        progress: How far the user has come.
        numbers: The items' numbers, ascending.
        texts: Their texts.
    """

    outdated: bool
    progress: int
    numbers: tuple[int, ...]
    texts: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class EmbeddingProgress:
    """How far an embedder has come with the whole store.

    Attributes:
        embedded: How many items have a vector of it.
        waiting: How many are still to be embedded.
    """

    embedded: int
    waiting: int


class VectorStore(Protocol):
    """Keeps vectors, packed. All changes are durable when a call returns."""

    async def choose(self, identity: str, dimensions: int) -> int:
        """Make an embedder the one of this store; return the number that stands for it here.

        What others have made stays until this one has come as far, user by user.

        Args:
            identity: What tells it from any other.
            dimensions: The length of its vectors. The same identity with another length is another
                embedder.
        """
        ...

    async def unembedded(self, user_id: str, embedder: int, *, limit: int) -> Unembedded:
        """Return a user's next items without vectors, by number; none when all have been seen."""
        ...

    async def add(
        self, user_id: str, embedder: int, block: VectorBlock, *, since: int, progress: int
    ) -> bool:
        """Store vectors, and how far that brings the user.

        Items that are gone meanwhile are left out. Where the user's progress is no longer
        ``since``, or the embedder is outdated, nothing is stored: somebody else was here.

        Args:
            user_id: Whose.
            embedder: Whose vectors.
            block: The vectors; items up to ``progress`` that are not in it have none.
            since: The progress that was told with the texts.
            progress: The new one.

        Returns:
            Whether it was stored.
        """
        ...

    async def load(self, user_id: str, embedder: int, *, after: int, limit: int) -> Vectors:
        """Return the vectors of items with numbers above ``after``, ``limit`` blocks at most."""
        ...

    async def drop_others(self, user_id: str, embedder: int) -> None:
        """Remove a user's vectors that other embedders made."""
        ...

    async def behind(self, embedder: int, *, after: str, limit: int) -> list[str]:
        """Return users with items beyond their progress, by id, from the first after ``after``."""
        ...

    async def count(self, embedder: int) -> EmbeddingProgress:
        """Count over all users."""
        ...
