"""Agents of the real framework, with scripted models."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from agentscope.agent import Agent
from agentscope.event import ConfirmResult, RequireUserConfirmEvent, UserConfirmResultEvent
from agentscope.message import Msg, TextBlock, ToolCallBlock, ToolResultState
from agentscope.model import ChatModelBase
from agentscope.permission import PermissionBehavior, PermissionContext, PermissionDecision
from agentscope.state import AgentState
from agentscope.tool import ToolBase, ToolChunk, Toolkit

from remanence.middleware import MemoryMiddleware
from remanence.testing.models import Answer, ScriptedChatModel

__all__ = [
    "AskingTool",
    "ExternalTool",
    "LookingTool",
    "agent_of",
    "answered",
    "call_of",
    "hints",
    "restored",
    "says",
    "script",
    "stream_to",
    "until",
]

Script = ScriptedChatModel
Event = TypeVar("Event")


def says(text: str, *, name: str = "Alice") -> Msg:
    """Return a user's message."""
    return Msg(name=name, role="user", content=[TextBlock(text=text)])


def script(*answers: Answer, stream: bool = True) -> ScriptedChatModel:
    """Return a model that gives these answers, one a call."""
    return ScriptedChatModel(answers, stream=stream)


def call_of(tool: str, arguments: str, *, call_id: str = "call-1") -> Sequence[ToolCallBlock]:
    """Return an answer that calls a tool."""
    return [ToolCallBlock(id=call_id, name=tool, input=arguments)]


async def agent_of(
    model: ChatModelBase,
    middleware: MemoryMiddleware,
    *,
    tools: Sequence[ToolBase] = (),
    state: AgentState | None = None,
) -> Agent:
    """Return an agent with this middleware, its tools, and other tools."""
    return Agent(
        name="Robin",
        system_prompt="You are Robin.",
        model=model,
        toolkit=Toolkit(tools=[*await middleware.list_tools(), *tools]),
        middlewares=[middleware],
        state=state,
    )


def hints(messages: Sequence[Msg]) -> list[str]:
    """Return the texts of the memory notes among messages."""
    return [
        str(block.hint)
        for message in messages
        if message.name == "memory"
        for block in message.get_content_blocks("hint")
    ]


def restored(state: AgentState) -> AgentState:
    """Return a state as another process gets it: from its JSON."""
    return AgentState.model_validate_json(state.model_dump_json())


async def stream_to(agent: Agent, inputs: Any, kind: type[Event]) -> Event:
    """Let an agent reply to the end of its stream; return the last event of a kind."""
    found = [event async for event in agent.reply_stream(inputs) if isinstance(event, kind)]
    return found[-1]


def answered(asked: RequireUserConfirmEvent, *, confirmed: bool = True) -> UserConfirmResultEvent:
    """Return the user's answer to all that was asked."""
    results = [ConfirmResult(confirmed=confirmed, tool_call=call) for call in asked.tool_calls]
    return UserConfirmResultEvent(reply_id=asked.reply_id, confirm_results=results)


async def until(true: Callable[[], Awaitable[object]], *, seconds: float = 10.0) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(seconds):
        for _ in itertools.count():
            if await true():
                return
            await asyncio.sleep(0.01)


class _OpenTool(ToolBase):
    """A tool that needs no permission."""

    input_schema: dict[str, Any] = {"type": "object", "properties": {}}  # noqa: RUF012 - the framework's shape
    is_concurrency_safe: bool = False
    is_read_only: bool = True

    async def check_permissions(
        self, tool_input: dict[str, Any], context: PermissionContext
    ) -> PermissionDecision:
        return PermissionDecision(behavior=PermissionBehavior.ALLOW, message="Yes.")


class LookingTool(_OpenTool):
    """A tool that finds something out, or fails."""

    name: str = "timetable"
    description: str = "Look up when a train leaves."
    input_schema: dict[str, Any] = {  # noqa: RUF012 - the framework's shape
        "type": "object",
        "properties": {"town": {"type": "string"}},
    }

    def __init__(self, answer: str, *, state: ToolResultState = ToolResultState.SUCCESS) -> None:
        super().__init__()
        self._answer = answer
        self._state = state

    async def call(self, town: str = "") -> ToolChunk:  # pyright: ignore[reportIncompatibleMethodOverride] - tools are called by keyword
        return ToolChunk(content=[TextBlock(text=self._answer)], state=self._state)


class ExternalTool(_OpenTool):
    """A tool that somebody outside carries out."""

    name: str = "open_door"
    description: str = "Open the door."
    is_external_tool: bool = True


class AskingTool(ToolBase):
    """A tool that the user has to permit each time."""

    name: str = "order_tickets"
    description: str = "Order tickets."
    input_schema: dict[str, Any] = {"type": "object", "properties": {}}  # noqa: RUF012 - the framework's shape
    is_concurrency_safe: bool = False
    is_read_only: bool = False

    def __init__(self, answer: Callable[[], str] = lambda: "Two tickets are ordered.") -> None:
        super().__init__()
        self._answer = answer

    async def check_permissions(
        self, tool_input: dict[str, Any], context: PermissionContext
    ) -> PermissionDecision:
        return PermissionDecision(behavior=PermissionBehavior.ASK, message="May I?")

    async def call(self) -> ToolChunk:  # pyright: ignore[reportIncompatibleMethodOverride] - tools are called by keyword
        return ToolChunk(content=[TextBlock(text=self._answer())])
