"""AgentScope's chat models as what the engine asks."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any, cast

from remanence.errors import BackendAnswerError, BackendError
from remanence.llm.protocol import Completion, Question, Usage
from remanence.llm.words import in_words, object_in
from remanence.remote.connections import with_fresh_connections
from remanence.remote.faults import translated

if TYPE_CHECKING:
    from agentscope.message import Msg
    from agentscope.model import ChatModelBase, ChatResponse, StructuredResponse

__all__ = ["AgentScopeChatModel", "whole_answer"]

_TOOL = "generate_structured_output"
"""What AgentScope calls the tool whose arguments are the answer."""

_ABOUT_TOOLS = re.compile("tool|function|StructuredOutputError", re.IGNORECASE)
"""In an error, that a model, or what serves it, can't call tools, or not as it was asked to."""


class AgentScopeChatModel:
    """Asks a model of AgentScope; a :class:`~remanence.llm.protocol.ChatModel`.

    The model is asked as AgentScope asks for structured output: it has to call a tool whose
    arguments are the answer. If it calls none, or if no tools are served, it is asked once more in
    words, with the schema in the question; if it answers that, it is asked in words from then on,
    until such an answer is no JSON. What is wrong with an answer is not repaired, as AgentScope
    does: a fact that breaks off in the middle would pass for a whole one.

    The model is called on the event loop of whoever asks. A connection that another event loop left
    in the model's client is given up and made anew. How often a call is tried is the model's
    ``max_retries``.

    Args:
        model: The model, streaming or not. It stays the caller's to close.
    """

    def __init__(self, model: ChatModelBase) -> None:
        """Keep the model."""
        self._model = model
        self._in_words = False

    @property
    def identity(self) -> str:
        """The model's class and name."""
        return f"agentscope:{type(self._model).__name__}:{self._model.model}"

    async def ask(self, question: Question) -> Completion:
        """Return the answer; see the protocol.

        Raises:
            BackendUnavailableError: The model can't be reached, or lets nobody in.
            BackendRefusedError: It will never answer this.
            BackendAnswerError: What it answered is no JSON object.
            BackendError: It failed for another reason.
        """
        calls = _Calls(self._model)
        try:
            return Completion(await self._answer(question, calls), calls.usage)
        except Exception as error:
            ours = translated(error, _who(error))
            if ours is error:
                raise
            raise ours from error

    async def _answer(self, question: Question, calls: _Calls) -> dict[str, Any]:
        """Return the answer, asked for in the way that has led to one."""
        from agentscope.model import ChatResponse

        if self._in_words:
            return await self._said(question, calls)
        calling = False
        try:
            answer = await self._called(question, calls)
            if not isinstance(answer, ChatResponse):
                return cast("Any", answer).content
            arguments = _arguments(answer)
            calling = arguments is not None
            return object_in(_text(answer) if arguments is None else arguments)
        except BackendAnswerError:
            pass
        except Exception as error:
            if not _ABOUT_TOOLS.search(f"{type(error).__name__}: {error}"):
                raise
        said = await self._said(question, calls)
        self._in_words = not calling
        return said

    async def _called(self, question: Question, calls: _Calls) -> ChatResponse | StructuredResponse:
        """Ask for a call of the tool.

        Returns:
            What the model answered; or what its class made of that, if it asks in a way of its own.
        """
        listening = _listening(calls)
        schema = copy.deepcopy(dict(question.schema))
        try:
            return await listening.generate_structured_output(  # pyright: ignore[reportUnknownMemberType] - takes a dict of anything
                _messages(question, question.text), schema
            )
        except _Heard as heard:
            return heard.response

    async def _said(self, question: Question, calls: _Calls) -> dict[str, Any]:
        response = await calls.make(_messages(question, in_words(question)))
        try:
            return object_in(_text(response))
        except BackendAnswerError:
            self._in_words = False
            raise


def _who(error: Exception) -> str:
    """Return what failed; with the error's class if its text alone, as a mere key, says nothing."""
    text = str(error)
    says_nothing = isinstance(error, LookupError) or len(text.split()) == 1
    named = f": {type(error).__name__}" if text and says_nothing else ""
    return f"the chat model{named}"


class _Calls:
    """The calls that one question takes.

    Args:
        model: What is called.

    Attributes:
        model: What is called.
        usage: What they cost so far.
    """

    def __init__(self, model: ChatModelBase) -> None:
        self.model = model
        self.usage = Usage(calls=0)

    async def make(self, messages: list[Msg], **arguments: Any) -> ChatResponse:
        """Call the model, and return its whole answer."""
        self.usage = Usage(self.usage.input_tokens, self.usage.output_tokens, self.usage.calls + 1)
        response = await with_fresh_connections(
            lambda: whole_answer(self.model, messages, arguments)
        )
        if response.usage is not None:
            self.usage = Usage(
                self.usage.input_tokens + response.usage.input_tokens,
                self.usage.output_tokens + response.usage.output_tokens,
                self.usage.calls,
            )
        return response


class _Heard(BaseException):
    """Carries a model's answer past AgentScope, which would repair it, or ask again. No error.

    Attributes:
        response: The answer.
    """

    def __init__(self, response: ChatResponse) -> None:
        super().__init__()
        self.response = response


def _listening(calls: _Calls) -> ChatModelBase:
    """Return the model in a form in which what it is answered is raised.

    So AgentScope finds out how its model has to be asked for structured output, and what came is
    here, as it came, with what it cost. The model itself is left as it is.
    """

    async def call_api(
        model_name: str,
        messages: list[Msg],
        tools: Any = None,
        tool_choice: Any = None,
        **more: Any,
    ) -> ChatResponse:
        raise _Heard(await calls.make(messages, tools=tools, tool_choice=tool_choice, **more))

    listening = copy.copy(calls.model)
    listening.max_retries = 0  # the model's own call does that
    listening.stream = False
    listening._call_api = call_api  # pyright: ignore[reportPrivateUsage] - what a model's class has to define
    return listening


async def whole_answer(
    model: ChatModelBase, messages: list[Msg], arguments: dict[str, Any]
) -> ChatResponse:
    """Call a model, and return its answer when that is complete.

    Raises:
        BackendAnswerError: There is none.
        BackendError: The call ended early, and nobody cancelled it.
    """
    response = await model(messages, **arguments)
    whole: ChatResponse | None = None
    if isinstance(response, AsyncIterable):
        async for piece in response:
            whole = piece  # the last one is complete
    else:
        whole = response
    if whole is None:
        raise BackendAnswerError("the chat model answered nothing")
    if _is_interrupted(whole):
        # Whoever is cancelled during a call is given what came until then, as if all were well.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
        raise BackendError("the chat model: the call was interrupted")
    return whole


def _is_interrupted(response: ChatResponse) -> bool:
    try:
        return response.finished_reason == "interrupted"
    except (AttributeError, KeyError):  # older versions don't tell, nor end a call like this
        return False


def _messages(question: Question, text: str) -> list[Msg]:
    from agentscope.message import Msg, TextBlock

    return [
        Msg(name="system", role="system", content=[TextBlock(text=_sendable(question.system))]),
        Msg(name="user", role="user", content=[TextBlock(text=_sendable(text))]),
    ]


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")  # no client can send a surrogate


def _arguments(response: ChatResponse) -> str | None:
    """Return with what the tool was called, or ``None`` if it was not."""
    from agentscope.message import ToolCallBlock

    for block in response.content:
        if isinstance(block, ToolCallBlock) and block.name == _TOOL:
            return block.input
    return None


def _text(response: ChatResponse) -> str:
    """Return what was said, without what was thought."""
    from agentscope.message import TextBlock

    return "".join(block.text for block in response.content if isinstance(block, TextBlock))
