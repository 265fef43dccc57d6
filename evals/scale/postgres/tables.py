"""The tables of what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from evals.scale.postgres.records import Coherence, Figures, Place, Queue, Timing, Vectors

__all__ = [
    "COHERENCE_COLUMNS",
    "QUEUE_COLUMNS",
    "READ_COLUMNS",
    "SIZE_COLUMNS",
    "TABLE_COLUMNS",
    "VECTOR_COLUMNS",
    "WRITE_COLUMNS",
    "coherence_rows",
    "queue_rows",
    "read_rows",
    "size_rows",
    "table_rows",
    "vector_rows",
    "write_rows",
]

_STORES = {"postgres": "PostgreSQL", "sqlite": "SQLite"}
_WHOSE = ("store", "users", "episodes each", "workers")

WRITE_COLUMNS = (
    *_WHOSE,
    "select 1 p50 ms",
    "observe alone p50 ms",
    "p95",
    "in round trips",
    "observe/s, 32 callers a worker",
    "CPU ms: worker + server",
    "imported/s",
    "CPU ms: worker + server",
)
READ_COLUMNS = (
    *_WHOSE,
    "recall p50 ms",
    "p95",
    "in round trips",
    "first touch p50 ms",
    "p95",
    "in round trips",
    "recall/s, 8 callers a worker",
    "CPU ms: worker + server",
)
SIZE_COLUMNS = (
    "store",
    "users",
    "episodes each",
    "loaded in s",
    "episodes/s",
    "MB",
    "bytes a user",
    "bytes an episode",
    "index in memory, bytes a user",
    "process grew, bytes a user",
)
TABLE_COLUMNS = ("table", "rows", "bytes a row", "its indexes, bytes a row", "MB")
COHERENCE_COLUMNS = ("", "recall p50 ms", "p95", "recalls/s, both workers")
VECTOR_COLUMNS = (
    "users",
    "episodes each",
    "vectors on disk, bytes an episode",
    "index in memory, bytes a user",
    "first touch p50 ms",
    "recall p50 ms",
    "imported and embedded, episodes/s",
)
QUEUE_COLUMNS = ("jobs waiting", "due", "leasing 8, p50 ms", "next due, p50 ms")


def write_rows(figures: Sequence[Figures]) -> list[list[str]]:
    """Return a row a store and number of workers, about writing."""
    return [
        [
            *_whose(store, place),
            "" if place.round_trip is None else f"{place.round_trip.p50:.3f}",
            f"{place.observe_alone.p50:.2f}",
            f"{place.observe_alone.p95:.2f}",
            _ratio(place.observe_alone, place),
            f"{place.observe.rate:,.0f}",
            _processor(place.observe),
            f"{place.imported.rate:,.0f}",
            _processor(place.imported),
        ]
        for store, place in _all(figures)
    ]


def read_rows(figures: Sequence[Figures]) -> list[list[str]]:
    """Return a row a store and number of workers, about reading."""
    return [
        [
            *_whose(store, place),
            f"{place.recall.p50:.2f}",
            f"{place.recall.p95:.2f}",
            _ratio(place.recall, place),
            f"{place.first_touch.p50:.1f}",
            f"{place.first_touch.p95:.1f}",
            _ratio(place.first_touch, place),
            f"{place.recall_many.rate:,.0f}",
            _processor(place.recall_many),
        ]
        for store, place in _all(figures)
    ]


def size_rows(figures: Sequence[Figures]) -> list[list[str]]:
    """Return a row a store, about sizes."""
    return [
        [
            _STORES[store.store],
            f"{store.users:,}",
            f"{store.episodes:,}",
            f"{store.load_seconds:,.0f}",
            f"{store.users * store.episodes / store.load_seconds:,.0f}",
            f"{store.stored_bytes / 1e6:,.0f}",
            f"{store.stored_bytes / store.users:,.0f}",
            f"{store.stored_bytes / store.users / store.episodes:,.0f}",
            f"{store.places[0].index_bytes:,.0f}",
            f"{store.places[0].resident_bytes:,.0f}",
        ]
        for store in figures
    ]


def table_rows(store: Figures) -> list[list[str]]:
    """Return a row a table of a store that has rows."""
    return [
        [
            each.table,
            f"{each.rows:,}",
            f"{each.table_bytes / each.rows:,.0f}",
            f"{each.index_bytes / each.rows:,.0f}",
            f"{(each.table_bytes + each.index_bytes) / 1e6:,.0f}",
        ]
        for each in store.stored
        if each.rows >= store.users
    ]


def coherence_rows(found: Coherence) -> list[list[str]]:
    """Return a row a way of sharing users."""
    rows = (
        ("nobody has written to the user meanwhile", found.untouched, False),
        ("the other worker has, once", found.after_write, False),
        ("both at once, one call in ten a write, users of their own", found.apart, True),
        ("the same, both on the same users", found.shared, True),
    )
    return [
        [name, f"{each.p50:.2f}", f"{each.p95:.2f}", f"{each.rate:,.0f}" if both else ""]
        for name, each, both in rows
    ]


def vector_rows(found: Sequence[Vectors]) -> list[list[str]]:
    """Return a row a store with vectors."""
    return [
        [
            f"{each.users:,}",
            f"{each.episodes:,}",
            f"{each.vector_bytes:,.0f}",
            f"{each.index_bytes:,.0f}",
            f"{each.first_touch.p50:.1f}",
            f"{each.recall.p50:.2f}",
            f"{each.users * each.episodes / each.job_seconds:,.0f}",
        ]
        for each in found
    ]


def queue_rows(found: Sequence[Queue]) -> list[list[str]]:
    """Return a row a queue."""
    return [
        [
            f"{each.waiting:,}",
            "all" if each.due else "none",
            f"{each.lease:,.1f}",
            f"{each.next_due:,.1f}",
        ]
        for each in found
    ]


def _all(figures: Sequence[Figures]) -> list[tuple[Figures, Place]]:
    return [(store, place) for store in figures for place in store.places]


def _whose(store: Figures, place: Place) -> list[str]:
    return [
        _STORES[store.store],
        f"{store.users:,}",
        f"{store.episodes:,}",
        str(place.workers),
    ]


def _ratio(timing: Timing, place: Place) -> str:
    return "" if place.round_trip is None else f"{timing.p50 / place.round_trip.p50:.0f}"


def _processor(timing: Timing) -> str:
    server = "" if timing.server_ms is None else f" + {timing.server_ms:.2f}"
    return f"{timing.client_ms:.2f}{server}"
