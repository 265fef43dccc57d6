"""A client of mem0 as a user makes one: with models of mem0's own kind that need no key."""

from __future__ import annotations

import dataclasses
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from agentscope.message import Msg, TextBlock
from mem0 import AsyncMemory
from mem0.configs.base import MemoryConfig
from mem0.configs.llms.base import BaseLlmConfig
from mem0.embeddings.base import EmbeddingBase
from mem0.embeddings.configs import EmbedderConfig
from mem0.llms.base import LLMBase
from mem0.llms.configs import LlmConfig
from mem0.utils.factory import EmbedderFactory, LlmFactory

from remanence.testing.extracting import verbatim_facts

__all__ = ["Added", "HearingMemory", "made_client"]

_DIMENSIONS = 2_048
"""In fewer, words that have nothing in common are near by accident."""
_WORD = re.compile(r"\w+")


class VerbatimLLM(LLMBase):
    """Answers with each message of the exchange as a fact of its own, word for word."""

    def generate_response(self, messages: list[dict[str, str]], **_: Any) -> str:
        asked = [
            Msg(name="mem0", role="user", content=[TextBlock(text=message["content"])])
            for message in messages
        ]
        return verbatim_facts(asked)


class WordEmbedder(EmbeddingBase):
    """Puts texts that share words near each other."""

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        del memory_action
        words = sorted(set(_WORD.findall(text.casefold()))) or [text]
        total = np.sum([_direction(word) for word in words], axis=0)
        return (total / np.linalg.norm(total)).tolist()


def _direction(word: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    random = np.random.default_rng(zlib.crc32(word.encode()))
    return random.choice(np.array([-1.0, 1.0]), _DIMENSIONS)


@dataclasses.dataclass(frozen=True, slots=True)
class Added:
    """What mem0 was given in one call, and took."""

    user_id: str
    messages: Sequence[dict[str, str]]
    metadata: dict[str, str]


class HearingMemory(AsyncMemory):
    """mem0's open source client, which remembers what it was given.

    Attributes:
        heard: What it was given, in order, as far as it kept it.
    """

    heard: list[Added]

    async def add(self, messages: Any, **arguments: Any) -> Any:
        result = await super().add(messages, **arguments)
        self.heard.append(Added(arguments["user_id"], messages, arguments.get("metadata") or {}))
        return result

    async def forget(self, user_id: str) -> None:
        """Delete all of a user's memories, one after the other."""
        found = await self.get_all(filters={"user_id": user_id}, top_k=999)
        for memory in found["results"]:
            await self.delete(memory["id"])
        self.heard = [added for added in self.heard if added.user_id != user_id]

    def let_go(self) -> None:
        """Close its files."""
        self.close()
        self.vector_store.client.close()


def made_client(folder: Path) -> HearingMemory:
    """Make a client that stores in a folder."""
    LlmFactory.register_provider("verbatim", f"{__name__}.VerbatimLLM", BaseLlmConfig)
    EmbedderFactory.provider_to_class["words"] = f"{__name__}.WordEmbedder"
    folder.mkdir(parents=True)
    config = MemoryConfig.model_validate(
        {
            "vector_store": {
                "provider": "qdrant",
                "config": {"path": str(folder / "qdrant"), "embedding_model_dims": _DIMENSIONS},
            },
            "history_db_path": str(folder / "history.db"),
        }
    ).model_copy(
        update={
            "llm": LlmConfig.model_construct(provider="verbatim", config={}),
            "embedder": EmbedderConfig.model_construct(provider="words", config={}),
        }
    )
    client = HearingMemory(config)
    client.heard = []
    return client
