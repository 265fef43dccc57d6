"""What reading a data set for facts takes: ``python -m evals.extraction.pipeline``.

It is started by ``evals.extraction``, in a process of its own. Everything is stored first, so that
nothing but the reading is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

from evals.extraction.replay import Replay
from evals.minilm import cached_minilm
from evals.perf.measures import Stopwatch
from evals.processes import write_result
from evals.retrieval.cases import Case, read_cases
from evals.retrieval.engines.ours import conversations
from evals.vectors import CachedEmbedder
from remanence import Fact, Memory, Scope

__all__ = ["Pipeline", "measure_pipeline"]

_LONG = 3_600.0


@dataclasses.dataclass(frozen=True, slots=True)
class Pipeline:
    """What came of the statements that were told, and what that took.

    Attributes:
        embeds: Whether there was an embedder, whose vectors were known before.
        sessions: How many sessions were read.
        told: How many statements the stand-in told.
        cut: Of how many of these some turn was not shown.
        added: How many facts there are for them.
        same: How many were not added since the same statement was known, or told at once.
        confirmed: How many were not added since the stand-in said that they confirm a known one.
        left_out: How many are in none of the others.
        superseded: How many facts came to an end.
        doubts: How many statements the stand-in was asked to compare with known ones.
        calls: How often it was asked.
        input_tokens: How many tokens that was, as estimated.
        output_tokens: How many it answered.
        seconds: How long all took, from the first call to the last commit and vector.
        model_seconds: How much of that were the stand-in's answers, during which all waits.
        processor_seconds: How much processor time was spent, in all threads.
        made: How many vectors had to be made on the way, so that the times are not to be trusted.
    """

    embeds: bool
    sessions: int
    told: int
    cut: int
    added: int
    same: int
    confirmed: int
    left_out: int
    superseded: int
    doubts: int
    calls: int
    input_tokens: int
    output_tokens: int
    seconds: float
    model_seconds: float
    processor_seconds: float
    made: int


async def measure_pipeline(
    folder: Path, cases: Sequence[Case], embedder: CachedEmbedder | None
) -> Pipeline:
    """Store cases, then have a stand-in for a chat model read them.

    Args:
        folder: Where the file goes.
        cases: What is stored, each under a user of its own.
        embedder: What gives texts their vectors, if anything.
    """
    path = folder / "memory.db"
    reader = Replay()
    async with Memory.open(path, embedder=embedder) as memory:
        for case in cases:
            reader.learn(case)
            await memory.observe_all(conversations(case))
        assert await memory.settle(_LONG)
    opened = Memory.open(path, embedder=embedder, chat_model=reader, query_seconds=_LONG)
    async with opened as memory:
        with Stopwatch() as watch:
            users = [Scope(case.name) for case in cases]
            sessions = sum([await memory.extract(scope=user) for user in users])
            assert await memory.settle(_LONG)
        stats = await memory.stats()
        facts = [await _facts(memory, user) for user in users]
    added = sum(map(len, facts))
    same = sum(
        _same(case, [fact.text for fact in known]) for case, known in zip(cases, facts, strict=True)
    )
    told = len(reader.told)
    return Pipeline(
        embeds=embedder is not None,
        sessions=sessions,
        told=told,
        cut=len(reader.cut),
        added=added,
        same=same,
        confirmed=reader.confirmed,
        left_out=told - added - same - reader.confirmed,
        superseded=sum(fact.superseded_at is not None for each in facts for fact in each),
        doubts=reader.doubts,
        calls=stats.model_calls,
        input_tokens=stats.input_tokens,
        output_tokens=stats.output_tokens,
        seconds=watch.wall,
        model_seconds=reader.seconds,
        processor_seconds=watch.processor,
        made=0 if embedder is None else embedder.made,
    )


async def _facts(memory: Memory, scope: Scope) -> list[Fact]:
    page = await memory.list(scope=scope, origin="fact", limit=10_000)
    return [item for item in page.items if isinstance(item, Fact)]


def _same(case: Case, known: Sequence[str]) -> int:
    """Return how many statements have the words of one that is known, beside that one."""
    words = {_plain(text) for text in known}
    return sum(_plain(statement.text) in words for statement in case.statements) - len(words)


def _plain(text: str) -> str:
    return " ".join(text.casefold().rstrip(" .!?").split())


def main() -> None:
    """Measure, and write what came of it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m evals.extraction.pipeline")
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, help="the file of vectors that are known")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    cases = read_cases(arguments.cases)
    embedder = None if arguments.vectors is None else cached_minilm(arguments.vectors)
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(measure_pipeline(Path(folder), cases, embedder))
    if embedder is not None and embedder.made:
        embedder.save()
    write_result(arguments.out, measured)


if __name__ == "__main__":
    main()
