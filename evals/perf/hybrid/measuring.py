"""Measures one size: ``python -m evals.perf.hybrid.measuring``, started with one thread."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from evals.madeup import MadeUpEmbedder
from evals.perf.corpus import Corpus
from evals.perf.hybrid.records import Hybrid
from evals.perf.measures import Stopwatch, percentile
from evals.processes import write_result
from evals.resident import resident_bytes
from remanence import Memory, Scope

_USER = "alice"
_FEW = "bob"
_FEW_EPISODES = 100
_PRODUCTS = 300
_SETTLE_SECONDS = 3_600.0


async def _measure(folder: Path, *, episodes: int, questions: int, repeats: int) -> Hybrid:
    database = folder / "hybrid.db"
    corpus = Corpus(_USER, episodes)
    embedder = MadeUpEmbedder()
    ingest_seconds, settle_seconds = await _store(database, corpus, embedder)
    asked = corpus.questions(questions)
    few_asked = _few(corpus).questions(questions)
    first = [await _first_touch(database, embedder, asked[each]) for each in range(repeats)]
    before = resident_bytes()
    async with Memory.open(database, embedder=embedder) as memory:
        await _times(memory, _USER, asked[:10])
        warm = [await _times(memory, _USER, asked) for _ in range(repeats)]
        stats = await memory.stats()
        grown = resident_bytes() - before
        few = await _times(memory, _FEW, few_asked)
    product = await _product(embedder, corpus, asked)
    return Hybrid(
        episodes,
        product,
        median(percentile(times, 50) for times in warm),
        median(percentile(times, 95) for times in warm),
        percentile(few, 50),
        median(first),
        ingest_seconds,
        settle_seconds,
        stats.index_bytes / episodes,
        stats.store_bytes / stats.episodes,
        grown,
    )


async def _store(database: Path, corpus: Corpus, embedder: MadeUpEmbedder) -> tuple[float, float]:
    """Return the seconds that storing took, and those until all had vectors after that."""
    async with Memory.open(database, embedder=embedder) as memory:
        with Stopwatch() as storing:
            for batch in corpus.batches():
                await memory.observe_all(batch)
        with Stopwatch() as settling:
            assert await memory.settle(_SETTLE_SECONDS)
        for batch in _few(corpus).batches():
            await memory.observe_all(batch)
        assert await memory.settle(_SETTLE_SECONDS)
    return storing.wall, settling.wall


def _few(corpus: Corpus) -> Corpus:
    return Corpus(_FEW, _FEW_EPISODES, seed=corpus.seed)


async def _first_touch(database: Path, embedder: MadeUpEmbedder, question: str) -> float:
    async with Memory.open(database, embedder=embedder) as memory:
        (milliseconds,) = await _times(memory, _USER, [question])
    return milliseconds


async def _times(memory: Memory, user_id: str, questions: list[str]) -> list[float]:
    times: list[float] = []
    for question in questions:
        with Stopwatch() as watch:
            hits = await memory.recall(question, scope=Scope(user_id))
        assert hits, question
        times.append(1000 * watch.wall)
    return times


async def _product(embedder: MadeUpEmbedder, corpus: Corpus, asked: list[str]) -> float:
    """Return the median of the milliseconds that the product of all vectors and one takes."""
    texts = [
        message.content
        for batch in corpus.batches()
        for conversation in batch
        for message in conversation.messages
    ]
    matrix = np.ascontiguousarray(await embedder.embed_documents(texts))
    times: list[float] = []
    for place in range(_PRODUCTS):
        vector = await embedder.embed_query(asked[place % len(asked)])
        with Stopwatch() as watch:
            np.dot(matrix, vector)
        times.append(1000 * watch.wall)
    return percentile(times, 50)


def main() -> None:
    """Measure, and write what came of it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m evals.perf.hybrid.measuring")
    for name in ("--episodes", "--questions", "--repeats"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(
            _measure(
                Path(folder),
                episodes=told.episodes,
                questions=told.questions,
                repeats=told.repeats,
            )
        )
    write_result(told.out, result)


if __name__ == "__main__":
    main()
