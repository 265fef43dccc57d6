"""The tools that an agent can use on its memory."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

from agentscope.message import TextBlock, ToolResultState
from agentscope.permission import PermissionBehavior, PermissionContext, PermissionDecision
from agentscope.state import AgentState
from agentscope.tool import ToolBase, ToolChunk, Toolkit

from remanence.errors import InputError, RemanenceError

__all__ = ["AddMemory", "MemoryOfAgent", "SearchMemory", "check_names", "is_hidden"]


class MemoryOfAgent(Protocol):
    """What the tools need: the memory, as seen by the agent whose state they are given."""

    async def search(self, keywords: list[str], limit: int, state: AgentState | None) -> str:
        """Search for each keyword and tell what is found, merged; empty if that is nothing."""
        ...

    async def add(self, statements: list[str], state: AgentState | None) -> bool:
        """Keep statements; return whether they are where they belong, or still on their way."""
        ...


class _MemoryTool(ToolBase):
    """A tool that needs no permission: it reaches nothing but the memory it was made for."""

    is_state_injected: bool = True

    def __init__(self, memory: MemoryOfAgent, *, prefix: str) -> None:
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


class SearchMemory(_MemoryTool):
    """Searches the memory for keywords."""

    name: str = "search_memory"
    description: str = (
        "Search long-term memory of past conversations. Every keyword is a search of its own; "
        "the results come back merged, without repetitions, oldest first, with date and speaker."
    )
    input_schema: dict[str, Any] = {  # noqa: RUF012 - the framework's own shape
        "type": "object",
        "properties": {
            "keywords": {
                "type": "array",
                "items": {"type": "string"},
                "description": (
                    "Short and specific things to look for: a name, a date, a place, a topic, or "
                    "a short question."
                ),
            },
            "limit": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100,
                "description": "How many memories to return at most for each keyword.",
                "default": 5,
            },
        },
        "required": ["keywords"],
    }
    is_concurrency_safe: bool = True
    is_read_only: bool = True

    def __init__(self, memory: MemoryOfAgent, *, prefix: str, limit: int) -> None:
        """Make the tool with its default limit."""
        super().__init__(memory, prefix=prefix)
        self._limit = limit
        properties = {**self.input_schema["properties"]}
        properties["limit"] = {**properties["limit"], "default": limit}
        self.input_schema = {**self.input_schema, "properties": properties}

    async def call(  # pyright: ignore[reportIncompatibleMethodOverride] - tools are called by keyword
        self,
        keywords: list[str],
        limit: int | None = None,
        _agent_state: AgentState | None = None,
    ) -> ToolChunk:
        """Search.

        Args:
            keywords: What to look for; each is a search of its own.
            limit: How many memories to return at most for each keyword.
            _agent_state: The state of the agent that calls.
        """
        wanted = [keyword for keyword in keywords if keyword.strip()]
        if not wanted:
            return _failed("keywords is empty: give at least one thing to look for.")
        try:
            found = await self._memory.search(wanted, limit or self._limit, _agent_state)
        except RemanenceError as error:
            return _failed(f"The memory could not be searched: {error}")
        return _told(found or "No memories were found.")


class AddMemory(_MemoryTool):
    """Keeps statements."""

    name: str = "add_memory"
    description: str = (
        "Keep something in long-term memory that will matter in later conversations. Only what "
        "is given as content is kept."
    )
    input_schema: dict[str, Any] = {  # noqa: RUF012 - the framework's own shape
        "type": "object",
        "properties": {
            "thinking": {
                "type": "string",
                "description": "Why this is worth remembering. It is not kept.",
            },
            "content": {
                "type": "array",
                "items": {"type": "string"},
                "description": (
                    "What to keep: complete sentences that can be understood by themselves, with "
                    "names instead of pronouns."
                ),
            },
        },
        "required": ["thinking", "content"],
    }
    is_concurrency_safe: bool = True
    is_read_only: bool = False

    async def call(  # pyright: ignore[reportIncompatibleMethodOverride] - tools are called by keyword
        self,
        thinking: str,
        content: list[str],
        _agent_state: AgentState | None = None,
    ) -> ToolChunk:
        """Keep statements.

        Args:
            thinking: Why; not kept.
            content: What to keep.
            _agent_state: The state of the agent that calls.
        """
        statements = [statement for statement in content if statement.strip()]
        if not statements:
            return _failed("content is empty: give at least one sentence to keep.")
        try:
            await self._memory.add(statements, _agent_state)
        except RemanenceError as error:
            return _failed(f"This may not have been kept: {error}")
        number = len(statements)
        return _told(f"Kept {number} {'memory' if number == 1 else 'memories'}.")


def check_names(toolkit: Toolkit) -> None:
    """Refuse a toolkit in which one memory's tools hide another's.

    Raises:
        InputError: Two memory tools have the same name.
    """
    names = Counter(tool.name for tool in _tools_of(toolkit) if isinstance(tool, _MemoryTool))
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
        isinstance(tool, _MemoryTool)
        or (schema is not None and getattr(tool, "schema", None) is schema)
        for tool in _tools_of(toolkit)
        if tool.name == name
    )


def _tools_of(toolkit: Toolkit) -> list[ToolBase]:
    return [tool for group in toolkit.tool_groups for tool in group.tools]


def _told(text: str) -> ToolChunk:
    return ToolChunk(content=[TextBlock(text=text)])


def _failed(text: str) -> ToolChunk:
    return ToolChunk(content=[TextBlock(text=text)], state=ToolResultState.ERROR)
