"""The tools with which an agent searches its memory, and adds to it."""

from __future__ import annotations

from typing import Any

from agentscope.state import AgentState
from agentscope.tool import ToolChunk

from remanence.errors import RemanenceError
from remanence.middleware.tooling import MemoryOfAgent, MemoryTool, failed, listed, told

__all__ = ["AddMemory", "MemorySearch", "SearchMemory"]


class SearchMemory(MemoryTool):
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

    def __init__(
        self, memory: MemoryOfAgent, *, prefix: str, limit: int, ids: bool = False
    ) -> None:
        """Make the tool with its default limit; say whether its answers tell ids."""
        super().__init__(memory, prefix=prefix)
        if ids:
            self.description += " Each has an id, by which it can be named to other tools."
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
        wanted = [keyword for keyword in listed(keywords) if keyword.strip()]
        if not wanted:
            return failed("keywords is empty: give at least one thing to look for.")
        try:
            found = await self._memory.search(wanted, limit or self._limit, _agent_state)
        except RemanenceError as error:
            return failed(f"The memory could not be searched: {error}")
        return told(found or "No memories were found.")


class MemorySearch(MemoryTool):
    """Searches for one thing, by the name and the arguments of AgentScope's tool for ReMe."""

    name: str = "memory_search"
    description: str = (
        "Search long-term memory of past conversations for one thing; what is found comes oldest "
        "first, with date and speaker."
    )
    input_schema: dict[str, Any] = {  # noqa: RUF012 - the framework's own shape
        "type": "object",
        "properties": {
            "query": {
                "type": "string",
                "description": "What to look for, as a name, a topic, or a short question.",
            },
            "limit": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100,
                "description": "How many memories to return at most.",
                "default": 5,
            },
        },
        "required": ["query"],
    }
    is_concurrency_safe: bool = True
    is_read_only: bool = True

    def __init__(self, memory: MemoryOfAgent, *, prefix: str, limit: int) -> None:
        """Make the tool with its default limit."""
        super().__init__(memory, prefix=prefix)
        self._search = SearchMemory(memory, prefix="", limit=limit)
        properties = {**self.input_schema["properties"]}
        properties["limit"] = {**properties["limit"], "default": limit}
        self.input_schema = {**self.input_schema, "properties": properties}

    async def call(  # pyright: ignore[reportIncompatibleMethodOverride] - tools are called by keyword
        self,
        query: str,
        limit: int | None = None,
        _agent_state: AgentState | None = None,
    ) -> ToolChunk:
        """Search.

        Args:
            query: What to look for.
            limit: How many memories to return at most.
            _agent_state: The state of the agent that calls.
        """
        if not query.strip():
            return failed("query is empty: give something to look for.")
        return await self._search.call([query], limit, _agent_state)


class AddMemory(MemoryTool):
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
        statements = [statement for statement in listed(content) if statement.strip()]
        if not statements:
            return failed("content is empty: give at least one sentence to keep.")
        try:
            await self._memory.add(statements, _agent_state)
        except RemanenceError as error:
            return failed(f"This may not have been kept: {error}")
        number = len(statements)
        return told(f"Kept {number} {'memory' if number == 1 else 'memories'}.")
