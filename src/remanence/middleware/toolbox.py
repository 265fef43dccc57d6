"""Which tools an agent is offered on its memory, and what its system prompt says about them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, get_args

from agentscope.tool import ToolBase, Toolkit

from remanence.errors import InputError
from remanence.middleware.editing import ForgetMemory, UpdateMemory
from remanence.middleware.tooling import MemoryOfAgent
from remanence.middleware.tools import AddMemory, MemorySearch, SearchMemory

__all__ = ["TOOL_INSTRUCTIONS", "ExtraTool", "Toolbox", "check_extra_tools"]

ExtraTool = Literal["update_memory", "forget_memory", "memory_search"]

TOOL_INSTRUCTIONS = (
    "## Long-term memory\n\n"
    "Past conversations are kept. Use `search_memory` when the answer may lie in one of them, and "
    "`add_memory` for what will matter later. Each tool's description tells how to call it."
)

_BASE = (SearchMemory.name, AddMemory.name)
_EXTRA = {
    UpdateMemory.name: "Use `update_memory` when what was noted turns out to be wrong.",
    ForgetMemory.name: "Use `forget_memory` when the user wants something forgotten.",
}
"""Tools that name memories by their ids, and what is said of them."""

_PREFIX = re.compile("[A-Za-z0-9_-]*")


def check_extra_tools(names: object, *, offered: bool) -> frozenset[str]:
    """Return the names of tools if they are such as can be asked for.

    Args:
        names: The names.
        offered: Whether any tools are offered.

    Raises:
        InputError: They are not, or none are offered; a single string is no collection of names.
    """
    known = get_args(ExtraTool)
    fix = f"give a tuple of names out of {', '.join(map(repr, known))}"
    if isinstance(names, str) or not isinstance(names, Collection):
        raise InputError("extra_tools", f"is {names!r}", fix)
    unknown = [each for each in names if each not in known]  # pyright: ignore[reportUnknownVariableType] - it may be anything
    if unknown:
        raise InputError("extra_tools", f"has {unknown[0]!r} in it", fix)
    if names and not offered:
        raise InputError(
            "extra_tools",
            "asks for tools, and static_control offers none",
            "use the mode 'both' or 'agent_control', or leave out extra_tools",
        )
    return frozenset(names)  # pyright: ignore[reportUnknownArgumentType] - checked


class Toolbox:
    """The tools of one memory.

    Args:
        memory: What they work on.
        limit: How many memories a search returns at most, unless the agent says otherwise.
        extra: The names of the tools that are offered beside those for searching and adding.
        prefix: Put in front of their names.
        instructions: What the system prompt says about them.

    Raises:
        InputError: ``prefix`` can't be a part of a tool's name, or ``instructions`` is no text.
    """

    def __init__(
        self,
        memory: MemoryOfAgent,
        *,
        limit: int,
        extra: Collection[str],
        prefix: str,
        instructions: str,
    ) -> None:
        """Check the arguments."""
        if not isinstance(instructions, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            raise InputError("tool_instructions", f"is {instructions!r}", "give a string")
        if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            raise InputError(
                "tool_prefix", f"is {prefix!r}", "use letters, digits, '_' and '-' only"
            )
        self._memory = memory
        self._limit = limit
        self._extra = [name for name in _EXTRA if name in extra]
        self._also_searches = MemorySearch.name in extra
        self._prefix = prefix
        self._instructions = instructions

    def tools(self) -> list[ToolBase]:
        """Return the tools, new ones each time."""
        memory, prefix = self._memory, self._prefix
        tools: list[ToolBase] = [
            SearchMemory(memory, prefix=prefix, limit=self._limit, ids=bool(self._extra)),
            AddMemory(memory, prefix=prefix),
        ]
        if self._also_searches:
            tools.append(MemorySearch(memory, prefix=prefix, limit=self._limit))
        kinds = (UpdateMemory, ForgetMemory)
        tools += [kind(memory, prefix=prefix) for kind in kinds if kind.name in self._extra]
        return tools

    async def advertisement(self, toolkit: Toolkit) -> str:
        """Return what the system prompt says about these tools.

        It speaks of none that the toolkit doesn't have: it is empty where one is missing that the
        instructions name, as they do those for searching and adding. Of the others it names those
        that are there.
        """
        told = self._instructions
        for name in (*_BASE, *(each for each in _EXTRA if f"`{each}`" in told)):
            if not await self._has(toolkit, name):
                return ""
        for name in self._extra:
            if f"`{name}`" not in told and await self._has(toolkit, name):
                told = f"{told} {_EXTRA[name]}"
        for name in (*_BASE, *_EXTRA):
            told = told.replace(f"`{name}`", f"`{self._prefix}{name}`")
        return told

    async def _has(self, toolkit: Toolkit, name: str) -> bool:
        return await toolkit.get_tool(f"{self._prefix}{name}") is not None
