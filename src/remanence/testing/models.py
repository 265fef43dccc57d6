"""Chat models that need no key: for tests, and for the demonstration."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Any

from remanence.errors import MissingExtraError

try:
    from agentscope.credential import CredentialBase
except ImportError as error:
    raise MissingExtraError("agentscope", "A chat model for AgentScope agents") from error

from agentscope.formatter import OpenAIChatFormatter
from agentscope.message import HintBlock, Msg, TextBlock, ToolCallBlock
from agentscope.model import ChatModelBase, ChatResponse
from pydantic import BaseModel

__all__ = ["QuotingChatModel", "ScriptedChatModel", "noted_lines", "structured"]

Answer = str | BaseException | Sequence[TextBlock | ToolCallBlock]
Answering = Callable[[list[Msg]], Answer | Awaitable[Answer]]


class _NoParameters(BaseModel):
    """A model that has nothing to set."""


class _LocalChatModel(ChatModelBase):
    """A model that computes its answers here."""

    def __init__(self, name: str, *, stream: bool, context_size: int, pause: float = 0.0) -> None:
        super().__init__(
            credential=CredentialBase(),
            model=name,
            parameters=_NoParameters(),
            stream=stream,
            max_retries=0,
            context_size=context_size,
        )
        self.formatter = OpenAIChatFormatter()
        self._pause = pause

    def _respond(
        self, blocks: Sequence[TextBlock | ToolCallBlock]
    ) -> ChatResponse | AsyncGenerator[ChatResponse, None]:
        complete = ChatResponse(content=list(blocks), is_last=True)
        return self._streamed(blocks, complete) if self.stream else complete

    async def _streamed(
        self, blocks: Sequence[TextBlock | ToolCallBlock], complete: ChatResponse
    ) -> AsyncGenerator[ChatResponse, None]:
        for piece in _pieces(blocks):
            yield ChatResponse(content=[piece], is_last=False)
            if self._pause:
                await asyncio.sleep(self._pause)
        yield complete


def _pieces(
    blocks: Sequence[TextBlock | ToolCallBlock],
) -> Iterator[TextBlock | ToolCallBlock]:
    for block in blocks:
        if isinstance(block, TextBlock):
            for word in re.findall(r"\s*\S+|\s+$", block.text):
                yield TextBlock(text=word)
        else:
            yield block


class ScriptedChatModel(_LocalChatModel):
    """Gives the answers it was given, one a call, and keeps what it was asked.

    Args:
        answers: Texts, blocks (for tool calls), exceptions to raise, or functions that are given
            the messages and return one of these; or one such function for all calls. A function
            may be a coroutine function. When the answers run out, it says so.
        stream: Whether to answer word by word.
        context_size: The context's size, in tokens.
        delay: Seconds before each answer.
        pause: Seconds after each word of an answer that is given word by word.

    Attributes:
        calls: The messages of every call so far.
    """

    def __init__(
        self,
        answers: Iterable[Answer | Answering] | Answering = (),
        *,
        stream: bool = True,
        context_size: int = 32_768,
        delay: float = 0.0,
        pause: float = 0.0,
    ) -> None:
        """Keep the script."""
        super().__init__("scripted", stream=stream, context_size=context_size, pause=pause)
        self._delay = delay
        self._next: Callable[[], Answer | Answering]
        if callable(answers):
            self._next = lambda: answers
        else:
            script = iter(answers)
            self._next = lambda: next(script, "(the script has no more answers)")
        self.calls: list[list[Msg]] = []

    async def _answer(self, messages: list[Msg]) -> Answer:
        planned = self._next()
        if self._delay:
            await asyncio.sleep(self._delay)
        if not callable(planned):
            return planned
        answer = planned(messages)
        return await answer if inspect.isawaitable(answer) else answer

    async def _call_api(
        self,
        model_name: str,
        messages: list[Msg],
        tools: list[dict[str, Any]] | None = None,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> ChatResponse | AsyncGenerator[ChatResponse, None]:
        self.calls.append([message.model_copy(deep=True) for message in messages])
        answer = await self._answer(messages)
        if isinstance(answer, BaseException):
            raise answer
        return self._respond([TextBlock(text=answer)] if isinstance(answer, str) else answer)


class QuotingChatModel(_LocalChatModel):
    """Understands nothing: asked a question, it quotes from the memory note that it was given.

    Of the note's lines it takes the one that shares most words with the question, and of several
    such lines the last; if that line asks something itself, the line after it as well. Without a
    note it says that it has no memory of that, and to what is no question only "Noted."
    """

    def __init__(self, *, stream: bool = True) -> None:
        """Make the model."""
        super().__init__("quoting", stream=stream, context_size=32_768)

    async def _call_api(
        self,
        model_name: str,
        messages: list[Msg],
        tools: list[dict[str, Any]] | None = None,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> ChatResponse | AsyncGenerator[ChatResponse, None]:
        said = _last_said(messages)
        lines = [line.removeprefix("- ") for line in noted_lines(messages)]
        if not said.rstrip().endswith("?"):
            answer = "Noted."
        elif not lines:
            answer = "I have no memory of that."
        else:
            answer = f"My notes say: {_best_quotation(said, lines)}"
        return self._respond([TextBlock(text=answer)])


def structured(data: Mapping[str, Any]) -> list[ToolCallBlock]:
    """Return the answer of a model that is asked for structured output by AgentScope."""
    tool = "generate_structured_output"
    return [ToolCallBlock(id="structured", name=tool, input=json.dumps(data))]


def noted_lines(messages: Sequence[Msg]) -> list[str]:
    """Return the lines of the last memory note among messages, or none."""
    for message in reversed(messages):
        for block in message.content:
            if isinstance(block, HintBlock) and isinstance(block.hint, str):
                _, fence, rest = block.hint.partition("<memories>\n")
                if fence:
                    return rest.partition("\n</memories>")[0].splitlines()
    return []


def _best_quotation(question: str, lines: Sequence[str]) -> str:
    asked = _words(question)
    shared = [len(asked & _words(line)) for line in lines]
    best = max(range(len(lines)), key=lambda place: (shared[place], place))
    quoted = lines[best : best + 2] if lines[best].endswith("?") else [lines[best]]
    return " … ".join(quoted)


def _last_said(messages: Sequence[Msg]) -> str:
    texts = (message.get_text_content() for message in reversed(messages) if message.role == "user")
    return next((text for text in texts if text), "")


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 3}
