"""AgentScope's models as mem0's: the models of the call that is going on.

mem0 makes these classes once for each store. Which models they ask is not theirs to know: several
agents may share the store, each with models of its own.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Sequence
from typing import TYPE_CHECKING, Any

from mem0.embeddings.base import EmbeddingBase
from mem0.llms.base import LLMBase

from remanence.backends.mem0.calling import Abort, Call, current_call
from remanence.backends.mem0.extraction import facts_of
from remanence.errors import BackendAnswerError, BackendError, DimensionError, MissingExtraError

try:
    from agentscope.message import Msg, TextBlock
except ImportError as error:
    raise MissingExtraError("agentscope", "mem0 with AgentScope's models") from error

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase, ChatResponse

__all__ = ["AgentScopeEmbedder", "AgentScopeLLM"]


class AgentScopeLLM(LLMBase):
    """Asks the chat model of the call that is going on."""

    def generate_response(
        self,
        messages: Sequence[dict[str, str]],
        tools: object = None,
        tool_choice: str = "auto",
        response_format: object = None,
        **kwargs: object,
    ) -> str:
        """Return the model's answer: its text, without what it thought.

        Where JSON is asked for, as for facts, it is JSON that mem0 understands.

        Raises:
            Abort: The model failed, or its answer is of no use.
        """
        call = _call()
        try:
            answer = call.ask(lambda: _answer(_chat_model(call), messages))
            if response_format is None:
                return answer
            facts = facts_of(answer)
        except Exception as error:  # mem0 must not go on without it; counted where it is caught
            raise Abort(error) from error
        call.facts = len(facts)
        return json.dumps({"memory": facts})


class AgentScopeEmbedder(EmbeddingBase):
    """Asks the embedding model of the call that is going on."""

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        """Return the vector of a text; as for several."""
        return self.embed_batch([text])[0]

    def embed_batch(
        self, texts: Sequence[str], memory_action: str | None = "add"
    ) -> list[list[float]]:
        """Return the vectors of texts, in their order.

        Raises:
            Abort: The model failed, or its vectors are of no use.
        """
        if not texts:
            return []
        call = _call()
        try:
            model = _embedding_model(call)
            vectors = call.ask(lambda: _vectors(model, texts))
            _check(vectors, len(texts), self.config.embedding_dims)
        except Exception as error:  # as above
            raise Abort(error) from error
        return vectors


def _call() -> Call:
    try:
        return current_call.get()
    except LookupError as error:
        raise Abort(BackendError("mem0 asked for a model outside of any call")) from error


def _chat_model(call: Call) -> ChatModelBase:
    if call.chat_model is None:
        raise BackendError("mem0 asked for a chat model, and none was given")
    return call.chat_model


def _embedding_model(call: Call) -> EmbeddingModelBase[Any]:
    if call.embedding_model is None:
        raise BackendError("mem0 asked for an embedding model, and none was given")
    return call.embedding_model


async def _answer(model: ChatModelBase, messages: Sequence[dict[str, str]]) -> str:
    response = await model([_message(message["role"], message["content"]) for message in messages])
    last: ChatResponse | None = None
    if isinstance(response, AsyncIterable):
        async for piece in response:
            last = piece  # the last one is complete
    else:
        last = response
    if last is None:
        raise BackendAnswerError("the chat model answered nothing")
    return "".join(block.text for block in last.content if isinstance(block, TextBlock))


def _message(role: str, text: str) -> Msg:
    match role:
        case "system" | "user" | "assistant":
            return Msg(name=role, role=role, content=[TextBlock(text=text)])
        case _:
            raise BackendError(f"mem0 asked a model with a message of role {role!r}")


async def _vectors(model: EmbeddingModelBase[Any], texts: Sequence[str]) -> list[list[float]]:
    response = await model(list(texts))
    return response.embeddings


def _check(vectors: Sequence[Sequence[float]], amount: int, dimensions: int | None) -> None:
    if len(vectors) != amount:
        raise BackendAnswerError(
            f"the embedding model returned {len(vectors)} vectors for {amount} texts"
        )
    for vector in vectors:
        if dimensions is not None and len(vector) != dimensions:
            raise DimensionError(
                f"the embedding model returned a vector of {len(vector)} numbers, and the store "
                f"keeps vectors of {dimensions}"
            )
