"""What the tools of a memory have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

from agentscope.message import TextBlock, ToolResultState
from agentscope.permission import PermissionBehavior, PermissionContext, PermissionDecision
from agentscope.state import AgentState
from agentscope.tool import ToolBase, ToolChunk, Toolkit

from remanence.errors import InputError
from remanence.middleware.escaping import escaped

__all__ = [
    "MemoryOfAgent",
    "MemoryTool",
    "check_names",
    "failed",
    "is_hidden",
    "listed",
    "told",
]


class MemoryOfAgent(Protocol):
    """What the tools need: the memory, as seen by the agent whose state they are given."""

    async def search(self, keywords: list[str], limit: int, state: AgentState | None) -> str:
        """Search for each keyword and tell what is found, merged; empty if that is nothing."""
        ...

    async def add(self, statements: list[str], state: AgentState | None) -> bool:
        """Keep statements; return whether they are where they belong, or still on their way."""
        ...

    async def correct(self, memory_id: str, statement: str, state: AgentState | None) -> None:
        """Put a statement in the place of another one."""
        ...

    async def forget(self, memory_ids: list[str], state: AgentState | None) -> list[str]:
        """Erase memories; return the ids of those that there were."""
        ...


class MemoryTool(ToolBase):
    """A tool that needs no permission: it reaches nothing but the memory it was made for."""

    is_state_injected: bool = True

    def __init__(self, memory: MemoryOfAgent, *, prefix: str) -> None:
        """Name the tool."""
        super().__init__()
        self._memory = memory
        self.name = f"{prefix}{self.name}"

    async def check_permissions(
        self, tool_input: dict[str, Any], context: PermissionContext
    ) -> PermissionDecision:
        """Allow the call."""
        return PermissionDecision(
            behavior=PermissionBehavior.ALLOW,
            message="Reading and writing the agent's own memory is always allowed.",
        )


def check_names(toolkit: Toolkit) -> None:
    """Refuse a toolkit in which one memory's tools hide another's.

    Raises:
        InputError: Two memory tools have the same name.
    """
    names = Counter(tool.name for tool in _tools_of(toolkit) if isinstance(tool, MemoryTool))
    for name, count in names.items():
        if count > 1:
            raise InputError(
                "tool_prefix",
                f"leaves {count} memory tools of the agent with the same name, {name!r}",
                "give each memory middleware a tool_prefix of its own",
            )


def is_hidden(toolkit: Toolkit, state: AgentState, name: str) -> bool:
    """Return whether the calls of a tool are no part of the conversation.

    Those are the memory's own tools, and the one by which the model hands over the data of a
    structured reply.
    """
    # Structured replies, and their place in the state, came after AgentScope 2.0.3.
    schema = getattr(getattr(state, "reply_context", None), "structured_schema", None)
    return any(
        isinstance(tool, MemoryTool)
        or (schema is not None and getattr(tool, "schema", None) is schema)
        for tool in _tools_of(toolkit)
        if tool.name == name
    )


def _tools_of(toolkit: Toolkit) -> list[ToolBase]:
    return [tool for group in toolkit.tool_groups for tool in group.tools]


def listed(given: str | Iterable[str]) -> list[str]:
    """Return what a tool was given as a list: models, and callers, give a single text as well."""
    return [given] if isinstance(given, str) else list(given)


def told(text: str) -> ToolChunk:
    """Return a tool's answer."""
    return ToolChunk(content=[TextBlock(text=text)])


def failed(text: str) -> ToolChunk:
    """Return the answer of a tool that did not do what it was asked, as one line.

    It may quote what it was given, or what a service says.
    """
    return ToolChunk(content=[TextBlock(text=escaped(text))], state=ToolResultState.ERROR)
