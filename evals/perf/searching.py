"""What recall takes: warm, and at the first touch of a user; and how large the index is."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from statistics import median

from evals.perf.corpus import Corpus
from evals.perf.measures import Stopwatch, percentile
from remanence import Memory, Scope

__all__ = ["Search", "measure_search"]

_USER = "alice"
_UNKNOWN_WORD = "zzyqxwords"
"""A word that nobody used: the words like it are looked up instead."""


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """What recall takes in one user's memory; medians over repeats.

    Attributes:
        episodes: How many the user has.
        ingest_seconds: How long storing them took.
        warm_p50: Milliseconds a recall takes, the index being loaded: the median over questions.
        warm_p95: The 95th percentile.
        unknown_p50: The median for the same questions with a word in them that nobody used.
        first_touch: Milliseconds the first recall takes after the file is opened.
        index_bytes: Memory the index holds for each episode.
        store_bytes: Space on disk for each episode.
    """

    episodes: int
    ingest_seconds: float
    warm_p50: float
    warm_p95: float
    unknown_p50: float
    first_touch: float
    index_bytes: float
    store_bytes: float


async def measure_search(folder: Path, *, episodes: int, questions: int, repeats: int) -> Search:
    """Store a made-up conversation and ask questions about it.

    Args:
        folder: Where the file goes.
        episodes: How many turns the conversation has.
        questions: How many different questions are asked.
        repeats: How often, and how often the file is opened anew.
    """
    database = folder / f"search-{episodes}.db"
    corpus = Corpus(_USER, episodes)
    ingest_seconds = await _store(database, corpus)
    asked = corpus.questions(questions)
    first_touch = [
        await _first_touch(database, asked[repeat % questions]) for repeat in range(repeats)
    ]
    async with Memory.open(database) as memory:
        await _times(memory, asked[:10])
        warm = [await _times(memory, asked) for _ in range(repeats)]
        asked_unknown = [
            f"{question} {_UNKNOWN_WORD}{place}" for place, question in enumerate(asked)
        ]
        await _times(memory, asked_unknown[:1])
        unknown = await _times(memory, asked_unknown)
        stats = await memory.stats()
    return Search(
        episodes=stats.episodes,
        ingest_seconds=ingest_seconds,
        warm_p50=median(percentile(times, 50) for times in warm),
        warm_p95=median(percentile(times, 95) for times in warm),
        unknown_p50=percentile(unknown, 50),
        first_touch=median(first_touch),
        index_bytes=stats.index_bytes / stats.episodes,
        store_bytes=stats.store_bytes / stats.episodes,
    )


async def _store(database: Path, corpus: Corpus) -> float:
    seconds = 0.0
    async with Memory.open(database) as memory:
        for batch in corpus.batches():
            with Stopwatch() as watch:
                await memory.observe_all(batch)
            seconds += watch.wall
    return seconds


async def _first_touch(database: Path, question: str) -> float:
    async with Memory.open(database) as memory:
        (milliseconds,) = await _times(memory, [question])
    return milliseconds


async def _times(memory: Memory, questions: list[str]) -> list[float]:
    """Return how many milliseconds recall takes for each question."""
    times: list[float] = []
    for question in questions:
        with Stopwatch() as watch:
            hits = await memory.recall(question, scope=Scope(_USER))
        assert hits, question
        times.append(1000 * watch.wall)
    return times
