"""mem0's own ``AsyncMemory`` on a folder of this machine, without a key and without telemetry."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from remanence.testing.embedding import ScriptedEmbeddingModel

__all__ = ["DIMENSIONS", "LocalEmbedder", "be_quiet", "configuration", "opened"]

DIMENSIONS = 384


def be_quiet(folder: Path) -> None:
    """Turn mem0's telemetry off, and keep what it writes at import in a folder.

    Both are read when mem0 is first imported: call this before.
    """
    os.environ["MEM0_TELEMETRY"] = "False"
    os.environ["MEM0_DIR"] = str(folder)
    # What fails is counted and reported; AgentScope tells of every call.
    logging.getLogger("mem0").setLevel(logging.CRITICAL)
    logging.getLogger("as").setLevel(logging.WARNING)


def configuration(folder: Path) -> Any:
    """Return a ``MemoryConfig`` with the store and the history in a folder."""
    from mem0.configs.base import MemoryConfig

    folder.mkdir(parents=True, exist_ok=True)
    store = {"path": str(folder / "qdrant"), "embedding_model_dims": DIMENSIONS}
    # A key is asked for where mem0 makes its models; nothing is ever sent with this one.
    model = {"provider": "openai", "config": {"api_key": "unused"}}
    return MemoryConfig.model_validate(
        {
            "vector_store": {"provider": "qdrant", "config": store},
            "llm": model,
            "embedder": model,
            "history_db_path": str(folder / "history.db"),
        }
    )


class LocalEmbedder:
    """An embedder of mem0's, around the same function as the scripted embedding model."""

    def __init__(self) -> None:
        self._model = ScriptedEmbeddingModel(DIMENSIONS)
        self._known: dict[str, list[float]] = {}

    def learn(self, texts: list[str]) -> None:
        """Embed texts beforehand, so that embedding them takes no time later."""
        self._known.update(zip(texts, self.embed_batch(texts), strict=True))

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        """Return a text's vector, as mem0 asks for it: in one of its threads."""
        del memory_action
        known = self._known.get(text)
        return self.embed_batch([text])[0] if known is None else known

    def embed_batch(self, texts: list[str], memory_action: str | None = None) -> list[list[float]]:
        """Return the texts' vectors."""
        del memory_action
        self._model.calls.clear()
        return asyncio.run(self._model(texts)).embeddings


@contextmanager
def opened(folder: Path) -> Generator[Any]:
    """Open an ``AsyncMemory`` on a folder, and close all of it at the end."""
    from mem0 import AsyncMemory

    memory: Any = AsyncMemory(configuration(folder))
    memory.embedding_model = LocalEmbedder()
    try:
        yield memory
    finally:
        with contextlib.suppress(Exception):  # a store that writes have broken may not close
            memory.close()
        memory.vector_store.client.close()
