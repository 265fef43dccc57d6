"""Many writes at a time into mem0's local store: what was acknowledged, and what is there."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from agentscope.message import Msg

from evals.perf.corpus import Corpus
from evals.perf.measures import Stopwatch
from evals.perf.mem0.bare import DIMENSIONS, configuration, opened
from remanence import Filter, Scope
from remanence.backends import RecallRequest
from remanence.backends.mem0 import Mem0Backend
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.models import ScriptedChatModel

__all__ = ["Writes", "measure_writes"]

_USER = "alice"
_SETTLE_SECONDS = 300.0
_STATEMENT = re.compile(r"Statement \d+ of Alice: [^\"\n\\]*")


@dataclasses.dataclass(frozen=True, slots=True)
class Writes:
    """What came of writes.

    Attributes:
        way: How they were written.
        calls: How many there were.
        at_once: How many waited at any time.
        acknowledged: How many were reported as stored.
        found: How many of all are there after closing and opening again.
        missing: How many that were reported as stored are not.
        twice: How many memories there are too many.
        searches: Whether a search in the same process, right after the writes, works.
        seconds: How long they took.
    """

    way: str
    calls: int
    at_once: int
    acknowledged: int
    found: int
    missing: int
    twice: int
    searches: bool
    seconds: float


Add = Callable[[str], Awaitable[bool]]
"""Writes a statement, and tells whether it is stored."""


async def measure_writes(folder: Path, *, calls: int, at_once: int) -> list[Writes]:
    """Write the same statements through our backend, and directly with mem0's ``AsyncMemory``.

    Args:
        folder: Where the files go.
        calls: How many statements.
        at_once: How many writes wait at any time.
    """
    statements = _statements(calls)
    return [
        await _through_backend(folder / "backend", statements, at_once),
        await _directly(folder / "direct", statements, at_once),
    ]


def _statements(count: int) -> list[str]:
    texts = (
        message.content
        for batch in Corpus("alice", count).batches()
        for conversation in batch
        for message in conversation.messages
    )
    return [f"Statement {number} of Alice: {text}" for number, text in enumerate(texts)]


async def _through_backend(folder: Path, statements: Sequence[str], at_once: int) -> Writes:
    backend = Mem0Backend(
        chat_model=ScriptedChatModel(_extract, stream=False),
        embedding_model=ScriptedEmbeddingModel(DIMENSIONS),
        mem0_config=configuration(folder),
        data_dir=folder,
    )

    sessions = itertools.cycle(range(at_once))  # what is said in one is delivered in order

    async def add(statement: str) -> bool:
        scope = Scope(_USER, session_id=f"session-{next(sessions)}")
        return await backend.remember([statement], scope=scope, wait=_SETTLE_SECONDS)

    async def search() -> bool:
        asked = RecallRequest(statements[0], Filter(_USER), 5, Scope(_USER))
        return bool(await backend.recall(asked))

    try:
        with Stopwatch() as watch:
            acknowledged = await _write(statements, add, at_once)
            assert await backend.settle(_SETTLE_SECONDS)
        searches = await _works(search)
    finally:
        await backend.aclose()
    return await _judge(
        "through the backend", folder, statements, at_once, acknowledged, searches, watch.wall
    )


async def _directly(folder: Path, statements: Sequence[str], at_once: int) -> Writes:
    with opened(folder) as memory:

        async def add(statement: str) -> bool:
            said = [{"role": "user", "content": statement}]
            answer = await memory.add(said, user_id=_USER, infer=False)
            return bool(answer["results"])

        async def search() -> bool:
            found = await memory.search(statements[0], filters={"user_id": _USER})
            return bool(found["results"])

        with Stopwatch() as watch:
            acknowledged = await _write(statements, add, at_once)
        searches = await _works(search)
    return await _judge(
        "AsyncMemory.add, directly",
        folder,
        statements,
        at_once,
        acknowledged,
        searches,
        watch.wall,
    )


def _extract(messages: list[Msg]) -> str:
    """Answer mem0's extraction prompt: the statement that is new is the one fact."""
    prompt = "\n".join(message.get_text_content() or "" for message in messages)
    new = prompt.rpartition("## New Messages")[2]
    stated = _STATEMENT.findall(new)
    return json.dumps({"memory": [{"text": text.strip()} for text in stated]})


async def _write(statements: Sequence[str], add: Add, at_once: int) -> set[str]:
    """Return what was acknowledged."""
    waiting: Iterator[str] = iter(statements)
    acknowledged: set[str] = set()

    async def work() -> None:
        for statement in waiting:
            if await _works(lambda statement=statement: add(statement)):
                acknowledged.add(statement)

    await asyncio.gather(*(work() for _ in range(at_once)))
    return acknowledged


async def _works(call: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await call()
    except Exception:  # whatever mem0's local store fails with, is what is measured
        return False


async def _judge(
    way: str,
    folder: Path,
    statements: Sequence[str],
    at_once: int,
    acknowledged: set[str],
    searches: bool,
    seconds: float,
) -> Writes:
    """Open the store again, by mem0 itself for both ways, and count."""
    with opened(folder) as memory:
        answer = await memory.get_all(filters={"user_id": _USER}, top_k=10 * len(statements))
    memories = [each["memory"].strip() for each in answer["results"]]
    stored = set(memories)
    return Writes(
        way,
        len(statements),
        at_once,
        len(acknowledged),
        len(stored.intersection(statements)),
        len(acknowledged - stored),
        len(memories) - len(stored),
        searches,
        seconds,
    )
