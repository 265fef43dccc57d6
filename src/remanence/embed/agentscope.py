"""AgentScope's embedding models as embedders."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from remanence.embed.vectors import check_vectors
from remanence.remote.connections import with_fresh_connections
from remanence.remote.faults import translated

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase

__all__ = ["AgentScopeEmbedder"]

_DIGEST_CHARS = 12


class AgentScopeEmbedder:
    """Embeds with a model of AgentScope; an :class:`~remanence.embed.protocol.Embedder`.

    The model is called on the event loop of whoever needs a vector. A connection that another event
    loop left in the model's client is given up and made anew, so that a model may serve an agent in
    one event loop and the background's work in another. In AgentScope 2.0.3, its models for
    DashScope and Gemini block the event loop during a call; later ones don't.

    A text is cut after as many characters as the model takes tokens, so that none is refused for
    its length.

    Args:
        model: The model. It stays the caller's to close.
        query_prefix: What the model wants in front of a question.
        document_prefix: What the model wants in front of a text that is stored.
    """

    def __init__(
        self, model: EmbeddingModelBase[Any], *, query_prefix: str = "", document_prefix: str = ""
    ) -> None:
        """Keep the model."""
        self._model = model
        self._query_prefix = query_prefix
        self._document_prefix = document_prefix

    @property
    def identity(self) -> str:
        """The model's class, name and size, and a digest of what else is set, if anything is."""
        model = self._model
        name = f"agentscope:{type(model).__name__}:{model.model}:{model.dimensions}"
        settings: dict[str, object] = {
            key: value
            for key, value in model.parameters.model_dump(mode="json").items()
            if value is not None
        }
        settings |= {
            key: value
            for key, value in (
                ("query_prefix", self._query_prefix),
                ("document_prefix", self._document_prefix),
            )
            if value
        }
        if not settings:
            return name
        text = json.dumps(settings, sort_keys=True, default=str)
        return f"{name}:{hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARS]}"

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        return self._model.dimensions

    @property
    def batch(self) -> int:
        """How many texts the model takes at once."""
        return max(1, self._model.batch_size)

    async def prepare(self) -> None:
        """Do nothing: the model is ready."""

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the vectors of texts that are stored; see the protocol.

        The model is asked for one batch after the other.

        Raises:
            BackendUnavailableError: The model can't be reached, or lets nobody in.
            BackendRefusedError: It will never embed one of these.
            BackendAnswerError: What it answered are not vectors, or not as many as texts.
            BackendError: It failed for another reason.
        """
        inputs = [self._input(self._document_prefix, text) for text in texts]
        parts = [
            await self._vectors(inputs[begin : begin + self.batch])
            for begin in range(0, len(inputs), self.batch)
        ]
        return np.concatenate([np.zeros((0, self.dimensions), np.float32), *parts])

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Return the vector of a question; errors are those of :meth:`embed_documents`."""
        return (await self._vectors([self._input(self._query_prefix, text)]))[0]

    def _input(self, prefix: str, text: str) -> str:
        # Where a text is cut is not worth a tokenizer: a token is seldom less than a character.
        whole = f"{prefix}{text}"[: max(1, self._model.context_size)]
        return whole.encode("utf-8", "replace").decode("utf-8")  # no client can send a surrogate

    async def _vectors(self, inputs: list[str]) -> npt.NDArray[np.float32]:
        try:
            response = await with_fresh_connections(lambda: self._model(inputs))
            answer: object = response.embeddings
            return check_vectors(answer, count=len(inputs), dimensions=self.dimensions)
        except Exception as error:
            ours = translated(error, "the embedding model")
            if ours is error:
                raise
            raise ours from error
