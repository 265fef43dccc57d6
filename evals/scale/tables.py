"""The table of what memories cost as they grow."""

from __future__ import annotations

from collections.abc import Sequence

from evals.report import Report
from evals.scale.records import Cell

__all__ = ["COLUMNS", "cell_rows", "print_cells", "scale_notes"]

COLUMNS = (
    "episodes",
    "users",
    "episodes a user",
    "stored a second",
    "store bytes an episode",
    "first touch p50 ms",
    "p95",
    "recall p50 ms",
    "p95",
    "indexes MB",
    "resident MB",
)


def cell_rows(cells: Sequence[Cell]) -> list[list[str]]:
    """Return a row a store."""
    return [
        [
            f"{cell.episodes:,}",
            f"{cell.users:,}",
            f"{cell.episodes // cell.users:,}",
            f"{cell.episodes / cell.written.seconds:,.0f}",
            f"{cell.written.store_bytes / cell.episodes:,.0f}",
            f"{cell.read.first_touch_p50:,.1f}",
            f"{cell.read.first_touch_p95:,.1f}",
            f"{cell.read.warm_p50:,.2f}",
            f"{cell.read.warm_p95:,.2f}",
            f"{cell.read.index_bytes / 1e6:,.1f}",
            f"{cell.read.resident_bytes / 1e6:,.0f}",
        ]
        for cell in cells
    ]


def scale_notes(*, index_mb: int, vectors: bool) -> list[str]:
    """Return what the columns mean."""
    return [
        f"Indexes are bounded to {index_mb} MB (2^20 bytes); the one in use is kept even if it is "
        "larger. Up to 200 users are asked about, one after the other: a first recall (first "
        "touch), then others. Resident: by how much the reading process grew.",
        "Vectors of 384 dimensions, made up, are stored and searched."
        if vectors
        else "Without an embedder.",
    ]


def print_cells(report: Report, cells: Sequence[Cell], *, index_mb: int, vectors: bool) -> None:
    """Print the table, and what its columns mean."""
    report.table("Cost as memories grow", COLUMNS, cell_rows(cells))
    for note in scale_notes(index_mb=index_mb, vectors=vectors):
        report.note(note)
