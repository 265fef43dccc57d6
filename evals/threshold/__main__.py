"""What a threshold does on LoCoMo: ``python -m evals.threshold --data locomo10.json``.

Each conversation's questions are asked of its own memory, and of another's, which can't answer.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import tempfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from evals.locomo.cases import HELD_OUT, TUNED, locomo_cases
from evals.minilm import cached_minilm
from evals.report import Report
from evals.retrieval.cases import Case
from evals.retrieval.running import vectors_file
from evals.threshold.asking import DEPTH, ask
from evals.threshold.curve import Point, curve
from evals.threshold.tables import COLUMNS, NOTE, point_rows

_HALVES = {TUNED: slice(0, 5), HELD_OUT: slice(5, 10)}
_ENGINES = ("lexical", "embedder")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.threshold", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's locomo10.json")
    parser.add_argument(
        "--engines", nargs="+", choices=_ENGINES, default=("lexical",), help="lexical by default"
    )
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    arguments = parser.parse_args()
    if not arguments.data.is_file():
        parser.error(f"--data: there is no file {arguments.data}")
    return arguments


async def _curve(cases: Sequence[Case], engine: str) -> list[Point]:
    embedder = None
    if engine == "embedder":
        embedder = cached_minilm(vectors_file("locomo"))
        await embedder.prepare()
    with tempfile.TemporaryDirectory() as folder:
        own, others = await ask(cases, Path(folder) / "threshold.db", embedder)
    if embedder is not None and embedder.made:
        embedder.save()
    return curve(list(chain.from_iterable(own)), list(chain.from_iterable(others)))


def main() -> None:
    """Run the evaluation."""
    arguments = _arguments()
    cases = locomo_cases(json.loads(arguments.data.read_text(encoding="utf-8")))
    report = Report("threshold", "numpy", "apsw", "PyStemmer")
    report.heading()
    curves: list[dict[str, object]] = []
    for engine in arguments.engines:
        for half, some in _HALVES.items():
            points = asyncio.run(_curve(cases[some], engine))
            report.table(f"LoCoMo, {half}, {engine}", COLUMNS, point_rows(points))
            kept = [dataclasses.asdict(point) for point in points]
            curves.append({"engine": engine, "group": half, "points": kept})
    report.note(NOTE.format(depth=DEPTH))
    report.record["curves"] = curves
    if arguments.json is not None:
        report.write(arguments.json)


if __name__ == "__main__":
    main()
