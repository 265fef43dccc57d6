"""An embedder that needs no model: texts that share words, or synonyms, are near one another."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["ScriptedEmbedder"]

_WORD = re.compile(r"\w+")

Floats = npt.NDArray[np.float32]


class ScriptedEmbedder:
    """Turns texts into unit vectors by their words; fulfils :class:`remanence.embed.Embedder`.

    Each word points into a direction of its own, which its hash and the identity determine; a
    text's vector is the sum of its words', at length 1.

    Args:
        identity: Another one gives other vectors.
        dimensions: Their length.
        batch: How many texts one call takes.
        synonyms: Words that are to be understood as others, in lower case.
        script: Called with the texts of each call; what it returns is raised, unless ``None``.

    Attributes:
        calls: The texts of every call so far, questions included.
    """

    def __init__(
        self,
        identity: str = "scripted",
        *,
        dimensions: int = 64,
        batch: int = 32,
        synonyms: Mapping[str, str] | None = None,
        script: Callable[[Sequence[str]], Exception | None] = lambda _: None,
    ) -> None:
        """Keep the script."""
        self.identity = identity
        self.dimensions = dimensions
        self.batch = batch
        self.calls: list[list[str]] = []
        self._synonyms = dict(synonyms or {})
        self._script = script

    async def prepare(self) -> None:
        """There is nothing to load."""

    async def embed_documents(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of texts, one a row."""
        self.calls.append(list(texts))
        error = self._script(texts)
        if error is not None:
            raise error
        found = np.array([self._vector(text) for text in texts], np.float32)
        return found.reshape(-1, self.dimensions)

    async def embed_query(self, text: str) -> Floats:
        """Return a question's vector."""
        return (await self.embed_documents([text]))[0]

    def _vector(self, text: str) -> Floats:
        said = [str(self._synonyms.get(word, word)) for word in _WORD.findall(text.lower())]
        total = np.sum([self._direction(word) for word in said or [text]], axis=0)
        length = float(np.linalg.norm(total)) or 1.0
        return (total / length).astype(np.float32)

    def _direction(self, word: str) -> npt.NDArray[np.float64]:
        digest = hashlib.sha256(f"{self.identity}\n{word}".encode("utf-8", "surrogatepass"))
        random = np.random.default_rng(int.from_bytes(digest.digest()[:8], "big"))
        return random.standard_normal(self.dimensions)
