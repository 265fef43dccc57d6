"""Kills a process in the middle of agents' replies, again and again, and checks what it stored.

``python -m tests.acceptance.kill_replies --rounds 200`` prints a row of counts for each way to
store: in the engine, and through an outbox to a service that keeps files; with and without waiting
for the write. It fails if an exchange whose reply ended is not there exactly once after a restart
and a drain. The same files go on through all rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import dataclasses
import itertools
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

from agentscope.agent import Agent
from agentscope.message import Msg, TextBlock

from remanence import Episode, Filter, Memory
from remanence.backends import Backend, QueuedBackend
from remanence.middleware import MemoryMiddleware
from remanence.outbox.settings import OutboxSettings
from remanence.testing.models import ScriptedChatModel
from remanence.testing.service import ScriptedService
from tests.acceptance.killing import killed

_AGENTS = 4
_DRAIN_SECONDS = 30.0
_SETTINGS = OutboxSettings(lease_seconds=1.0, first_delay=0.05, longest_delay=0.5, poll_seconds=0.1)
WAYS = tuple(itertools.product(("engine", "outbox"), (True, False)))
"""Where it is stored, and whether a reply waits for that."""


@dataclasses.dataclass
class Outcome:
    """What was found for one way to store, over its rounds so far; replies are counted."""

    place: str
    await_write: bool
    rounds: int = 0
    ended: int = 0
    missing: int = 0
    twice: int = 0
    unasked: int = 0
    """Answers that are stored without their question."""
    slowest_drain: float = 0.0


@contextlib.asynccontextmanager
async def _opened(place: str, folder: Path) -> AsyncGenerator[tuple[Memory | Backend, object]]:
    if place == "engine":
        async with Memory.open(folder / "memory.db") as memory:
            yield memory, memory
    else:
        service = ScriptedService(folder / "service")
        async with QueuedBackend.open(service, folder / "outbox.db", settings=_SETTINGS) as backend:
            yield backend, service


async def _reply_until_killed(
    place: str, folder: Path, round_: int, pipe: int, *, await_write: bool
) -> None:
    async def converse(number: int, memory: Memory | Backend) -> None:
        model = ScriptedChatModel(lambda messages: f"The answer to {_word_in(messages)}.")
        middleware = MemoryMiddleware(
            memory, user_id=f"user{number}", mode="static_control", await_write=await_write
        )
        agent = Agent(name="Robin", system_prompt="", model=model, middlewares=[middleware])
        for turn in itertools.count():
            word = f"r{round_}a{number}t{turn}"
            question = Msg(name="Alice", role="user", content=[TextBlock(text=f"Ask {word}")])
            await agent.reply(question)
            os.write(pipe, f"{word}\n".encode())
            if turn % 10 == 9:
                agent.state.context = []

    async with _opened(place, folder) as (memory, _), asyncio.TaskGroup() as group:
        for number in range(_AGENTS):
            group.create_task(converse(number, memory))


def _word_in(messages: list[Msg]) -> str:
    asked = [message for message in messages if message.role == "user" and message.name == "Alice"]
    return (asked[-1].get_text_content() or "").split()[-1]


async def _texts(place: str, folder: Path) -> tuple[collections.Counter[str], float]:
    """Open what is stored, drain it, and count each text; tell how long the drain took."""
    texts: collections.Counter[str] = collections.Counter()
    begun = time.monotonic()
    async with _opened(place, folder) as (memory, there):
        if isinstance(memory, QueuedBackend) and not await memory.settle(_DRAIN_SECONDS):
            raise AssertionError(f"what waits was not delivered in {_DRAIN_SECONDS:g} s")
        seconds = time.monotonic() - begun
        for number in range(_AGENTS):
            user = Filter(f"user{number}")
            if isinstance(there, ScriptedService):
                texts.update(text for _, _, text in there.kept(user))
            elif isinstance(there, Memory):
                page = await there.list(scope=user, limit=10_000)
                texts.update(item.content for item in page.items if isinstance(item, Episode))
    return texts, seconds


def run(folder: Path, rounds: int, seed: int) -> list[Outcome]:
    """Kill ``rounds`` processes, the ways to store in turn, and count what is there after each."""
    random_ = random.Random(seed)
    outcomes = [Outcome(place, await_write) for place, await_write in WAYS]
    ended: dict[int, set[str]] = collections.defaultdict(set)
    for round_ in range(rounds):
        way = round_ % len(WAYS)
        outcome = outcomes[way]
        home = folder / f"{way}"
        home.mkdir(exist_ok=True)
        delay = random_.uniform(0.0, 0.15)
        work = partial(
            _reply_until_killed, outcome.place, home, round_, await_write=outcome.await_write
        )
        ended[way] |= {*killed(work, delay=delay)}
        texts, seconds = asyncio.run(_texts(outcome.place, home))
        outcome.rounds += 1
        outcome.ended = len(ended[way])
        outcome.slowest_drain = round(max(outcome.slowest_drain, seconds), 2)
        outcome.missing = sum(
            f"Ask {word}" not in texts or f"The answer to {word}." not in texts
            for word in ended[way]
        )
        outcome.twice = sum(count > 1 for count in texts.values())
        outcome.unasked = sum(
            text.replace("The answer to ", "Ask ").rstrip(".") not in texts
            for text in texts
            if text.startswith("The answer to ")
        )
        if outcome.missing or outcome.twice or outcome.unasked:
            break
    return outcomes


def main() -> int:
    """Run by the command line's arguments and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run(Path(folder), arguments.rounds, arguments.seed)
    names = [field.name for field in dataclasses.fields(Outcome)]
    print(" ".join(f"{name:>13}" for name in names))
    for outcome in outcomes:
        print(" ".join(f"{value!s:>13}" for value in dataclasses.asdict(outcome).values()))
    return int(any(each.missing or each.twice or each.unasked for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
