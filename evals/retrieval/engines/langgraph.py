"""LangGraph's in-memory store with semantic search."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from evals.retrieval.cases import Case, Question
from evals.vectors import CachedEmbedder

__all__ = ["LangGraph"]


class LangGraph:
    """One store for all cases, each of which is a namespace.

    Args:
        embedder: What gives texts their vectors.
    """

    def __init__(self, embedder: CachedEmbedder) -> None:
        self._embedder = embedder
        # Loaded by name: it is installed for evaluations only.
        store: Any = import_module("langgraph.store.memory").InMemoryStore
        self._store: Any = store(
            index={"dims": embedder.dimensions, "embed": self._embed, "fields": ["text"]}
        )
        self._asking = False

    async def _embed(self, texts: Sequence[str]) -> list[list[float]]:
        if self._asking:
            return [(await self._embedder.embed_query(text)).tolist() for text in texts]
        return (await self._embedder.embed_documents(texts)).tolist()

    async def ingest(self, cases: Sequence[Case]) -> None:
        """Put every turn under its id."""
        for case in cases:
            for turn in case.turns():
                await self._store.aput((case.name,), turn.id, {"text": turn.attributed})

    async def find(self, case: Case, question: Question, limit: int) -> list[str]:
        """Search the case's namespace."""
        self._asking = True
        found = await self._store.asearch((case.name,), query=question.text, limit=limit)
        return [item.key for item in found]

    async def aclose(self) -> None:
        """Do nothing."""
