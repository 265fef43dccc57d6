"""The sections about speed, size and growth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.benchmarks.markdown import bullets, conditions, table
from evals.perf.hybrid.records import Hybrid
from evals.perf.searching import Search
from evals.perf.tables import (
    HYBRID_COLUMNS,
    HYBRID_NOTES,
    SEARCH_COLUMNS,
    VECTOR_COLUMNS,
    hybrid_rows,
    hybrid_title,
    search_rows,
    search_title,
    vector_rows,
)
from evals.scale.records import Cell, Read, Written
from evals.scale.tables import COLUMNS as CELL_COLUMNS
from evals.scale.tables import cell_rows, scale_notes

__all__ = ["cells_of", "perf_section", "scale_section"]


def perf_section(record: Mapping[str, Any]) -> str:
    """Return the section about speed and size."""
    searches = [Search(**kept) for kept in record["recall"]]
    hybrids = [Hybrid(**kept) for kept in record["hybrid"]]
    questions = int(record["questions"])
    return "\n".join(
        [
            "## Speed and size\n",
            "A made-up conversation, the same on every machine; medians over "
            f"{record['repeats']} repeats.\n",
            conditions(record),
            f"{search_title(questions)}, by words alone:\n",
            table(SEARCH_COLUMNS, search_rows(searches)),
            f"{hybrid_title(questions)}:\n",
            table(HYBRID_COLUMNS, hybrid_rows(hybrids)),
            "What these vectors cost beside:\n",
            table(VECTOR_COLUMNS, vector_rows(hybrids)),
            bullets(HYBRID_NOTES),
        ]
    )


def cells_of(record: Mapping[str, Any]) -> list[Cell]:
    """Return what was measured of growth."""
    return [
        Cell(kept["episodes"], kept["users"], Written(**kept["written"]), Read(**kept["read"]))
        for kept in record["cells"]
    ]


def scale_section(record: Mapping[str, Any], plot: str) -> str:
    """Return the section about growth.

    Args:
        record: What was measured.
        plot: The plot, as the page names it.
    """
    notes = scale_notes(index_mb=record["index_mb"], vectors=record["vectors"])
    return "\n".join(
        [
            "## As memories grow\n",
            "Recall costs by the user's share of the store, not by the store's size.\n",
            f"![Recall, first touch, storing and memory, as memories grow]({plot})\n",
            conditions(record),
            table(CELL_COLUMNS, cell_rows(cells_of(record))),
            bullets(notes),
        ]
    )
