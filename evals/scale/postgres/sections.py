"""All tables by name, made of what was kept: those measured, and those computed from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from evals.scale.postgres.computed import (
    CACHE_COLUMNS,
    LOAD_COLUMNS,
    STORAGE_COLUMNS,
    Costs,
    cache_rows,
    load_rows,
    storage_rows,
)
from evals.scale.postgres.records import Coherence, Queue, Vectors, as_figures, with_timings
from evals.scale.postgres.tables import (
    COHERENCE_COLUMNS,
    QUEUE_COLUMNS,
    READ_COLUMNS,
    SIZE_COLUMNS,
    TABLE_COLUMNS,
    VECTOR_COLUMNS,
    WRITE_COLUMNS,
    coherence_rows,
    queue_rows,
    read_rows,
    size_rows,
    table_rows,
    vector_rows,
    write_rows,
)

__all__ = ["Section", "sections"]


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A table.

    Attributes:
        title: What it is of.
        columns: Its head.
        rows: Its rows.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def sections(record: Mapping[str, Any]) -> dict[str, Section]:
    """Return the tables that there are figures for, by name."""
    figures = sorted(
        map(as_figures, record["figures"]),
        key=lambda each: (each.store, each.episodes, each.users),
    )
    vectors = [
        Vectors(**with_timings(kept))
        for kept in sorted(record["vectors"], key=lambda kept: kept["episodes"])
    ]
    found = {
        "sizes": Section("What is stored, and loading it", SIZE_COLUMNS, size_rows(figures)),
        "writes": Section("Writing", WRITE_COLUMNS, write_rows(figures)),
        "reads": Section("Reading", READ_COLUMNS, read_rows(figures)),
    }
    for kept in record["coherence"]:
        rows = coherence_rows(Coherence(**with_timings(kept)))
        found["coherence"] = Section("Two workers", COHERENCE_COLUMNS, rows)
    if vectors:
        found["vectors"] = Section("With vectors", VECTOR_COLUMNS, vector_rows(vectors))
    if record["queues"]:
        queues = [Queue(**kept) for kept in record["queues"]]
        found["queues"] = Section("Looking for work", QUEUE_COLUMNS, queue_rows(queues))
    servers = [each for each in figures if each.store == "postgres"]
    if servers:
        most = max(servers, key=lambda each: each.users)
        found["tables"] = Section(
            f"Tables of {most.users:,} users with {most.episodes:,} episodes each",
            TABLE_COLUMNS,
            table_rows(most),
        )
    if len({each.episodes for each in servers}) > 1 and vectors:
        costs = Costs.of(servers, vectors)
        found["storage"] = Section("Storage, computed", STORAGE_COLUMNS, storage_rows(costs))
        found["caches"] = Section("Indexes in memory, computed", CACHE_COLUMNS, cache_rows(costs))
        found["load"] = Section("Load, computed", LOAD_COLUMNS, load_rows(costs))
    return found
