"""Fractional evidence recall: which share of a question's evidence is among the first turns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from evals.locomo.questions import CATEGORIES
from evals.locomo.run import Asked

__all__ = ["DEPTHS", "METHODS", "Group", "grouped"]

DEPTHS = (5, 10, 25, 50)
METHODS = ("remanence", "BM25")
_TUNED_ON = range(5)
"""The conversations that ranking was tuned on; the others never were."""


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Some of the questions, and how they fared.

    Attributes:
        name: What they have in common.
        questions: How many they are.
        recall: For each method, for each of :data:`DEPTHS`, the mean over questions of the
            fraction of evidence turns found; 0 to 1.
    """

    name: str
    questions: int
    recall: dict[str, dict[int, float]]


def grouped(asked: Sequence[Asked]) -> list[Group]:
    """Return the scores overall, by category, and of both halves; groups without questions go."""
    halves: list[tuple[str, Callable[[Asked], bool]]] = [
        ("conversations 0-4", lambda one: one.conversation in _TUNED_ON),
        ("conversations 5-9", lambda one: one.conversation not in _TUNED_ON),
    ]
    groups = [_group("overall", asked), *_by_category(asked)]
    for name, belongs in halves:
        half = [one for one in asked if belongs(one)]
        groups += [_group(name, half), *_by_category(half, f"{name}, ")]
    return [group for group in groups if group.questions]


def _by_category(asked: Iterable[Asked], prefix: str = "") -> list[Group]:
    asked = list(asked)
    return [
        _group(
            f"{prefix}{number} {name}", [one for one in asked if one.question.category == number]
        )
        for number, name in CATEGORIES.items()
    ]


def _group(name: str, asked: Sequence[Asked]) -> Group:
    recall = {
        method: {
            depth: fmean(_fraction(one, method, depth) for one in asked) if asked else 0.0
            for depth in DEPTHS
        }
        for method in METHODS
    }
    return Group(name, len(asked), recall)


def _fraction(one: Asked, method: str, depth: int) -> float:
    evidence = set(one.question.evidence)
    return len(evidence.intersection(one.found[method][:depth])) / len(evidence)
