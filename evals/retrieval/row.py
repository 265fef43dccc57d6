"""One engine in a process of its own: ``python -m evals.retrieval.row``, started by ``running``."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import itertools
import json
import logging
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from evals.minilm import cached_minilm
from evals.resident import resident_bytes
from evals.retrieval.cases import Case, Question, read_cases
from evals.retrieval.engines.choosing import ENGINES, make_engine
from evals.retrieval.engines.protocol import Engine
from evals.vectors import CachedEmbedder

__all__ = ["MOST", "Row", "measure"]

MOST = 50
"""How many turns are asked for."""
LIVE = 100
"""About how many questions, evenly spread, are embedded on the spot, to see what that adds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What came of an engine.

    Attributes:
        engine: Its name.
        found: For each case, for each question, the ids of the turns it found, best first.
        ingest_seconds: How long taking everything in took.
        seconds: How long each question took whose vector was known, or that needs none.
        live_seconds: How long each of some questions took, with its vector made meanwhile.
        resident_bytes: How much the process grew from before the engine was imported to after the
            questions whose vectors were known.
        made: How many vectors had to be made on the way, so that the times are not to be trusted.
    """

    engine: str
    found: list[list[list[str]]]
    ingest_seconds: float
    seconds: list[float]
    live_seconds: list[float]
    resident_bytes: int
    made: int


async def measure(
    name: str, cases: Sequence[Case], folder: Path, embedder: CachedEmbedder | None
) -> Row:
    """Give an engine everything, and ask it everything.

    Args:
        name: Which engine.
        cases: What to take in and to ask.
        folder: An empty folder for its files.
        embedder: What gives texts their vectors, for one that needs them.
    """
    before = resident_bytes()
    engine = make_engine(name, folder, embedder)
    try:
        began = time.perf_counter()
        await engine.ingest(cases)
        ingest_seconds = time.perf_counter() - began
        asked = [(case, question) for case in cases for question in case.questions]
        live = set(range(0, len(asked), max(1, len(asked) // LIVE)) if embedder else ())
        times: list[float] = []
        found: list[list[str]] = [[] for _ in asked]
        for place in (each for each in range(len(asked)) if each not in live):
            found[place], took = await _ask(engine, *asked[place])
            times.append(took)
        grown = resident_bytes() - before
        made = 0 if embedder is None else embedder.made
        live_times: list[float] = []
        if embedder is not None:
            embedder.live = True
            await embedder.embed_query("What is it like when the model is loaded?")
        for place in sorted(live):
            found[place], took = await _ask(engine, *asked[place])
            live_times.append(took)
    finally:
        await engine.aclose()
    if embedder is not None and made:
        embedder.save()
    ordered = iter(found)
    by_case = [list(itertools.islice(ordered, len(case.questions))) for case in cases]
    return Row(name, by_case, ingest_seconds, times, live_times, grown, made)


async def _ask(engine: Engine, case: Case, question: Question) -> tuple[list[str], float]:
    """Return what is found, and how many seconds that took."""
    began = time.perf_counter()
    found = await engine.find(case, question, MOST)
    return found, time.perf_counter() - began


def main() -> None:
    """Measure one engine, and write what came of it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m evals.retrieval.row", description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, help="the file of vectors that are known")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    cases = read_cases(arguments.cases)
    embedder = None
    if ENGINES[arguments.engine].embeds:
        embedder = cached_minilm(arguments.vectors)
    with tempfile.TemporaryDirectory() as folder:
        row = asyncio.run(measure(arguments.engine, cases, Path(folder), embedder))
    arguments.out.write_text(json.dumps(dataclasses.asdict(row)), encoding="utf-8")


if __name__ == "__main__":
    main()
