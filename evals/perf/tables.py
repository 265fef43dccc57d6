"""Tables of what recall takes, by words alone and with vectors."""

from __future__ import annotations

from collections.abc import Sequence

from evals.perf.hybrid.records import Hybrid
from evals.perf.searching import Search
from evals.perf.targets import judged

__all__ = [
    "HYBRID_COLUMNS",
    "HYBRID_NOTES",
    "SEARCH_COLUMNS",
    "VECTOR_COLUMNS",
    "hybrid_rows",
    "hybrid_title",
    "search_rows",
    "search_title",
    "vector_rows",
]

SEARCH_COLUMNS = (
    "episodes",
    "warm p50",
    "warm p95",
    "p50 with an unknown word",
    "first touch",
    "index bytes an episode",
    "store bytes an episode",
    "stored in s",
)
HYBRID_COLUMNS = (
    "episodes",
    "bare product",
    "recall p50",
    "p95",
    "recall / product",
    "ranking, about",
    "ranking / product",
    "first touch",
)
VECTOR_COLUMNS = (
    "episodes",
    "index bytes an episode",
    "store bytes an episode",
    "stored in s",
    "until all had vectors, s",
    "resident MB",
)
HYBRID_NOTES = (
    "Bare product: numpy's product of all the vectors, float32, and one. Ranking, about: the "
    "recall less that of a memory of 100 episodes, which has all but the ranking in it.",
    "A vector is 1,536 bytes. Resident: by how much the process grew from before opening the file "
    "to after the questions.",
)
_MOST_LEXICAL_MS = {10_000: 1.0}
_MOST_HYBRID_MS = {10_000: 1.5}
_MOST_RATIO = {100_000: 3.0}
_MOST_FIRST_TOUCH_MS = {10_000: 200.0, 100_000: 2_000.0}


def search_title(questions: int) -> str:
    """Return the title of the table of searches by words."""
    return f"Recall of 10 from one user's memory, {questions} different questions, milliseconds"


def search_rows(searches: Sequence[Search]) -> list[list[str]]:
    """Return the rows of searches by words alone, a size each."""
    return [
        [
            f"{search.episodes:,}",
            judged(search.warm_p50, _MOST_LEXICAL_MS.get(search.episodes), ".2f"),
            f"{search.warm_p95:.2f}",
            f"{search.unknown_p50:.2f}",
            judged(search.first_touch, _MOST_FIRST_TOUCH_MS.get(search.episodes), ",.0f"),
            f"{search.index_bytes:,.0f}",
            f"{search.store_bytes:,.0f}",
            f"{search.ingest_seconds:.1f}",
        ]
        for search in searches
    ]


def hybrid_title(questions: int) -> str:
    """Return the title of the table of searches with vectors."""
    return (
        f"Recall of 10 with vectors of 384 dimensions, {questions} different questions whose "
        "vectors cost nothing, one thread, milliseconds"
    )


def hybrid_rows(measured: Sequence[Hybrid]) -> list[list[str]]:
    """Return the rows of searches with vectors, a size each."""
    return [
        [
            f"{each.episodes:,}",
            f"{each.product_p50:.2f}",
            judged(each.warm_p50, _MOST_HYBRID_MS.get(each.episodes), ".2f"),
            f"{each.warm_p95:.2f}",
            f"{each.warm_p50 / each.product_p50:.1f}",
            f"{each.ranking_p50:.2f}",
            judged(each.ranking_p50 / each.product_p50, _MOST_RATIO.get(each.episodes), ".1f"),
            judged(each.first_touch, _MOST_FIRST_TOUCH_MS.get(each.episodes), ",.0f"),
        ]
        for each in measured
    ]


def vector_rows(measured: Sequence[Hybrid]) -> list[list[str]]:
    """Return the rows of what vectors cost beside, a size each."""
    return [
        [
            f"{each.episodes:,}",
            f"{each.index_bytes:,.0f}",
            f"{each.store_bytes:,.0f}",
            f"{each.ingest_seconds:.1f}",
            f"{each.settle_seconds:.1f}",
            f"{each.resident_bytes / 1e6:,.0f}",
        ]
        for each in measured
    ]
