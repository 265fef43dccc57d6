"""Vectors in tables, over the threads of the store that has them."""

from __future__ import annotations

from remanence.store.relational import vectors as work
from remanence.store.relational.database import Runs
from remanence.store.vectors import EmbeddingProgress, Unembedded, VectorBlock, Vectors

__all__ = ["RelationalVectors"]


class RelationalVectors:
    """Keeps vectors in a store's tables; fulfils :class:`remanence.store.vectors.VectorStore`.

    Calls may come from any event loop, while the store is open.

    Args:
        write: Runs work in a write transaction.
        read: Runs work that reads.
    """

    def __init__(self, *, write: Runs, read: Runs) -> None:
        """Keep the ways to the store's threads."""
        self._write = write
        self._read = read

    async def choose(self, identity: str, dimensions: int) -> int:
        """Choose an embedder; see :class:`~remanence.store.vectors.VectorStore`."""
        return await self._write(work.choose, identity, dimensions)

    async def unembedded(self, user_id: str, embedder: int, *, limit: int) -> Unembedded:
        """Return what comes next; see :class:`~remanence.store.vectors.VectorStore`."""
        return await self._read(work.unembedded, user_id, embedder, limit)

    async def add(
        self, user_id: str, embedder: int, block: VectorBlock, *, since: int, progress: int
    ) -> bool:
        """Store vectors; see :class:`~remanence.store.vectors.VectorStore`."""
        return await self._write(work.add, user_id, embedder, block, since, progress, holds=user_id)

    async def load(self, user_id: str, embedder: int, *, after: int, limit: int) -> Vectors:
        """Return vectors; see :class:`~remanence.store.vectors.VectorStore`."""
        return await self._read(work.load, user_id, embedder, after, limit)

    async def drop_others(self, user_id: str, embedder: int) -> None:
        """Remove others' vectors; see :class:`~remanence.store.vectors.VectorStore`."""
        if await self._read(work.has_others, user_id, embedder):
            await self._write(work.drop_others, user_id, embedder, holds=user_id)

    async def behind(self, embedder: int, *, after: str, limit: int) -> list[str]:
        """Return who is behind; see :class:`~remanence.store.vectors.VectorStore`."""
        return await self._read(work.behind, embedder, after, limit)

    async def count(self, embedder: int) -> EmbeddingProgress:
        """Count over all users; see :class:`~remanence.store.vectors.VectorStore`."""
        return await self._read(work.count, embedder)
