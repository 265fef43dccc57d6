"""mem0's ``AsyncMemory`` over Qdrant on disk, each turn stored as it is (``infer=False``).

mem0 adds a search by keywords where ``fastembed`` is installed and may download its word lists;
without it, as here, it searches by vectors alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from evals.perf.mem0.bare import be_quiet, opened
from evals.retrieval.cases import Case, Question
from evals.vectors import CachedEmbedder

__all__ = ["Mem0"]


class _Embedder:
    """An embedder as mem0 wants one, which it asks in threads of its own."""

    def __init__(self, embedder: CachedEmbedder) -> None:
        self._embedder = embedder

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        known = self._embedder.known(text)
        if known is not None:
            return known.tolist()
        if memory_action == "search":
            return asyncio.run(self._embedder.embed_query(text)).tolist()
        return self.embed_batch([text])[0]

    def embed_batch(self, texts: list[str], memory_action: str | None = None) -> list[list[float]]:
        del memory_action
        return asyncio.run(self._embedder.embed_documents(texts)).tolist()


class Mem0:
    """One memory for all cases, each of which is a user.

    Args:
        folder: Where its files go.
        embedder: What gives texts their vectors.
    """

    def __init__(self, folder: Path, embedder: CachedEmbedder) -> None:
        be_quiet(folder / "home")
        self._open = ExitStack()
        self._memory: Any = self._open.enter_context(opened(folder / "store"))
        self._memory.embedding_model = _Embedder(embedder)
        self._turns: dict[str, str] = {}

    async def ingest(self, cases: Sequence[Case]) -> None:
        """Add session by session; mem0 keeps every message as a memory."""
        for case in cases:
            for session in case.sessions:
                said = [{"role": turn.role, "content": turn.attributed} for turn in session.turns]
                answer = await self._memory.add(
                    said, user_id=case.name, run_id=session.id, infer=False
                )
                for turn, stored in zip(session.turns, answer["results"], strict=True):
                    assert stored["memory"] == turn.attributed
                    self._turns[stored["id"]] = turn.id

    async def find(self, case: Case, question: Question, limit: int) -> list[str]:
        """Search with any score: mem0 leaves out those below 0.1 unless told."""
        answer = await self._memory.search(
            question.text, filters={"user_id": case.name}, top_k=limit, threshold=0.0
        )
        return [self._turns[found["id"]] for found in answer["results"]]

    async def aclose(self) -> None:
        """Close the store."""
        self._open.close()
