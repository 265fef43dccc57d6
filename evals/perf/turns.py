"""What a memory adds to a turn of an agent: the same scripted replies with it and without it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from statistics import median

from agentscope.agent import Agent
from agentscope.message import Msg, TextBlock
from agentscope.tool import Toolkit

from evals.perf.corpus import Corpus
from evals.perf.measures import Stopwatch, percentile
from remanence import Memory
from remanence.middleware import MemoryMiddleware
from remanence.testing.models import ScriptedChatModel

__all__ = ["Turns", "measure_turns"]

_PAGE_BYTES = 4096
_KEPT_TURNS = 10
"""After so many turns the context is emptied, as compression does."""
_ANSWER = "That was in spring, if I remember rightly, and everybody came along. " * 3


@dataclasses.dataclass(frozen=True, slots=True)
class Turns:
    """How long turns took, in milliseconds.

    Attributes:
        episodes: How many were stored before.
        turns: How many were measured, of each kind.
        without: The median without a memory.
        without_p95: The 95th percentile of these.
        with_memory: The median with one.
        with_memory_p95: The 95th percentile of these.
        flush: The median of a page appended to a file and flushed, in between.
    """

    episodes: int
    turns: int
    without: float
    without_p95: float
    with_memory: float
    with_memory_p95: float
    flush: float


async def measure_turns(folder: Path, *, episodes: int, turns: int) -> Turns:
    """Let two agents reply in turn to the same questions, one of them with a memory.

    Args:
        folder: Where the files go.
        episodes: How many to store first.
        turns: How many replies of each agent.
    """
    corpus = Corpus("alice", episodes)
    readings: dict[str, list[float]] = {"without": [], "with": [], "flush": []}
    file = os.open(folder / "flushed", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    async with Memory.open(folder / "turns.db") as memory:
        for batch in corpus.batches():
            await memory.observe_all(batch)
        middleware = MemoryMiddleware(memory, user_id="alice")
        agents = {
            "without": await _agent(None),
            "with": await _agent(middleware),
        }
        for number, question in enumerate(corpus.questions(turns + 10)):
            for name, agent in agents.items():
                message = Msg(name="Alice", role="user", content=[TextBlock(text=question)])
                with Stopwatch() as watch:
                    await agent.reply(message)
                if number >= 10:  # the first turns load the index
                    readings[name].append(1000 * watch.wall)
                if number % _KEPT_TURNS == 0:
                    agent.state.context = []
            with Stopwatch() as watch:
                os.write(file, bytes(_PAGE_BYTES))
                os.fsync(file)
            readings["flush"].append(1000 * watch.wall)
    os.close(file)
    return Turns(
        episodes,
        turns,
        median(readings["without"]),
        percentile(readings["without"], 95),
        median(readings["with"]),
        percentile(readings["with"], 95),
        median(readings["flush"]),
    )


async def _agent(middleware: MemoryMiddleware | None) -> Agent:
    return Agent(
        name="Robin",
        system_prompt="You are Robin.",
        model=ScriptedChatModel(lambda _: _ANSWER),
        toolkit=Toolkit(tools=[] if middleware is None else await middleware.list_tools()),
        middlewares=[] if middleware is None else [middleware],
    )
