"""Agents with mem0 for a memory, that are told something and asked for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agentscope.tool import ToolChunk

from remanence.middleware import Mem0Middleware
from tests.middleware.agents import agent_of, hints, says, script
from tests.middleware.places import QUICK

__all__ = ["ANSWER", "ASKED", "TOLD", "added", "middleware_of", "recalled", "told"]

TOLD = "My sister Nora lives in Ghent."
ASKED = "Where does my sister Nora live?"
ANSWER = "That is good to know."


def middleware_of(client: object, folder: Path, **options: Any) -> Mem0Middleware:
    settings: dict[str, Any] = {"user_id": "alice", "outbox": QUICK, **options}
    return Mem0Middleware(client=client, data_dir=folder, **settings)


async def told(middleware: Mem0Middleware, text: str = TOLD) -> str:
    """Tell a new agent something; return what it answers."""
    agent = await agent_of(script(ANSWER), middleware)
    reply = await agent.reply(says(text))
    return reply.get_text_content() or ""


async def recalled(middleware: Mem0Middleware, text: str = ASKED) -> str:
    """Ask a new agent something; return the memory note that its model sees."""
    model = script(ANSWER)
    agent = await agent_of(model, middleware)
    await agent.reply(says(text))
    return "\n".join(hints(model.calls[0]))


async def added(middleware: Mem0Middleware, *statements: str) -> ToolChunk:
    """Call the tool that adds."""
    _, add = await middleware.list_tools()
    chunk = await add(thinking="It may matter later.", content=list(statements))
    assert isinstance(chunk, ToolChunk)
    return chunk
