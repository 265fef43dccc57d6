"""Measures one build of SQLite with or without a key: run by :mod:`evals.encryption`."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import itertools
import tempfile
from pathlib import Path
from statistics import median

from evals.perf.corpus import Corpus
from evals.perf.measures import Stopwatch, percentile
from evals.processes import write_result
from remanence import Memory, Message, Scope

__all__ = ["KEYS", "Measured"]

KEYS: dict[str, str | bytes | None] = {
    "none": None,
    "bytes": bytes(range(32)),
    "passphrase": "seven ducks in a tollhouse",
}
_OPENINGS = 5
_ONE_BY_ONE = 300
_TOGETHER = 2_000
_AT_ONCE = 64
_QUESTIONS = 100
_FORGOTTEN = 3
_USER = "alice"


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """What one process measured.

    Attributes:
        opening: Milliseconds to open a file that is there.
        storing: Milliseconds of processor time for a message, one at a time.
        together: Messages a second, 64 at a time.
        first: Milliseconds of the first search after opening, over all episodes of one user.
        search: Milliseconds of a search after that, the median.
        forgetting: Milliseconds to forget one message.
        size: Bytes of the file for each episode.
    """

    opening: float
    storing: float
    together: float
    first: float
    search: float
    forgetting: float
    size: float


async def _measure(folder: Path, key: str | bytes | None, episodes: int) -> Measured:
    database = folder / "memory.db"
    corpus = Corpus(_USER, episodes)
    async with Memory.open(database, key=key) as memory:
        for batch in corpus.batches():
            await memory.observe_all(batch)
    size = (await asyncio.to_thread(database.stat)).st_size / episodes
    opening, first = await _opened(database, key, corpus.questions(_OPENINGS))
    async with Memory.open(database, key=key) as memory:
        search = await _searched(memory, corpus.questions(_QUESTIONS))
        forgetting = await _forgotten(memory)
    async with Memory.open(folder / "writing.db", key=key) as memory:
        storing = await _stored_one_by_one(memory)
        together = await _stored_together(memory)
    return Measured(opening, storing, together, first, search, forgetting, size)


async def _opened(
    database: Path, key: str | bytes | None, questions: list[str]
) -> tuple[float, float]:
    opening: list[float] = []
    first: list[float] = []
    for question in questions:
        with Stopwatch() as watch:
            memory = await Memory.open(database, key=key).__aenter__()
        opening.append(1000 * watch.wall)
        first += await _times(memory, [question])
        await memory.aclose()
    return median(opening), median(first)


async def _searched(memory: Memory, questions: list[str]) -> float:
    await _times(memory, questions[:5])
    return percentile(await _times(memory, questions), 50)


async def _times(memory: Memory, questions: list[str]) -> list[float]:
    times: list[float] = []
    for question in questions:
        with Stopwatch() as watch:
            hits = await memory.recall(question, scope=Scope(_USER))
        assert hits, question
        times.append(1000 * watch.wall)
    return times


async def _forgotten(memory: Memory) -> float:
    page = await memory.list(scope=Scope(_USER), limit=_FORGOTTEN)
    times: list[float] = []
    for item in page.items:
        with Stopwatch() as watch:
            await memory.forget([item.id], scope=Scope(_USER))
        times.append(1000 * watch.wall)
    return median(times)


def _messages(count: int, seed: int) -> list[Message]:
    batches = Corpus("nobody", count, seed).batches()
    conversations = itertools.chain.from_iterable(batches)
    return [message for each in conversations for message in each.messages]


async def _stored_one_by_one(memory: Memory) -> float:
    scope = Scope("bob", session_id="one by one")
    with Stopwatch() as watch:
        for message in _messages(_ONE_BY_ONE, 11):
            await memory.observe(message, scope=scope)
    return 1000 * watch.processor / _ONE_BY_ONE


async def _stored_together(memory: Memory) -> float:
    scope = Scope("bob", session_id="together")
    waiting = iter(_messages(_TOGETHER, 12))

    async def store() -> None:
        for message in waiting:
            await memory.observe(message, scope=scope)

    with Stopwatch() as watch:
        await asyncio.gather(*(store() for _ in range(_AT_ONCE)))
    return _TOGETHER / watch.wall


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", choices=KEYS, required=True)
    parser.add_argument("--episodes", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = _measure(Path(folder), KEYS[arguments.key], arguments.episodes)
        write_result(arguments.out, asyncio.run(measured))


if __name__ == "__main__":
    _main()
