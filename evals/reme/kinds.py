"""The middlewares that are compared, and agents that have one of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agentscope.agent import Agent
from agentscope.message import Msg, TextBlock, ToolResultState
from agentscope.model import ChatModelBase
from agentscope.permission import PermissionBehavior, PermissionContext, PermissionDecision
from agentscope.tool import ToolBase, ToolChunk, Toolkit

from remanence.middleware import ReMeMiddleware
from remanence.outbox.settings import OutboxSettings

__all__ = ["KINDS", "LookingTool", "agent_of", "opened", "says", "search", "until_found"]

KINDS = ("ours", "ours, word for word", "AgentScope's")

_PATIENCE = 60.0
_QUICK = OutboxSettings(first_delay=0.05, longest_delay=1.0, poll_seconds=0.5)


@asynccontextmanager
async def opened(kind: str, workspace: Path, model: ChatModelBase) -> AsyncGenerator[Any]:
    """Open a middleware over a workspace, all of it one user's.

    Args:
        kind: One of the kinds.
        workspace: The folder.
        model: What ReMe's agent works with.
    """
    if kind == "AgentScope's":
        from agentscope.middleware import ReMeMiddleware as Theirs

        theirs = Theirs(
            workspace_dir=str(workspace), parameters=Theirs.Parameters(chat_model=model)
        )
        try:
            yield theirs
        finally:
            with contextlib.suppress(Exception):  # one that did not start
                await theirs.close()
        return
    ours = ReMeMiddleware(
        workspace_dir=workspace,
        chat_model=None if kind.endswith("word for word") else model,
        scope_search_by_agent=False,
        extra_tools=("memory_search",),
        outbox=_QUICK,
        write_timeout=2.0,
    )
    async with ours:
        yield ours
        await ours.settle(_PATIENCE)


def says(text: str) -> Msg:
    """Return a user's message."""
    return Msg(name="user", role="user", content=[TextBlock(text=text)])


async def agent_of(model: ChatModelBase, middleware: Any, *tools: ToolBase) -> Agent:
    """Return an agent with a middleware, its tools, and others."""
    return Agent(
        name="Robin",
        system_prompt="You are Robin.",
        model=model,
        toolkit=Toolkit(tools=[*await middleware.list_tools(), *tools]),
        middlewares=[middleware],
    )


async def search(middleware: Any, query: str) -> str:
    """Search by the tool that both offer; return what it tells.

    Raises:
        RuntimeError: It tells that it failed.
    """
    (tool,) = [each for each in await middleware.list_tools() if each.name == "memory_search"]
    chunk = await tool(query=query)
    told = "".join(block.text for block in chunk.content if isinstance(block, TextBlock))
    if chunk.state == ToolResultState.ERROR:
        raise RuntimeError(told)
    return told


async def until_found(middleware: Any, query: str, text: str, seconds: float = _PATIENCE) -> bool:
    """Search until something is found, as where notes are indexed in the background."""
    over = time.monotonic() + seconds
    while text not in await search(middleware, query):
        if time.monotonic() > over:
            return False
        await asyncio.sleep(0.2)
    return True


class LookingTool(ToolBase):
    """Takes a moment, as tools do."""

    name: str = "look"
    description: str = "Look something up."
    input_schema: dict[str, Any] = {"type": "object", "properties": {}}  # noqa: RUF012 - the framework's shape
    is_concurrency_safe: bool = True
    is_read_only: bool = True

    async def check_permissions(
        self, tool_input: dict[str, Any], context: PermissionContext
    ) -> PermissionDecision:
        """Allow it."""
        return PermissionDecision(behavior=PermissionBehavior.ALLOW, message="Yes.")

    async def call(self) -> ToolChunk:
        """Wait."""
        await asyncio.sleep(0.2)
        return ToolChunk(content=[TextBlock(text="Nothing.")])
