"""The table of what each term adds."""

from __future__ import annotations

from collections.abc import Sequence

from evals.ablation.records import DEPTHS, Weighed
from evals.ablation.terms import EVERYTHING

__all__ = ["COLUMNS", "NOTE", "weighed_rows"]

_DATA_SETS = ("LoCoMo", "pool", "scattered")
COLUMNS = ("without", *(f"{name} R@{depth}" for name in _DATA_SETS for depth in DEPTHS))
NOTE = (
    "Evidence recall, in percent, on LoCoMo's conversations 5 to 9 and on half B of LongMemEval's "
    "pool, as it is and scattered, with one term of the ranking switched off; in brackets what the "
    "term adds there."
)


def weighed_rows(weighed: Sequence[Weighed], engine: str) -> list[list[str]]:
    """Return an engine's rows, a term each; the first is with everything."""
    recall = {(each.term, each.data_set): each.recall for each in weighed if each.engine == engine}
    terms = list(dict.fromkeys(term for term, _ in recall))
    return [
        [
            term if term != EVERYTHING else "(nothing: everything is on)",
            *(
                _figure(recall[term, name][depth], recall[EVERYTHING, name][depth], term)
                for name in _DATA_SETS
                for depth in DEPTHS
            ),
        ]
        for term in terms
    ]


def _figure(value: float, full: float, term: str) -> str:
    figure = f"{100 * value:.1f}"
    return figure if term == EVERYTHING else f"{figure} ({100 * (full - value):+.1f})"
