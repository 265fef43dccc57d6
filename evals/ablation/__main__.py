"""What each term adds: ``python -m evals.ablation --locomo locomo10.json --pool longmemeval_pool``.

Each data set is stored once, and asked with one term of the ranking switched off at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from evals.ablation.asking import recall_without_each
from evals.ablation.records import Weighed
from evals.ablation.tables import COLUMNS, NOTE, weighed_rows
from evals.locomo.cases import HELD_OUT, locomo_cases
from evals.longmemeval_pool.cases import HALF_B, pool_case, scattered
from evals.minilm import cached_minilm
from evals.report import Report
from evals.retrieval.cases import Case
from evals.retrieval.running import vectors_file

_ENGINES = ("lexical", "embedder")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.ablation", description=__doc__)
    parser.add_argument("--locomo", type=Path, required=True, help="LoCoMo's locomo10.json")
    parser.add_argument("--pool", type=Path, required=True, help="the folder of the pool")
    parser.add_argument(
        "--engines", nargs="+", choices=_ENGINES, default=_ENGINES, help="both by default"
    )
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    return parser.parse_args()


async def _weigh(
    data_set: str, cases: Sequence[Case], engine: str, *, group: str, title: str
) -> list[Weighed]:
    embedder = None
    if engine == "embedder":
        embedder = cached_minilm(vectors_file(data_set))
        await embedder.prepare()
    with tempfile.TemporaryDirectory() as folder:
        found = await recall_without_each(
            cases, Path(folder) / "ablation.db", embedder, group=group
        )
    if embedder is not None and embedder.made:
        embedder.save()
    return [Weighed(engine, title, term, recall) for term, recall in found.items()]


def main() -> None:
    """Run the evaluation."""
    told = _arguments()
    pool = pool_case(told.pool)
    questions = [
        ("locomo", locomo_cases(json.loads(told.locomo.read_text("utf-8"))), HELD_OUT, "LoCoMo"),
        ("longmemeval_pool", [pool], HALF_B, "pool"),
        ("longmemeval_pool", [scattered(pool)], HALF_B, "scattered"),
    ]
    report = Report("ablation", "numpy", "apsw", "PyStemmer")
    report.heading()
    weighed: list[Weighed] = []
    for engine in told.engines:
        for data_set, cases, group, title in questions:
            print(f"… {engine}, {title}", file=sys.stderr, flush=True)
            weighed += asyncio.run(_weigh(data_set, cases, engine, group=group, title=title))
        report.table(engine, COLUMNS, weighed_rows(weighed, engine))
    report.note(NOTE)
    report.record["weighed"] = [dataclasses.asdict(each) for each in weighed]
    if told.json is not None:
        report.write(told.json)


if __name__ == "__main__":
    main()
