"""What a middleware adds to a reply when mem0 answers at once: ours, and AgentScope's own."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from agentscope.agent import Agent
from agentscope.message import Msg, TextBlock
from agentscope.middleware import Mem0Middleware as Upstream
from agentscope.middleware import MiddlewareBase
from agentscope.tool import Toolkit

from evals.perf.corpus import Corpus
from evals.perf.measures import Stopwatch, percentile
from remanence.middleware import Mem0Middleware
from remanence.testing.models import ScriptedChatModel

if TYPE_CHECKING:
    from mem0 import AsyncMemory

__all__ = ["Added", "Kind", "measure_added"]

_WITHOUT = "without memory"
_FLUSHES = {
    "ours, await_write=True": 3,
    "ours, await_write=False": 1,
    "AgentScope's, await_write=True": 0,
    "AgentScope's, await_write=False": 0,
}
"""How many times a turn waits for the disk: when the exchange is put into the queue, and until mem0
has it, when it is leased and when it is done."""

_PAGE_BYTES = 4096
_KEPT_TURNS = 10
"""After so many turns the context is emptied, as compression does."""
_WARM_UP = 10
_ANSWER = "That was in spring, if I remember rightly, and everybody came along. " * 3


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """The turns of one agent.

    Attributes:
        name: What it had for a memory.
        p50: How many milliseconds a turn took: the median.
        p95: The 95th percentile.
        flushes: How many times a turn waits for the disk, by how the middleware works.
        lost: How many exchanges were not in mem0 at the end.
    """

    name: str
    p50: float
    p95: float
    flushes: int
    lost: int


@dataclasses.dataclass(frozen=True, slots=True)
class Added:
    """How long turns took with a memory, and without.

    Attributes:
        turns: How many were measured, of each kind.
        without: The turns without a memory.
        kinds: The turns with one.
        flush: How many milliseconds a page appended to a file and flushed took, in between.
    """

    turns: int
    without: Kind
    kinds: tuple[Kind, ...]
    flush: float


class _InstantClient:
    """The least that mem0's clients have, which answers at once and keeps what it is given."""

    def __init__(self) -> None:
        self.added: list[str] = []

    async def add(self, messages: list[dict[str, Any]], *, user_id: str) -> dict[str, Any]:
        text = messages[0]["content"]
        self.added.append(text)
        return {"results": [{"id": str(len(self.added)), "memory": text, "event": "ADD"}]}

    async def search(self, query: str, *, filters: dict[str, Any], top_k: int) -> dict[str, Any]:
        found = [
            {"id": str(place), "memory": f"Memory {place} of spring.", "score": 0.5}
            for place in range(top_k)
        ]
        return {"results": found}


async def measure_added(folder: Path, *, turns: int) -> Added:
    """Let agents reply in turn to the same questions, each with another memory.

    Args:
        folder: Where the files go.
        turns: How many replies of each agent.
    """
    clients = {name: _InstantClient() for name in _FLUSHES}
    ours = {
        f"ours, await_write={wait}": Mem0Middleware(
            user_id="alice",
            client=clients[f"ours, await_write={wait}"],
            await_write=wait,
            data_dir=folder / f"ours-{wait}",
        )
        for wait in (True, False)
    }
    theirs = {
        f"AgentScope's, await_write={wait}": Upstream(
            user_id="alice",
            client=cast("AsyncMemory", clients[f"AgentScope's, await_write={wait}"]),
            await_write=wait,
        )
        for wait in (True, False)
    }
    middlewares = {_WITHOUT: None, **ours, **theirs}
    agents = {name: await _agent(middleware) for name, middleware in middlewares.items()}
    readings, flushes = await _reply(folder, agents, turns)
    for middleware in ours.values():
        assert await middleware.settle(60.0)
        await middleware.aclose()
    without, *kinds = (
        Kind(
            name,
            percentile(times, 50),
            percentile(times, 95),
            _FLUSHES.get(name, 0),
            turns + _WARM_UP - len(clients[name].added) if name in clients else 0,
        )
        for name, times in readings.items()
    )
    return Added(turns, without, tuple(kinds), percentile(flushes, 50))


async def _reply(
    folder: Path, agents: Mapping[str, Agent], turns: int
) -> tuple[dict[str, list[float]], list[float]]:
    """Return how many milliseconds each reply took by agent, and a flush after each round."""
    readings: dict[str, list[float]] = {name: [] for name in agents}
    flushes: list[float] = []
    file = os.open(folder / "flushed", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        for number, question in enumerate(Corpus("alice", 1_000).questions(turns + _WARM_UP)):
            for name, agent in agents.items():
                message = Msg(name="Alice", role="user", content=[TextBlock(text=question)])
                with Stopwatch() as watch:
                    await agent.reply(message)
                if number >= _WARM_UP:
                    readings[name].append(1000 * watch.wall)
                if number % _KEPT_TURNS == 0:
                    agent.state.context = []
            with Stopwatch() as watch:
                os.write(file, bytes(_PAGE_BYTES))
                os.fsync(file)
            flushes.append(1000 * watch.wall)
    finally:
        os.close(file)
    return readings, flushes


async def _agent(middleware: Mem0Middleware | Upstream | None) -> Agent:
    middlewares: list[MiddlewareBase] = [] if middleware is None else [middleware]
    return Agent(
        name="Robin",
        system_prompt="You are Robin.",
        model=ScriptedChatModel(lambda _: _ANSWER),
        toolkit=Toolkit(tools=[] if middleware is None else await middleware.list_tools()),
        middlewares=middlewares,
    )
