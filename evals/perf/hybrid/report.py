"""The part of the report that is about vectors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from evals.perf.hybrid.records import Hybrid
from evals.perf.tables import (
    HYBRID_COLUMNS,
    HYBRID_NOTES,
    VECTOR_COLUMNS,
    hybrid_rows,
    hybrid_title,
    vector_rows,
)
from evals.processes import ONE_THREAD, in_process
from evals.report import Report

__all__ = ["report_hybrid"]


def report_hybrid(report: Report, sizes: Sequence[int], *, questions: int, repeats: int) -> None:
    """Measure each size in a process of its own, and print tables.

    Args:
        report: Where the figures go.
        sizes: How many episodes to search in.
        questions: How many different questions are asked.
        repeats: How often.
    """
    arguments = ["--questions", str(questions), "--repeats", str(repeats)]
    measured = [
        Hybrid(
            **in_process(
                "evals.perf.hybrid.measuring",
                ["--episodes", str(size), *arguments],
                environment=ONE_THREAD,
            )
        )
        for size in sizes
    ]
    report.table(hybrid_title(questions), HYBRID_COLUMNS, hybrid_rows(measured))
    report.table("What these vectors cost beside", VECTOR_COLUMNS, vector_rows(measured))
    for note in HYBRID_NOTES:
        report.note(note)
    report.record["hybrid"] = [dataclasses.asdict(each) for each in measured]
