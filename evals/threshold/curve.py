"""The curve: what is returned at each threshold, of questions with an answer and without."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from statistics import fmean

__all__ = ["THRESHOLDS", "Hit", "Point", "Reply", "curve"]

THRESHOLDS = tuple(step / 20 for step in range(21))


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """One recollection.

    Attributes:
        score: Its score.
        right: Whether it is evidence for the question; in another's memory nothing is.
    """

    score: float
    right: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """What was recalled for a question.

    Attributes:
        hits: The first recollections, best first.
        evidence: How many turns are evidence; 0 for a question about another's memory.
    """

    hits: tuple[Hit, ...]
    evidence: int


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """What a threshold does; shares, 0 to 1.

    Attributes:
        threshold: The least score.
        recall: The mean over a memory's own questions of the fraction of evidence returned.
        answered: How many of its own questions get anything.
        false_alarms: How many questions about another's memory get anything.
        precision: How many of all questions that get anything are its own and get evidence; 1 if
            none gets anything. There are as many of either kind.
        hits_right: How many of all recollections that are returned are evidence; 1 if none is.
        returned: How many recollections a question of its own gets, on average.
    """

    threshold: float
    recall: float
    answered: float
    false_alarms: float
    precision: float
    hits_right: float
    returned: float


def curve(own: Sequence[Reply], others: Sequence[Reply]) -> list[Point]:
    """Return what each of :data:`THRESHOLDS` does.

    Args:
        own: Replies to questions that were asked of the memory they are about.
        others: Replies to the same questions, asked of another's memory.
    """
    return [_point(threshold, own, others) for threshold in THRESHOLDS]


def _point(threshold: float, own: Sequence[Reply], others: Sequence[Reply]) -> Point:
    kept = [[hit for hit in reply.hits if hit.score >= threshold] for reply in own]
    alarms = [[hit for hit in reply.hits if hit.score >= threshold] for reply in others]
    right = [sum(hit.right for hit in hits) for hits in kept]
    answered = sum(map(bool, kept))
    wrongly = sum(map(bool, alarms))
    returned = sum(map(len, kept)) + sum(map(len, alarms))
    return Point(
        threshold,
        fmean(count / reply.evidence for count, reply in zip(right, own, strict=True)),
        answered / len(own),
        wrongly / len(others),
        _share(sum(map(bool, right)), answered + wrongly),
        _share(sum(right), returned),
        fmean(map(len, kept)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
