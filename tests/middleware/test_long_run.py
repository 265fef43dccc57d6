"""A thousand turns: what a memory costs an agent does not grow with them."""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import tracemalloc
from collections.abc import Generator
from pathlib import Path

import pytest
from agentscope.state import AgentState

import remanence
from remanence import Memory, Message, Scope
from remanence.backends import Delivery, QueuedBackend, RecallRequest
from remanence.middleware import MemoryMiddleware
from remanence.testing.models import ScriptedChatModel
from remanence.types import Recollection
from tests.middleware.agents import agent_of, hints, says
from tests.recording import recording

# Memory is traced, which is slow.
pytestmark = [pytest.mark.agentscope, pytest.mark.slow, pytest.mark.timeout(400)]

_TURNS = 1_000
_KEPT = 40
"""How many messages compression leaves in the context."""
_OURS = [
    tracemalloc.Filter(True, str(Path(remanence.__file__).parent / part / "*"))
    for part in ("middleware", "backends", "outbox")
]


@contextlib.contextmanager
def _tracing_memory() -> Generator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def _allocated() -> int:
    """Return the bytes that the parts a reply goes through hold now."""
    gc.collect()
    snapshot = tracemalloc.take_snapshot().filter_traces(_OURS)
    return sum(statistic.size for statistic in snapshot.statistics("filename"))


def _added(state: AgentState) -> int:
    """Return how much longer a state is, as JSON, than it would be without a memory."""
    without = state.model_copy(deep=True)
    without.context = [message for message in without.context if message.name != "memory"]
    without.middle_context = {}
    return len(state.model_dump_json()) - len(without.model_dump_json())


class _CountingService:
    """A service that remembers one thing and counts the rest, so that it does not grow itself."""

    kind = "counting"
    identity = "counting"

    def __init__(self) -> None:
        self.messages = 0

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
        return [Recollection("Nora was in Ghent.", "episode", "1", 0.5, at, request.asking, "user")]

    async def deliver(self, delivery: Delivery) -> None:
        assert delivery.exchange is not None
        self.messages += len(delivery.exchange.messages)


async def _talk(memory: Memory | QueuedBackend) -> None:
    model = ScriptedChatModel(lambda _: "I see.")
    agent = await agent_of(model, MemoryMiddleware(memory, user_id="alice"))
    added: list[int] = []
    allocated: list[int] = []
    with recording() as recorded, _tracing_memory():
        for turn in range(_TURNS):
            await agent.reply(says(f"Nora and I were in Ghent, number {turn}."))
            assert len(hints(agent.state.context)) == 1
            assert agent.state.middle_context == {}
            agent.state.context = agent.state.context[-_KEPT:]
            model.calls.clear()
            if turn % 100 == 99:
                recorded.exporter.clear()  # what a recorder of spans keeps is not ours
                added.append(_added(agent.state))
                allocated.append(_allocated())
    assert max(added) < 4_000
    assert max(allocated[2:]) - allocated[1] < 64 * 1024


async def test_a_thousand_turns_in_the_engine_leave_one_note(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db") as memory:
        earlier = Message("user", "My sister Nora lives in Ghent, number one.")
        await memory.observe(earlier, scope=Scope("alice", session_id="spring"))
        await _talk(memory)
        assert (await memory.stats()).episodes == 1 + 2 * _TURNS


async def test_a_thousand_turns_through_an_outbox_leave_one_note(tmp_path: Path) -> None:
    service = _CountingService()
    async with QueuedBackend.open(service, tmp_path / "outbox.db") as backend:
        await _talk(backend)
        assert await backend.settle(10)
    assert service.messages == 2 * _TURNS
