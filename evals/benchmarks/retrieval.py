"""The sections about what is found, and what a threshold does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.markdown import bullets, by_depth, conditions, table
from evals.locomo.cases import HELD_OUT
from evals.locomo.cases import MAIN_GROUPS as LOCOMO_GROUPS
from evals.longmemeval_pool.cases import MAIN_GROUPS as POOL_GROUPS
from evals.retrieval.engines.choosing import ENGINES
from evals.retrieval.scores import Cost, Score
from evals.retrieval.tables import (
    COST_COLUMNS,
    NOTES,
    SCORE_COLUMNS,
    cost_rows,
    group_rows,
    score_rows,
)
from evals.threshold.curve import Point
from evals.threshold.tables import COLUMNS as POINT_COLUMNS
from evals.threshold.tables import NOTE as POINT_NOTE
from evals.threshold.tables import point_rows

__all__ = ["costs_of", "locomo_section", "pool_section", "scores_of", "threshold_section"]

_DETAILED = ("lexical", "embedder", "embedder+facts", "bm25")


def scores_of(result: Mapping[str, Any]) -> list[Score]:
    """Return the scores that were kept."""
    return [Score(**by_depth(kept)) for kept in result["scores"]]


def costs_of(result: Mapping[str, Any]) -> list[Cost]:
    """Return the costs that were kept."""
    return [Cost(**kept) for kept in result["costs"]]


def _by_group(scores: Sequence[Score], groups: Sequence[str]) -> str:
    parts: list[str] = []
    for group in groups:
        questions = next(score.questions for score in scores if score.group == group)
        parts.append(
            f"**{group[0].upper()}{group[1:]}**, {questions:,} questions:\n\n"
            + table(["", *SCORE_COLUMNS], score_rows(scores, group))
        )
    return "\n".join(parts)


def _details(scores: Sequence[Score], wanted: str) -> str:
    parts: list[str] = []
    for engine in _DETAILED:
        some = [score for score in scores if score.group.startswith(f"{wanted}, ")]
        rows = group_rows(some, engine)
        if rows:
            rows = [[row[0].removeprefix(f"{wanted}, "), *row[1:]] for row in rows]
            parts.append(
                f"{ENGINES[engine].label}, {wanted}:\n\n"
                + table(["", "questions", *SCORE_COLUMNS], rows)
            )
    return "\n".join(parts)


def locomo_section(record: Mapping[str, Any]) -> str:
    """Return the section about LoCoMo."""
    (result,) = record["results"]
    scores = scores_of(result)
    return "\n".join(
        [
            "## LoCoMo: evidence found, and what it took\n",
            "The ten conversations of LoCoMo (Maharana et al., ACL 2024): "
            f"{record['turns']:,} turns of {record['sessions']} sessions, "
            f"{record['questions']:,} questions of all five "
            "categories that have evidence. Weights were searched for on conversations 0 to 4. "
            "Those of 5 to 9 were not searched on, but their figures were seen meanwhile; "
            "[decision 23](decisions/0023-how-turns-are-ranked.md) tells what that leaves of them. "
            "No model is called but the embedder, "
            f"{record.get('embedder', 'of which there is none')}. The facts are the data set's own "
            f"observations, {record['facts']:,} of them, remembered with the turns they rest on, "
            "or drawn from these turns.\n",
            conditions(record),
            _by_group(scores, LOCOMO_GROUPS),
            "What it took:\n",
            table(["", *COST_COLUMNS], cost_rows(costs_of(result))),
            "By category:\n",
            _details(scores, HELD_OUT),
            "What the columns mean:\n",
            bullets(NOTES),
        ]
    )


def pool_section(record: Mapping[str, Any]) -> str:
    """Return the section about LongMemEval's pool."""
    parts = [
        "## LongMemEval's pool\n",
        f"{record['turns']:,} turns of LongMemEval (Wu et al., ICLR 2025), of many users, in "
        f"{record['sessions']:,} sessions, searched as one memory, with the weights of LoCoMo. The "
        "figures are not comparable with those published for LongMemEval. Half A are the questions "
        "with even places in the file. In the scattered variant every evidence turn is put, with "
        "its own time, at a random place of a random session that it has nothing to do with.\n",
        conditions(record),
    ]
    for result in record["results"]:
        title = str(result["title"])
        parts += [
            f"### {title[0].upper()}{title[1:]}\n",
            _by_group(scores_of(result), POOL_GROUPS),
            "What it took:\n",
            table(["", *COST_COLUMNS], cost_rows(costs_of(result))),
        ]
    return "\n".join(parts)


def threshold_section(record: Mapping[str, Any]) -> str:
    """Return the section about thresholds."""
    parts = ["## What a threshold does\n", POINT_NOTE.format(depth=10) + "\n", conditions(record)]
    for kept in record["curves"]:
        points = [Point(**point) for point in kept["points"]]
        label = ENGINES[kept["engine"]].label
        parts += [
            f"LoCoMo, {kept['group']}, {label}:\n",
            table(POINT_COLUMNS, point_rows(points)),
        ]
    return "\n".join(parts)
