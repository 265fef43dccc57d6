"""AgentScope's models as ReMe's: asked on the event loop that the call came from."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from remanence.backends.asking import Asked
from remanence.errors import BackendAnswerError, BackendError, BackendUnavailableError
from remanence.llm.agentscope import whole_answer
from remanence.remote.connections import with_fresh_connections
from remanence.remote.faults import translated

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.message import Msg
    from agentscope.model import ChatModelBase, ChatResponse

__all__ = ["Call", "current_call", "note_problem", "relayed_chat_model", "relayed_embedding_model"]

T = TypeVar("T")

_LOOK_SECONDS = 0.5
"""How often it is looked whether the event loop of the agent is still there."""


class Call:
    """A call of ReMe: where it came from, the models it asks, and what went wrong with them.

    ReMe goes on when a model fails, and says at most in its log that it did; so that is kept here.

    Args:
        chat_model: What extracts, if anything does.
        embedding_model: What embeds, if anything does.

    Attributes:
        chat_model: As given.
        embedding_model: As given.
        chat_error: Why the last call of the chat model failed, or ``None`` if it did not.
        embedding_error: As well for the embedding model.
        index_error: What could not be indexed, if anything could not.
    """

    def __init__(
        self,
        chat_model: ChatModelBase | None = None,
        embedding_model: EmbeddingModelBase[Any] | None = None,
    ) -> None:
        """Remember the running event loop."""
        self.chat_model = chat_model
        self.embedding_model = embedding_model
        self.chat_error: Exception | None = None
        self.embedding_error: Exception | None = None
        self.index_error: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """Let no model be waited for any longer; from any thread."""
        self._given_up.set()

    def lasting(self) -> Call:
        """Return a call from the same event loop for what goes on after this one."""
        lasting = copy.copy(self)
        lasting._given_up = threading.Event()
        return lasting

    async def ask(self, make: Callable[[], Awaitable[T]]) -> T:
        """Await something on the event loop that the call came from.

        Raises:
            BackendUnavailableError: That event loop ended, or nobody waits for it any longer.
            Exception: Whatever was raised.
        """
        self._check()
        asked = Asked(self._loop, lambda: with_fresh_connections(make))
        try:
            while not await asked.over(_LOOK_SECONDS):
                self._check()
        except BaseException:
            asked.cancel()
            raise
        return asked.result()

    def _check(self) -> None:
        if not self._loop.is_running():
            raise BackendUnavailableError("the event loop of the agent ended meanwhile")
        if self._given_up.is_set():
            raise BackendUnavailableError("nobody waited for it any longer")


current_call: ContextVar[Call] = ContextVar("remanence_reme_call")
"""The call that this code runs for."""


def note_problem(problem: str) -> None:
    """Let the call that is going on, if any is, tell what could not be indexed."""
    call = current_call.get(None)
    if call is not None:
        call.index_error = BackendError(problem)


def relayed_chat_model(model: ChatModelBase) -> ChatModelBase:
    """Return a copy of a model that asks the model of the call that is going on.

    The answer comes all at once. The model itself stays as it is.
    """
    from agentscope.model import ChatUsage

    async def call_api(
        model_name: str,
        messages: list[Msg],
        tools: Any = None,
        tool_choice: Any = None,
        **more: Any,
    ) -> ChatResponse:
        arguments = {"tools": tools, "tool_choice": tool_choice, **more}
        call = _call()
        asked = call.chat_model or model
        try:
            answer = await call.ask(lambda: whole_answer(asked, messages, arguments))
        except Exception as error:
            call.chat_error = translated(error, "the chat model")
            raise
        call.chat_error = None
        if answer.usage is None:  # ReMe would complain of that in its log, each time
            answer.usage = ChatUsage(input_tokens=0, output_tokens=0, time=0.0)
        return answer

    return _with(model, call_api, stream=False)


def relayed_embedding_model(model: EmbeddingModelBase[Any]) -> EmbeddingModelBase[Any]:
    """Return a copy of a model that asks the model of the call that is going on; as above."""

    async def call_api(inputs: list[Any], *more: Any, **named: Any) -> Any:
        call = _call()
        asked = call.embedding_model or model
        try:
            answer = await call.ask(lambda: asked(inputs))
            _check_sizes(answer.embeddings, model.dimensions)
        except Exception as error:
            call.embedding_error = translated(error, "the embedding model")
            raise
        call.embedding_error = None
        return answer

    return _with(model, call_api)


def _check_sizes(vectors: Iterable[Sequence[float]], size: int) -> None:
    other = {len(vector) for vector in vectors} - {size}
    if other:
        raise BackendAnswerError(
            f"gave vectors of size {other.pop()}, and says that their size is {size}"
        )


def _with(model: Any, call_api: Callable[..., Any], **settings: Any) -> Any:
    """Return a copy of a model that calls something else than its service."""
    relayed = copy.copy(model)
    settings = {"max_retries": 0, "_call_api": call_api, **settings}  # the model's own call retries
    for name, value in settings.items():
        setattr(relayed, name, value)
    return relayed


def _call() -> Call:
    try:
        return current_call.get()
    except LookupError as error:
        raise BackendError("ReMe asked for a model outside of any call") from error
