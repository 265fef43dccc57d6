"""What is measured of each middleware."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from agentscope.message import ToolCallBlock

from evals.reme.kinds import LookingTool, agent_of, opened, says, search, until_found
from evals.reme.workspace import Fact, extracting_model, facts, is_page, prepare
from remanence.testing.models import ScriptedChatModel

__all__ = ["Measured", "measure"]

_TOLD_FROM = 50_000
"""The number of the first fact that is told to an agent."""

_FAILURES = 4
"""How often a model fails at a fact that is away for a while: more than a call is tried."""

_SEARCHES = 100
_SETTLED_SECONDS, _PAUSE_SECONDS = 3.0, 1.5
"""Ours looks at all files where some are so new, and where the last look is so long ago."""


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a middleware.

    Attributes:
        reached: In how many replies of one call what was recalled reached the prompt.
        notes: How many memory notes were in the context after the turns.
        after_kill: How many exchanges were found again after kills.
        after_outage: How many were after the extracting model had been away.
        search_ms: The median of a search, one right after the other.
        paused_ms: The median of a search that comes after a pause.
        pages: In how many searches a day's page came back as a memory.
    """

    reached: int
    notes: int
    after_kill: int
    after_outage: int
    search_ms: float
    paused_ms: float
    pages: int


async def measure(kind: str, folder: Path, *, notes: int, replies: int) -> Measured | str:
    """Measure a middleware; or return why it does not start.

    Args:
        kind: Which one.
        folder: Where its files go.
        notes: How many notes there are beforehand.
        replies: How many replies, turns, exchanges or searches each figure is of.
    """
    known = list(facts(0, notes))
    asked = known[:: max(notes // replies, 1)][:replies]
    await prepare(folder / "notes", notes)
    async with opened(kind, folder / "notes", extracting_model()) as middleware:
        try:
            is_there = [await until_found(middleware, each.question, each.text) for each in known]
        except Exception as error:  # whatever keeps it from starting is what is told
            return str(error) or type(error).__name__
        assert all(is_there), f"{is_there.count(False)} of the prepared notes are not found"
        await asyncio.sleep(_SETTLED_SECONDS)
        search_ms = await _median_ms(middleware, known[:: max(notes // _SEARCHES, 1)])
        paused_ms = await _median_ms(middleware, asked, pause=_PAUSE_SECONDS)
        pages = await _pages(middleware, replies)
        reached = await _reached(middleware, asked)
        in_context = await _in_context(middleware, asked)
    after_kill = await _after_kill(kind, folder / "killed", replies)
    after_outage = await _after_outage(kind, folder / "outage", replies)
    return Measured(reached, in_context, after_kill, after_outage, search_ms, paused_ms, pages)


async def _median_ms(middleware: object, asked: Sequence[Fact], *, pause: float = 0.0) -> float:
    times: list[float] = []
    for fact in asked:
        await asyncio.sleep(pause)
        began = time.perf_counter()
        assert fact.text in await search(middleware, fact.question)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


async def _pages(middleware: object, replies: int) -> int:
    pages = 0
    for number in range(replies):
        told = await search(middleware, f"Which notes of the day name Person{number}? daily notes")
        pages += is_page(told)
    return pages


async def _reached(middleware: object, asked: Sequence[Fact]) -> int:
    reached = 0
    for fact in asked:
        model = ScriptedChatModel(["I see."])
        agent = await agent_of(model, middleware)
        await agent.reply(says(fact.question))
        reached += fact.text in str(model.calls[0])
    return reached


async def _in_context(middleware: object, asked: Sequence[Fact]) -> int:
    """Let one agent reply to all, each time after a look with a tool; count what it then sees."""
    answers = [
        answer
        for number in range(len(asked))
        for answer in ([ToolCallBlock(id=f"look-{number}", name="look", input="{}")], "I see.")
    ]
    agent = await agent_of(ScriptedChatModel(answers), middleware, LookingTool())
    for fact in asked:
        await agent.reply(says(fact.question))
    return sum(message.name == "memory" for message in agent.state.context)


async def _after_kill(kind: str, folder: Path, replies: int) -> int:
    numbers = range(_TOLD_FROM, _TOLD_FROM + replies)
    for number in numbers:
        command = [sys.executable, "-m", "evals.reme.killed", kind, str(folder), str(number)]
        ended = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, timeout=60, env=_here()
        )
        assert ended.returncode < 0, ended.stderr.decode()
    return await _found_again(kind, folder, list(facts(_TOLD_FROM, replies)))


def _here() -> dict[str, str]:
    """Return an environment in which this package is found from anywhere."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


async def _after_outage(kind: str, folder: Path, replies: int) -> int:
    told = list(facts(_TOLD_FROM, replies))
    async with opened(kind, folder, extracting_model(failures=_FAILURES)) as middleware:
        for fact in told:
            agent = await agent_of(ScriptedChatModel(["I see."]), middleware)
            await agent.reply(says(fact.text))
    return await _found_again(kind, folder, told)


async def _found_again(kind: str, folder: Path, told: Sequence[Fact]) -> int:
    async with opened(kind, folder, extracting_model()) as middleware:
        await search(middleware, told[0].question)
        if hasattr(middleware, "settle"):
            assert await middleware.settle(60.0)
        found = [await until_found(middleware, fact.question, fact.text, 3.0) for fact in told]
    return sum(found)
