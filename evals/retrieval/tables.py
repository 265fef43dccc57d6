"""Tables of what engines found, and of what they took."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from evals.report import Report
from evals.retrieval.engines.choosing import ENGINES
from evals.retrieval.scores import ALL_DEPTH, DEPTHS, Cost, Score

__all__ = [
    "COST_COLUMNS",
    "NOTES",
    "SCORE_COLUMNS",
    "cost_rows",
    "group_rows",
    "keep",
    "print_notes",
    "print_tables",
    "score_rows",
]

SCORE_COLUMNS = (
    *(f"R@{depth}" for depth in DEPTHS),
    f"all@{ALL_DEPTH}",
    f"NDCG@{ALL_DEPTH}",
)
COST_COLUMNS = (
    "ingest s",
    "recall p50 ms",
    "p95",
    "with the question's vector p50 ms",
    "p95",
    "resident MB",
)
NOTES = (
    "R@k: fractional recall, in percent: the mean over questions of the fraction of a question's "
    "evidence turns among the first k turns.",
    "all@10: questions of which all the evidence is among the first 10 turns, in percent.",
    "NDCG@10: binary gains, 1 for a turn that is evidence; a gain at rank r counts 1/log2(r+1); "
    "divided by the sum that a list beginning with all the evidence has; in percent.",
    "With facts, a fact that is found stands for the turns it rests on, in order, and a turn "
    "counts where it first occurs; twice as many recollections are asked for, and the first 50 "
    "turns count.",
    "Drawn facts are told by a stand-in for a chat model that knows the data set's statements, as "
    "it reads the turns; the time that takes is part of the ingest.",
    "Ingest: all turns (and facts), until they can be found; vectors are made before, the same "
    "for every engine, so that no time of the embedding model is in it.",
    'The peers are given turns as "speaker: text", where the data set names speakers. BM25 is '
    "bm25s with its defaults, English stop words and stemmer. mem0's search by keywords needs "
    "fastembed, which downloads its word lists, and is not installed: it searches by vectors.",
    "Recall: one question at a time for 50 turns, its vector made before; beside it, for about 100 "
    "of the questions, evenly spread, with the vector made meanwhile.",
    "Resident: by how much the process of its own, in which each engine runs, grew from before the "
    "engine was imported, with questions and vectors loaded, to after the questions.",
)


def score_rows(scores: Sequence[Score], group: str) -> list[list[str]]:
    """Return a group's rows, an engine each; percent."""
    return [
        [ENGINES[score.engine].label, *_figures(score)] for score in scores if score.group == group
    ]


def group_rows(scores: Sequence[Score], engine: str) -> list[list[str]]:
    """Return an engine's rows, a group each; percent."""
    return [
        [score.group, f"{score.questions:,}", *_figures(score)]
        for score in scores
        if score.engine == engine
    ]


def _figures(score: Score) -> list[str]:
    values = [*score.recall.values(), score.all_found, score.ndcg]
    return [f"{100 * value:.1f}" for value in values]


def cost_rows(costs: Sequence[Cost]) -> list[list[str]]:
    """Return the rows of what engines took."""
    return [
        [
            ENGINES[cost.engine].label,
            f"{cost.ingest_seconds:.1f}",
            f"{cost.p50:.2f}",
            f"{cost.p95:.2f}",
            *("" if value is None else f"{value:.2f}" for value in (cost.live_p50, cost.live_p95)),
            f"{cost.resident_mb:.0f}",
        ]
        for cost in costs
    ]


def print_tables(
    report: Report, what: str, scores: Sequence[Score], costs: Sequence[Cost], main: Sequence[str]
) -> None:
    """Print the tables.

    Args:
        report: Where to.
        what: The data set's name.
        scores: All of them.
        costs: An engine each.
        main: The groups that get a table of all engines; each engine gets one of all groups.
    """
    for group in main:
        questions = next(score.questions for score in scores if score.group == group)
        title = f"{what}, {group}: {questions:,} questions"
        report.table(title, ["", *SCORE_COLUMNS], score_rows(scores, group))
    for cost in costs:
        report.table(
            f"{what}, {ENGINES[cost.engine].label}",
            ["", "questions", *SCORE_COLUMNS],
            group_rows(scores, cost.engine),
        )
    report.table(f"{what}: what it took", ["", *COST_COLUMNS], cost_rows(costs))
    for cost in costs:
        if cost.made:
            report.note(
                f"{ENGINES[cost.engine].label}: {cost.made:,} vectors had to be made on the way, "
                "so that its times and memory are not to be trusted: run it again."
            )


def print_notes(report: Report) -> None:
    """Print what the columns mean."""
    report.note()
    for note in NOTES:
        report.note(note)


def keep(title: str, scores: Sequence[Score], costs: Sequence[Cost]) -> Mapping[str, object]:
    """Return the same for JSON."""
    return {
        "title": title,
        "scores": [dataclasses.asdict(score) for score in scores],
        "costs": [dataclasses.asdict(cost) for cost in costs],
    }
