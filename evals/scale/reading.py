"""Recalls from one store: ``python -m evals.scale.reading``."""

from __future__ import annotations

import argparse
import asyncio
import random
import re
from pathlib import Path

from evals.madeup import MadeUpEmbedder
from evals.perf.measures import Stopwatch, percentile
from evals.processes import write_result
from evals.resident import resident_bytes
from evals.scale.records import Read
from evals.scale.writing import user_name
from remanence import Episode, Memory, Scope

_SEED = 3
_MOST_USERS = 200
_QUESTIONS = 300
_LEAST_A_USER = 5
_WORD = re.compile(r"\w{5,}")
_FROM = 100
"""From so many of a user's earliest episodes questions are made."""


async def _read(database: Path, users: int, *, index_bytes: int, vectors: bool) -> Read:
    draw = random.Random(_SEED)
    asked = [user_name(each) for each in draw.sample(range(users), min(users, _MOST_USERS))]
    each = max(_LEAST_A_USER, _QUESTIONS // len(asked))
    first: list[float] = []
    warm: list[float] = []
    before = resident_bytes()
    memory = Memory.open(
        database, embedder=MadeUpEmbedder() if vectors else None, index_bytes=index_bytes
    )
    async with memory:
        for user in asked:
            questions = await _questions(memory, user, each + 1, draw)
            first.append(await _time(memory, user, questions[0]))
            warm += [await _time(memory, user, question) for question in questions[1:]]
        stats = await memory.stats()
        grown = resident_bytes() - before
    return Read(
        len(asked),
        percentile(first, 50),
        percentile(first, 95),
        percentile(warm, 50),
        percentile(warm, 95),
        stats.index_bytes,
        grown,
    )


async def _questions(memory: Memory, user: str, count: int, draw: random.Random) -> list[str]:
    """Return questions, each of some words of two neighbouring turns."""
    page = await memory.list(scope=Scope(user), limit=_FROM)
    texts = [item.content for item in page.items if isinstance(item, Episode)]
    questions: list[str] = []
    while len(questions) < count:
        place = draw.randrange(len(texts))
        words = _WORD.findall(" ".join(texts[place : place + 2]))
        some = draw.sample(words, min(6, len(words)))
        if some:
            questions.append(f"What did you tell me about {' '.join(some)}?")
    return questions


async def _time(memory: Memory, user: str, question: str) -> float:
    with Stopwatch() as watch:
        hits = await memory.recall(question, scope=Scope(user))
    assert hits, question
    return 1000 * watch.wall


def main() -> None:
    """Recall from a store, and write what that took as JSON."""
    parser = argparse.ArgumentParser(prog="python -m evals.scale.reading", description=__doc__)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--index-bytes", type=int, required=True)
    parser.add_argument("--vectors", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args()
    result = asyncio.run(
        _read(told.database, told.users, index_bytes=told.index_bytes, vectors=told.vectors)
    )
    write_result(told.out, result)


if __name__ == "__main__":
    main()
