"""An embedder that costs next to nothing, for measuring what is around one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["MadeUpEmbedder"]

_DIRECTIONS = 4_096


class MadeUpEmbedder:
    """Gives each text a unit vector made of its hash: always the same, near to no other one's.

    Args:
        dimensions: The vectors' size.
    """

    def __init__(self, dimensions: int = 384) -> None:
        self._dimensions = dimensions
        random = np.random.default_rng(5)
        self._directions = random.standard_normal((_DIRECTIONS, dimensions), np.float32)

    @property
    def identity(self) -> str:
        """What names it."""
        return f"made-up:{self._dimensions}"

    @property
    def dimensions(self) -> int:
        """How long a vector is."""
        return self._dimensions

    @property
    def batch(self) -> int:
        """How many texts it likes at once."""
        return 256

    async def prepare(self) -> None:
        """Do nothing."""

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the texts' vectors."""
        digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
        chosen = np.frombuffer(digests, np.uint16).reshape(len(texts), 4) % _DIRECTIONS
        sums = self._directions[chosen].sum(axis=1)
        return sums / np.linalg.norm(sums, axis=1, keepdims=True)

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Return a question's vector."""
        return (await self.embed_documents([text]))[0]
