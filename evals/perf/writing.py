"""What observing costs: beside a bare commit, and many at a time."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import apsw

from evals.perf.corpus import Corpus
from evals.perf.measures import Stopwatch
from remanence import Memory, Message, Scope

__all__ = ["Commit", "Cost", "Grouping", "measure_commit", "measure_grouping"]

_CHARACTERS = 200
_PAGE_BYTES = 4096


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """What one write costs, in milliseconds; medians over repeats.

    Attributes:
        wall: How long it takes.
        processor: Processor time, in all threads.
        here: Processor time on the calling thread, which for ``observe`` runs the event loop.
    """

    wall: float
    processor: float
    here: float


@dataclasses.dataclass(frozen=True, slots=True)
class Commit:
    """What ``observe`` of one message costs beside a bare commit of the same bytes.

    Attributes:
        observe: The message observed.
        bare: The message inserted into a file with one table, on the calling thread.
        flush: A page appended to a file and flushed to disk.
    """

    observe: Cost
    bare: Cost
    flush: Cost


@dataclasses.dataclass(frozen=True, slots=True)
class Grouping:
    """How writes share transactions; medians over repeats.

    Attributes:
        calls: How many messages were observed, one a call.
        at_once: How many calls waited at any time.
        transactions: How many transactions they took.
        rate: Calls a second.
    """

    calls: int
    at_once: int
    transactions: float
    rate: float


def _messages() -> Iterator[Message]:
    """Yield different messages of about 200 characters, each with an id."""
    for seed in itertools.count(100):
        texts = (
            message.content
            for batch in Corpus("nobody", 4_000, seed).batches()
            for conversation in batch
            for message in conversation.messages
        )
        text = " ".join(texts)
        for start in range(0, len(text) - _CHARACTERS, _CHARACTERS):
            yield Message("user", text[start : start + _CHARACTERS].strip(), id=f"{seed}-{start}")


async def measure_commit(folder: Path, *, repeats: int, calls: int) -> Commit:
    """Measure blocks of ``calls`` writes one after another, of each kind in turn.

    Args:
        folder: Where the files go.
        repeats: How many blocks of each kind.
        calls: How many writes a block.
    """
    messages = _messages()
    observed: list[Stopwatch] = []
    bare: list[Stopwatch] = []
    flushed: list[Stopwatch] = []
    connection = _bare_connection(folder / "bare.db")
    async with Memory.open(folder / "observe.db") as memory:
        scope = Scope("alice", session_id="one")
        await memory.observe(next(messages), scope=scope)
        for _ in range(repeats):
            block = list(itertools.islice(messages, calls))
            with Stopwatch() as watch:
                for message in block:
                    await memory.observe(message, scope=scope)
            observed.append(watch)
            with Stopwatch() as watch:
                for message in block:
                    _insert(connection, message)
            bare.append(watch)
            flushed.append(_flush(folder / "flushed", calls))
    connection.close()
    return Commit(_cost(observed, calls), _cost(bare, calls), _cost(flushed, calls))


def _cost(watches: list[Stopwatch], calls: int) -> Cost:
    return Cost(
        *(
            1000 * median(getattr(watch, clock) for watch in watches) / calls
            for clock in ("wall", "processor", "here")
        )
    )


def _bare_connection(path: Path) -> Any:
    connection: Any = apsw.Connection(str(path))  # its stubs name a type that 3.11 doesn't have
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("secure_delete", True)
    connection.execute("CREATE TABLE said (message_id TEXT NOT NULL, content TEXT NOT NULL)")
    return connection


def _insert(connection: Any, message: Message) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO said VALUES (?, ?)", (message.id, message.content))
    connection.execute("COMMIT")


def _flush(path: Path, calls: int) -> Stopwatch:
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        with Stopwatch() as watch:
            for _ in range(calls):
                os.write(file, bytes(_PAGE_BYTES))
                os.fsync(file)
    finally:
        os.close(file)
    return watch


async def measure_grouping(
    folder: Path, *, repeats: int, calls: int, at_once: Sequence[int]
) -> list[Grouping]:
    """Measure ``calls`` observations for each of ``at_once``, in turn.

    Args:
        folder: Where the file goes.
        repeats: How often.
        calls: How many observations.
        at_once: How many wait at any time.
    """
    messages = _messages()
    readings: dict[int, list[tuple[int, float]]] = {count: [] for count in at_once}
    async with Memory.open(folder / "grouping.db") as memory:
        for _ in range(repeats):
            for count, read in readings.items():
                before = (await memory.stats()).commits
                rate = await _rate(memory, list(itertools.islice(messages, calls)), count)
                read.append(((await memory.stats()).commits - before, rate))
    return [
        Grouping(
            calls,
            count,
            transactions=median(transactions for transactions, _ in read),
            rate=median(rate for _, rate in read),
        )
        for count, read in readings.items()
    ]


async def _rate(memory: Memory, messages: Sequence[Message], at_once: int) -> float:
    """Return how many messages a second are observed by so many tasks."""
    waiting = iter(messages)

    async def work() -> None:
        for message in waiting:
            await memory.observe(message, scope=Scope("alice", session_id="one"))

    with Stopwatch() as watch:
        await asyncio.gather(*(work() for _ in range(at_once)))
    return len(messages) / watch.wall
