"""What a search takes: the engine's recall beside mem0's, over the same items of one user."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import uuid
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.perf.corpus import Corpus
from evals.perf.measures import Stopwatch, percentile
from evals.perf.mem0.bare import opened
from remanence import Memory, Scope

__all__ = ["Searches", "measure_searches"]

_USER = "alice"
_LIMIT = 10
_BATCH = 1_000
_BLOCK = 30
"""How many questions one is asked before the other is."""


@dataclasses.dataclass(frozen=True, slots=True)
class Searches:
    """What a search takes, in milliseconds.

    Attributes:
        items: How many the user has.
        questions: How many different questions were asked of both.
        limit: How many items each search returns at most.
        engine_p50: The median of the engine's recall.
        engine_p95: The 95th percentile of these.
        mem0_p50: The median of mem0's search.
        mem0_p95: The 95th percentile of these.
        filled_seconds: How long filling mem0's store took.
    """

    items: int
    questions: int
    limit: int
    engine_p50: float
    engine_p95: float
    mem0_p50: float
    mem0_p95: float
    filled_seconds: float


async def measure_searches(folder: Path, *, items: int, questions: int) -> Searches:
    """Ask both the same questions, some of them at a time, so that both are warm.

    Args:
        folder: Where the files go.
        items: How many turns of a made-up conversation both are given.
        questions: How many different questions are asked.
    """
    corpus = Corpus(_USER, items)
    asked = corpus.questions(questions)
    engine: list[float] = []
    mem0: list[float] = []
    async with Memory.open(folder / "engine.db") as memory:
        for batch in corpus.batches():
            await memory.observe_all(batch)
        with opened(folder / "mem0") as other:
            with Stopwatch() as filling:
                await asyncio.to_thread(_fill, other, corpus)
            await asyncio.to_thread(other.embedding_model.learn, asked)
            for start in range(0, questions, _BLOCK):
                some = asked[start : start + _BLOCK]
                engine += await _times(some, lambda each: _recall(memory, each))
                mem0 += await _times(some, lambda each: _search(other, each))
    return Searches(
        items,
        questions,
        _LIMIT,
        percentile(engine, 50),
        percentile(engine, 95),
        percentile(mem0, 50),
        percentile(mem0, 95),
        filling.wall,
    )


async def _recall(memory: Memory, question: str) -> bool:
    return bool(await memory.recall(question, scope=Scope(_USER), limit=_LIMIT))


async def _search(memory: Any, question: str) -> bool:
    answer = await memory.search(question, filters={"user_id": _USER}, top_k=_LIMIT)
    return bool(answer["results"])


async def _times(
    questions: Sequence[str], ask: Callable[[str], Coroutine[Any, Any, bool]]
) -> list[float]:
    """Return how many milliseconds each question takes; the first is asked once before."""
    assert await ask(questions[0])
    times: list[float] = []
    for question in questions:
        with Stopwatch() as watch:
            found = await ask(question)
        assert found, question
        times.append(1000 * watch.wall)
    return times


def _fill(memory: Any, corpus: Corpus) -> None:
    """Put the turns into mem0's vector store, with the payloads that its own ``add`` writes.

    One at a time through ``add`` would take several times as long, and store the same.
    """
    embedder = memory.embedding_model
    messages = [
        message
        for batch in corpus.batches()
        for conversation in batch
        for message in conversation.messages
    ]
    for start in range(0, len(messages), _BATCH):
        some = messages[start : start + _BATCH]
        texts = [message.content for message in some]
        memory.vector_store.insert(
            vectors=embedder.embed_batch(texts),
            ids=[str(uuid.uuid4()) for _ in some],
            payloads=[_payload(message.role, message.content) for message in some],
        )


def _payload(role: str, text: str) -> dict[str, str]:
    from mem0.utils.lemmatization import lemmatize_for_bm25  # pyright: ignore[reportMissingTypeStubs] - our stubs lack it

    now = datetime.now(UTC).isoformat()
    return {
        "user_id": _USER,
        "role": role,
        "data": text,
        "hash": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "created_at": now,
        "updated_at": now,
        "text_lemmatized": lemmatize_for_bm25(text),
    }
