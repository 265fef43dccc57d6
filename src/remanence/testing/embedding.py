"""An embedding model that needs no key: texts that share words are near one another."""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from remanence.errors import MissingExtraError

try:
    from agentscope.credential import CredentialBase
except ImportError as error:
    raise MissingExtraError("agentscope", "An embedding model for AgentScope") from error

from agentscope.embedding import EmbeddingModelBase, EmbeddingResponse, EmbeddingUsage

__all__ = ["Embedded", "ScriptedEmbeddingModel"]

Embedded = BaseException | list[list[float]] | None
"""What a call does instead: an exception to raise, or vectors to return; ``None`` for nothing."""

# One word each where a script writes words apart, and one character each where it does not.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff]+")


class ScriptedEmbeddingModel(EmbeddingModelBase[str]):
    """Turns texts into unit vectors by their words, always the same ones.

    Each word points into a direction of its own, made of its hash; a text's vector is the sum of
    its words', at length 1. So the product of two texts' vectors is near the share of words that
    they have in common, the nearer the more dimensions there are; a text without words points into
    a direction of its own.

    Args:
        dimensions: The vectors' size.
        script: What goes wrong: exceptions to raise, vectors to return in place of the right ones,
            or ``None``, one a call, after which nothing goes wrong any more; or a function that is
            given the texts and returns one of these.
        delay: Seconds before each answer.
        batch_size: How many texts one call takes at most; more become several calls.

    Attributes:
        calls: The texts of every call so far.
    """

    def __init__(
        self,
        dimensions: int = 64,
        *,
        script: Iterable[Embedded] | Callable[[list[str]], Embedded] = (),
        delay: float = 0.0,
        batch_size: int = 64,
    ) -> None:
        """Keep the script."""
        super().__init__(
            credential=CredentialBase(),
            model="scripted",
            dimensions=dimensions,
            parameters=None,
            context_size=8_192,
            batch_size=batch_size,
            max_retries=0,
            retry_delay=0.0,
        )
        self._delay = delay
        self._script: Callable[[list[str]], Embedded]
        if callable(script):
            self._script = script
        else:
            planned = iter(script)
            self._script = lambda _: next(planned, None)
        self.calls: list[list[str]] = []

    async def _call_api(self, inputs: list[str], **kwargs: Any) -> EmbeddingResponse:
        self.calls.append(list(inputs))
        planned = self._script(inputs)
        if self._delay:
            await asyncio.sleep(self._delay)
        if isinstance(planned, BaseException):
            raise planned
        vectors = [self._vector(text) for text in inputs] if planned is None else planned
        usage = EmbeddingUsage(time=self._delay, tokens=sum(len(text.split()) for text in inputs))
        return EmbeddingResponse(embeddings=vectors, usage=usage)

    def _vector(self, text: str) -> list[float]:
        words = sorted(set(_WORD.findall(text.casefold()))) or [text]
        directions = [_direction(word, self.dimensions) for word in words]
        total = [math.fsum(parts) for parts in zip(*directions, strict=True)]
        if not any(total):  # the words cancel one another out, as they may in few dimensions
            total = _direction(text, self.dimensions)
        length = math.sqrt(math.fsum(part * part for part in total))
        return [part / length for part in total]


def _direction(word: str, dimensions: int) -> list[float]:
    """Return a direction with a part of 1 or -1 in each dimension, as the word's hash has it."""
    bits = hashlib.shake_256(word.encode("utf-8", "surrogatepass")).digest(dimensions // 8 + 1)
    return [1.0 if bits[place // 8] >> place % 8 & 1 else -1.0 for place in range(dimensions)]
