"""The table of what thresholds do."""

from __future__ import annotations

from collections.abc import Sequence

from evals.threshold.curve import Point

__all__ = ["COLUMNS", "NOTE", "point_rows"]

COLUMNS = (
    "threshold",
    "evidence recall",
    "own questions that get anything",
    "others' that do",
    "precision of questions",
    "precision of hits",
    "hits a question",
)
NOTE = (
    "Each question is asked of the memory it is about and, as often, of another's, with the limit "
    "{depth}. Evidence recall: the mean fraction of a question's evidence that is returned. "
    "Precision of questions: of all that get anything, those that get evidence; of hits: of all "
    "that are returned, those that are evidence. In percent."
)


def point_rows(points: Sequence[Point]) -> list[list[str]]:
    """Return a row a threshold."""
    return [
        [
            f"{point.threshold:.2f}",
            f"{100 * point.recall:.1f}",
            f"{100 * point.answered:.1f}",
            f"{100 * point.false_alarms:.1f}",
            f"{100 * point.precision:.1f}",
            f"{100 * point.hits_right:.1f}",
            f"{point.returned:.1f}",
        ]
        for point in points
    ]
