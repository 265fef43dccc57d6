"""What the tests of ReMe share: backends and middlewares on a folder, told something and asked."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from remanence import Filter, Message, Scope
from remanence.backends import Exchange, RecallRequest
from remanence.backends.reme import ReMeBackend
from remanence.middleware import ReMeMiddleware
from remanence.outbox.settings import OutboxSettings
from remanence.types import Recollection
from tests.middleware.agents import agent_of, hints, says, script

__all__ = [
    "ALICE",
    "ANSWER",
    "ASKED",
    "QUICK",
    "TOLD",
    "backend_of",
    "exchange",
    "found",
    "hits",
    "middleware_of",
    "ours",
    "recalled",
    "told",
]

ALICE = Scope("alice", "clerk", "monday")
QUICK = OutboxSettings(first_delay=0.02, longest_delay=0.1, poll_seconds=0.1, drain_seconds=2.0)

TOLD = "My sister Nora lives in Ghent."
ASKED = "Where does my sister Nora live?"
ANSWER = "That is good to know."


def backend_of(folder: Path, **options: Any) -> ReMeBackend:
    given: dict[str, Any] = {"settings": QUICK, **options}
    return ReMeBackend(workspace_dir=folder, **given)


def middleware_of(folder: Path, **options: Any) -> ReMeMiddleware:
    given: dict[str, Any] = {"user_id": "alice", "outbox": QUICK, **options}
    return ReMeMiddleware(workspace_dir=folder, **given)


def exchange(
    text: str = "I keep bees in Ghent.", reply_id: str = "reply", part: int = 0
) -> Exchange:
    return Exchange(reply_id, (Message("user", text, "Alice", id=f"{reply_id}-{part}"),), part)


async def hits(
    backend: ReMeBackend, query: str, *, limit: int = 10, user_id: str = "alice"
) -> list[Recollection]:
    """Return what a search finds, best first."""
    return await backend.recall(RecallRequest(query, Filter(user_id), limit, ALICE))


async def found(
    backend: ReMeBackend, query: str = "bees Ghent", *, limit: int = 10, user_id: str = "alice"
) -> list[str]:
    """Return the texts that a search finds."""
    return [hit.text for hit in await hits(backend, query, limit=limit, user_id=user_id)]


async def told(middleware: ReMeMiddleware, text: str = TOLD, answer: str = ANSWER) -> None:
    """Tell a new agent something."""
    agent = await agent_of(script(answer), middleware)
    await agent.reply(says(text))


async def recalled(middleware: ReMeMiddleware, text: str = ASKED) -> str:
    """Ask a new agent something; return the memory note that its model sees."""
    model = script(ANSWER)
    agent = await agent_of(model, middleware)
    await agent.reply(says(text))
    return "\n".join(hints(model.calls[0]))


def ours() -> list[str]:
    """Return the threads that a backend may leave behind."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("remanence")]
