"""Agents of the real framework, with scripted models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agentscope.agent import Agent
from agentscope.message import Msg, TextBlock, ToolCallBlock
from agentscope.model import ChatModelBase
from agentscope.permission import PermissionBehavior, PermissionContext, PermissionDecision
from agentscope.state import AgentState
from agentscope.tool import ToolBase, ToolChunk, Toolkit

from remanence.middleware import MemoryMiddleware
from remanence.testing.models import Answer, ScriptedChatModel

__all__ = ["AskingTool", "agent_of", "call_of", "hints", "says", "script"]

Script = ScriptedChatModel


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
