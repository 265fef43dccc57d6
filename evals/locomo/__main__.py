"""Measures turn-level evidence recall on LoCoMo: ``python -m evals.locomo --data locomo10.json``.

No model is called. BM25 over turns is measured beside recall, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from evals.locomo.run import MOST, Run, run
from evals.locomo.scores import DEPTHS, METHODS, Group, grouped
from evals.report import Report

_TITLE = (
    "LoCoMo: fractional evidence recall of turns, in percent: the mean over questions of the "
    "fraction of\na question's evidence turns found among the first 5, 10, 25, 50"
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.locomo", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's locomo10.json")
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    arguments = parser.parse_args()
    if not arguments.data.is_file():
        parser.error(f"--data: there is no file {arguments.data}")
    return arguments


def _table(report: Report, title: str, groups: list[Group]) -> None:
    columns = [
        f"{method} @{depth}" if depth == DEPTHS[0] else f"@{depth}"
        for method in METHODS
        for depth in DEPTHS
    ]
    rows = [
        [
            group.name,
            f"{group.questions:,}",
            *(f"{100 * group.recall[method][depth]:.1f}" for method in METHODS for depth in DEPTHS),
        ]
        for group in groups
    ]
    report.table(title, ["", "questions", *columns], rows)


def _print(
    report: Report, result: Run, groups: list[Group], milliseconds: dict[str, float]
) -> None:
    report.heading()
    _table(report, _TITLE, [group for group in groups if "," not in group.name])
    _table(
        report, "The same by half and category", [group for group in groups if "," in group.name]
    )
    respelt = sum(one.question.respelt for one in result.asked)
    report.note(
        f"{len(result.asked):,} questions have evidence and were asked: "
        f"{len(result.asked) - respelt:,} as spelt, and {respelt} whose only evidence is misspelt "
        f"(as D30:05 for D30:5); {result.without_evidence} name no turn that exists."
    )
    report.note(
        f"Stored {result.turns:,} turns of {result.sessions} sessions in "
        f"{result.ingest_seconds:.2f} s; recall of {MOST} took {milliseconds['p50']:.2f} ms (p50), "
        f"{milliseconds['p95']:.2f} ms (p95)."
    )
    report.note(
        "BM25: bm25s over each conversation's turns as 'speaker: text', with its own tokenizer, "
        "English stop words and Snowball's English stemmer."
    )


def main() -> None:
    """Run the evaluation."""
    arguments = _arguments()
    samples: list[dict[str, Any]] = json.loads(arguments.data.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "locomo.db"
        result = asyncio.run(run(samples, database))
    groups = grouped(result.asked)
    p50, p95 = np.percentile([1000 * one.seconds for one in result.asked], [50, 95])
    milliseconds = {"p50": float(p50), "p95": float(p95)}
    report = Report("locomo", "numpy", "apsw", "PyStemmer", "bm25s")
    _print(report, result, groups, milliseconds)
    if arguments.json is not None:
        report.record |= {
            "measure": "fractional evidence recall of turns",
            "sessions": result.sessions,
            "turns": result.turns,
            "questions": len(result.asked),
            "questions_respelt": sum(one.question.respelt for one in result.asked),
            "questions_without_evidence": result.without_evidence,
            "groups": [dataclasses.asdict(group) for group in groups],
            "ingest_seconds": result.ingest_seconds,
            "recall_ms": milliseconds,
        }
        report.write(arguments.json)


if __name__ == "__main__":
    main()
