"""What the tests of mem0 with AgentScope's models share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from agentscope.message import Msg

from remanence import Filter, Message, Scope
from remanence.backends import Exchange, RecallRequest
from remanence.backends.mem0 import Mem0Backend
from remanence.outbox.settings import OutboxSettings
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import verbatim_facts
from remanence.testing.models import ScriptedChatModel

__all__ = ["ALICE", "QUICK", "backend_of", "exchange", "found", "ours"]

ALICE = Scope("alice", "clerk", "monday")
QUICK = OutboxSettings(first_delay=0.02, longest_delay=0.1, poll_seconds=0.1, drain_seconds=2.0)


def backend_of(
    folder: Path,
    answers: Iterable[Any] | Callable[[list[Msg]], Any] = verbatim_facts,
    **options: Any,
) -> Mem0Backend:
    """Return a backend whose client is built of scripted models."""
    given: dict[str, Any] = {
        "chat_model": ScriptedChatModel(answers),
        "embedding_model": ScriptedEmbeddingModel(512),
        "settings": QUICK,
        **options,
    }
    return Mem0Backend(data_dir=folder, **given)


def exchange(
    text: str = "I keep bees in Ghent.", reply_id: str = "reply", part: int = 0
) -> Exchange:
    return Exchange(reply_id, (Message("user", text, "Alice", id=f"{reply_id}-{part}"),), part)


async def found(
    backend: Mem0Backend, query: str = "bees Ghent", *, limit: int = 10, user_id: str = "alice"
) -> list[str]:
    """Return the texts that a search finds."""
    request = RecallRequest(query, Filter(user_id), limit=limit, asking=ALICE)
    return [hit.text for hit in await backend.recall(request)]


def ours() -> list[str]:
    """Return the threads that a backend may leave behind; the event loop's own are not its."""
    return [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith(("remanence", "mem0"))
    ]
