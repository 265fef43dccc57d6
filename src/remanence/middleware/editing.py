"""The tools with which an agent corrects and forgets what its memory holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentscope.permission import PermissionBehavior, PermissionContext, PermissionDecision
from agentscope.state import AgentState
from agentscope.tool import ToolChunk

from remanence.errors import InputError, RemanenceError
from remanence.middleware.tooling import MemoryTool, failed, listed, told

__all__ = ["ForgetMemory", "UpdateMemory"]


class UpdateMemory(MemoryTool):
    """Puts a statement in the place of one that is wrong; the old one stays in the history."""

    name: str = "update_memory"
    description: str = (
        "Correct a memory that was noted and is wrong or out of date. The new content takes its "
        "place; what it said before is kept in its history. What somebody said in a conversation "
        "can't be corrected, only forgotten."
    )
    input_schema: dict[str, Any] = {  # noqa: RUF012 - the framework's own shape
        "type": "object",
        "properties": {
            "thinking": {
                "type": "string",
                "description": "Why the memory is to be corrected. It is not kept.",
            },
            "memory_id": {
                "type": "string",
                "description": "The memory's id, as a search tells it.",
            },
            "content": {
                "type": "string",
                "description": (
                    "What is so instead: a complete sentence that can be understood by itself, "
                    "with names instead of pronouns."
                ),
            },
        },
        "required": ["thinking", "memory_id", "content"],
    }
    is_concurrency_safe: bool = False
    is_read_only: bool = False

    async def call(  # pyright: ignore[reportIncompatibleMethodOverride] - tools are called by keyword
        self,
        thinking: str,
        memory_id: str,
        content: str,
        _agent_state: AgentState | None = None,
    ) -> ToolChunk:
        """Correct a memory.

        Args:
            thinking: Why; not kept.
            memory_id: Its id.
            content: What is so instead.
            _agent_state: The state of the agent that calls.
        """
        ids = _ids(memory_id)
        if not ids:
            return failed("memory_id is empty: give the id of the memory, as a search tells it.")
        if not content.strip():
            return failed("content is empty: give what is so instead, or forget the memory.")
        try:
            await self._memory.correct(ids[0], content, _agent_state)
        except RemanenceError as error:
            return failed(f"The memory was not corrected: {_named(error)}")
        return told("Corrected the memory.")


class ForgetMemory(MemoryTool):
    """Erases memories for good, once the user has agreed."""

    name: str = "forget_memory"
    description: str = (
        "Erase memories for good, because the user wants them forgotten. The user is asked first. "
        "A memory whose id ends in a range of lines goes with the whole note that it is a part of. "
        "What was said or noted several times has an id for each: search again afterwards, until "
        "nothing that is to be forgotten is found."
    )
    input_schema: dict[str, Any] = {  # noqa: RUF012 - the framework's own shape
        "type": "object",
        "properties": {
            "thinking": {
                "type": "string",
                "description": (
                    "What is to be forgotten, in words, and why: the user reads it when asked. It "
                    "is not kept."
                ),
            },
            "memory_ids": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The ids of the memories, as a search tells them.",
            },
        },
        "required": ["thinking", "memory_ids"],
    }
    is_concurrency_safe: bool = False
    is_read_only: bool = False

    async def check_permissions(
        self, tool_input: dict[str, Any], context: PermissionContext
    ) -> PermissionDecision:
        """Ask the user: what is erased can't be brought back."""
        return PermissionDecision(
            behavior=PermissionBehavior.ASK,
            message="Memories are to be erased for good.",
        )

    async def call(  # pyright: ignore[reportIncompatibleMethodOverride] - tools are called by keyword
        self,
        thinking: str,
        memory_ids: list[str],
        _agent_state: AgentState | None = None,
    ) -> ToolChunk:
        """Erase memories.

        Args:
            thinking: Which and why; not kept.
            memory_ids: Their ids.
            _agent_state: The state of the agent that calls.
        """
        ids = _ids(memory_ids)
        if not ids:
            return failed("memory_ids is empty: give the ids of the memories, as a search does.")
        try:
            gone = await self._memory.forget(ids, _agent_state)
        except RemanenceError as error:
            return failed(f"This may not have been forgotten: {error}")
        number = sum(each in gone for each in ids)
        done = f"Forgot {number} {'memory' if number == 1 else 'memories'}."
        unknown = [each for each in ids if each not in gone]
        if unknown:
            return failed(f"{done} There is no memory with the id {' or '.join(unknown)}.")
        return told(done)


_NAMES = {"fact_id": "memory_id", "text": "content"}
"""What the tool calls its arguments, where they are called something else further down."""


def _named(error: RemanenceError) -> str:
    """Return what an error says, with the names of the tool's arguments."""
    if type(error) is not InputError:
        return str(error)
    return str(InputError(_NAMES.get(error.field, error.field), error.problem, error.fix))


def _ids(given: str | Iterable[str]) -> list[str]:
    """Return ids as they are known, each once; models repeat the words around them."""
    named = (one.strip().removeprefix("id=").strip() for one in listed(given))
    return list(dict.fromkeys(one for one in named if one))
