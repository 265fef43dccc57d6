"""Chat models that need no key: for tests, and for the demonstration."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from typing import Any

from agentscope.credential import CredentialBase
from agentscope.formatter import OpenAIChatFormatter
from agentscope.message import HintBlock, Msg, TextBlock, ToolCallBlock
from agentscope.model import ChatModelBase, ChatResponse
from pydantic import BaseModel

__all__ = ["QuotingChatModel", "ScriptedChatModel"]

Answer = str | BaseException | Sequence[TextBlock | ToolCallBlock]


class _NoParameters(BaseModel):
    """A model that has nothing to set."""


class _LocalChatModel(ChatModelBase):
    """A model that computes its answers here."""

    def __init__(self, name: str, *, stream: bool, context_size: int) -> None:
        super().__init__(
            credential=CredentialBase(),
            model=name,
            parameters=_NoParameters(),
            stream=stream,
            max_retries=0,
            context_size=context_size,
        )
        self.formatter = OpenAIChatFormatter()

    def _respond(
        self, blocks: Sequence[TextBlock | ToolCallBlock]
    ) -> ChatResponse | AsyncGenerator[ChatResponse, None]:
        complete = ChatResponse(content=list(blocks), is_last=True)
        return self._streamed(blocks, complete) if self.stream else complete

    async def _streamed(
        self, blocks: Sequence[TextBlock | ToolCallBlock], complete: ChatResponse
    ) -> AsyncGenerator[ChatResponse, None]:
        for block in blocks:
            if isinstance(block, TextBlock):
                for piece in re.findall(r"\s*\S+|\s+$", block.text):
                    yield ChatResponse(content=[TextBlock(text=piece)], is_last=False)
            else:
                yield ChatResponse(content=[block], is_last=False)
        yield complete


class ScriptedChatModel(_LocalChatModel):
    """Gives the answers it was given, one a call, and keeps what it was asked.

    Args:
        answers: Texts, blocks (for tool calls), or exceptions to raise; or a function that is
            given the messages and returns one of these. When they run out, it says so.
        stream: Whether to answer word by word.
        context_size: The context's size, in tokens.

    Attributes:
        calls: The messages of every call so far.
    """

    def __init__(
        self,
        answers: Iterable[Answer] | Callable[[list[Msg]], Answer] = (),
        *,
        stream: bool = True,
        context_size: int = 32_768,
    ) -> None:
        """Keep the script."""
        super().__init__("scripted", stream=stream, context_size=context_size)
        self._answer: Callable[[list[Msg]], Answer]
        if callable(answers):
            self._answer = answers
        else:
            script = iter(answers)
            self._answer = lambda _: next(script, "(the script has no more answers)")
        self.calls: list[list[Msg]] = []

    async def _call_api(
        self,
        model_name: str,
        messages: list[Msg],
        tools: list[dict[str, Any]] | None = None,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> ChatResponse | AsyncGenerator[ChatResponse, None]:
        self.calls.append([message.model_copy(deep=True) for message in messages])
        answer = self._answer(messages)
        if isinstance(answer, BaseException):
            raise answer
        return self._respond([TextBlock(text=answer)] if isinstance(answer, str) else answer)


class QuotingChatModel(_LocalChatModel):
    """Understands nothing: it quotes the memory note that it was given, line by line."""

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
        lines = _noted(messages)
        if not lines:
            return self._respond([TextBlock(text="I have no memory of that.")])
        quoted = "\n".join(lines)
        return self._respond([TextBlock(text=f"This is what I remember:\n{quoted}")])


def _noted(messages: Sequence[Msg]) -> list[str]:
    """Return the memories in the last memory note."""
    for message in reversed(messages):
        for block in message.content:
            if isinstance(block, HintBlock) and isinstance(block.hint, str):
                _, fence, rest = block.hint.partition("<memories>\n")
                if fence:
                    return rest.partition("\n</memories>")[0].splitlines()
    return []
