"""How engines fared, by group of questions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np

from evals.retrieval.cases import Case, Question
from evals.retrieval.metrics import all_found, fraction_found, ndcg
from evals.retrieval.row import Row

__all__ = ["ALL_DEPTH", "DEPTHS", "Cost", "Score", "cost", "groups", "scores"]

DEPTHS = (5, 10, 25, 50)
ALL_DEPTH = 10
"""Of the share of questions with all evidence found, and of NDCG."""


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """What an engine found of a group's evidence; means over questions, 0 to 1.

    Attributes:
        engine: Which engine.
        group: The group's name.
        questions: How many questions it has.
        recall: For each of :data:`DEPTHS`, the fraction of evidence turns found.
        all_found: How often all of them are among the first 10.
        ndcg: The normalised discounted cumulative gain of the first 10.
    """

    engine: str
    group: str
    questions: int
    recall: dict[int, float]
    all_found: float
    ndcg: float


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """What an engine took.

    Attributes:
        engine: Which engine.
        ingest_seconds: How long taking everything in took, vectors being made before.
        p50: Milliseconds a question took without its vector being made: the median.
        p95: The 95th percentile of these.
        live_p50: The same with its vector made meanwhile; ``None`` if it needs none.
        live_p95: The 95th percentile of these.
        resident_mb: By how many megabytes (10^6) the process grew.
        made: How many vectors had to be made on the way.
    """

    engine: str
    ingest_seconds: float
    p50: float
    p95: float
    live_p50: float | None
    live_p95: float | None
    resident_mb: float
    made: int


def groups(cases: Sequence[Case]) -> list[str]:
    """Return the names of the groups, by their place in the questions' lists, then by name."""
    named = {
        (place, name)
        for case in cases
        for question in case.questions
        for place, name in enumerate(question.groups)
    }
    return [name for _, name in sorted(named)]


def scores(row: Row, cases: Sequence[Case]) -> list[Score]:
    """Return an engine's score in every group that has questions."""
    pairs = [
        pair
        for case, found in zip(cases, row.found, strict=True)
        for pair in zip(case.questions, found, strict=True)
    ]
    return [
        _score(row.engine, group, [pair for pair in pairs if group in pair[0].groups])
        for group in groups(cases)
    ]


def _score(engine: str, group: str, pairs: Sequence[tuple[Question, list[str]]]) -> Score:
    lists = [(found, question.evidence) for question, found in pairs]
    return Score(
        engine,
        group,
        len(lists),
        {depth: fmean(fraction_found(*each, depth) for each in lists) for depth in DEPTHS},
        fmean(all_found(*each, ALL_DEPTH) for each in lists),
        fmean(ndcg(*each, ALL_DEPTH) for each in lists),
    )


def cost(row: Row) -> Cost:
    """Return what an engine took."""
    live = row.live_seconds
    return Cost(
        row.engine,
        row.ingest_seconds,
        *_percentiles(row.seconds),
        *(_percentiles(live) if live else (None, None)),
        row.resident_bytes / 1e6,
        row.made,
    )


def _percentiles(seconds: Sequence[float]) -> tuple[Any, Any]:
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95]).tolist()
    return p50, p95
