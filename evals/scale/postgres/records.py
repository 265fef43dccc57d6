"""What is measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, cast

from evals.perf.measures import percentile

__all__ = [
    "Coherence",
    "Figures",
    "Place",
    "Queue",
    "Stored",
    "Timing",
    "Vectors",
    "as_figures",
    "with_timings",
]


@dataclasses.dataclass(frozen=True, slots=True)
class Timing:
    """Something that workers did again and again.

    Attributes:
        count: How often, all of them.
        rate: How often a second.
        p50: Milliseconds that it took: the median.
        p95: The 95th percentile.
        client_ms: Milliseconds of processor time that a worker spent on each.
        server_ms: Milliseconds of processor time that the server spent on each; ``None`` where
            that is not known.
    """

    count: int
    rate: float
    p50: float
    p95: float
    client_ms: float
    server_ms: float | None

    @classmethod
    def of(cls, answers: Sequence[Mapping[str, Any]], server_seconds: float | None) -> Timing:
        """Return what came of workers who did the same at the same time."""
        count = sum(answer["count"] for answer in answers)
        times = [each for answer in answers for each in answer["times"]]
        return cls(
            count,
            sum(answer["count"] / answer["wall"] for answer in answers),
            percentile(times, 50),
            percentile(times, 95),
            1000 * sum(answer["processor"] for answer in answers) / count,
            None if server_seconds is None else 1000 * server_seconds / count,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """What a table takes on disk.

    Attributes:
        table: Its name.
        rows: How many rows it has.
        table_bytes: The rows' space, with what is kept out of line.
        index_bytes: Its indexes' space.
    """

    table: str
    rows: int
    table_bytes: int
    index_bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """What so many workers did with a store.

    Attributes:
        workers: How many processes.
        round_trip: ``select 1`` on a connection of its own; ``None`` for a file.
        observe_alone: One message stored, one after another.
        observe: The same, by many callers of each worker at once.
        first_touch: The first search for a user, which loads their index.
        recall: A search while the index is held, one after another.
        recall_many: The same, by several callers of each worker at once.
        imported: Episodes stored in bulk; its times are those of a call.
        index_bytes: What an index takes in memory, a user.
        resident_bytes: By how much a worker grew for it, a user.
    """

    workers: int
    round_trip: Timing | None
    observe_alone: Timing
    observe: Timing
    first_touch: Timing
    recall: Timing
    recall_many: Timing
    imported: Timing
    index_bytes: float
    resident_bytes: float


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """One store.

    Attributes:
        store: ``postgres`` or ``sqlite``.
        users: How many users it has.
        episodes: How many episodes each of them has.
        load_seconds: How long it took to import them.
        loaders: By how many processes.
        stored: What the tables take; empty for a file.
        stored_bytes: What the store takes in all.
        places: What was done with it, by the number of workers.
    """

    store: str
    users: int
    episodes: int
    load_seconds: float
    loaders: int
    stored: tuple[Stored, ...]
    stored_bytes: int
    places: tuple[Place, ...]

    def bytes_of(self, *tables: str) -> int:
        """Return what some tables take, with their indexes."""
        return sum(
            each.table_bytes + each.index_bytes for each in self.stored if each.table in tables
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Coherence:
    """Two workers, on the same users.

    Attributes:
        untouched: A search while nobody has written to the user meanwhile.
        after_write: A search after the other worker has stored a message of the user's.
        apart: Searches by both at once, one call in ten a write, each on users of its own.
        shared: The same, both on the same users.
    """

    untouched: Timing
    after_write: Timing
    apart: Timing
    shared: Timing


@dataclasses.dataclass(frozen=True, slots=True)
class Vectors:
    """A store with vectors of 384 dimensions.

    Attributes:
        users: How many users it has.
        episodes: How many episodes each of them has.
        vector_bytes: What vectors take on disk, an episode.
        index_bytes: What an index takes in memory with vectors, a user.
        first_touch: The first search for a user, which loads their index and vectors.
        recall: A search while the index is held.
        jobs: How many jobs made the vectors.
        job_seconds: How long these took, one worker, with an embedder that costs next to nothing.
    """

    users: int
    episodes: int
    vector_bytes: float
    index_bytes: float
    first_touch: Timing
    recall: Timing
    jobs: int
    job_seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class Queue:
    """What a look at the jobs takes while so many wait.

    Attributes:
        waiting: How many wait, each of another user.
        due: Whether they are due.
        lease: Milliseconds to lease eight of them, or to find that none is due: the median.
        next_due: Milliseconds to find when the next one is: the median.
    """

    waiting: int
    due: bool
    lease: float
    next_due: float


def as_figures(kept: Mapping[str, Any]) -> Figures:
    """Return a store's figures that were kept as JSON."""
    fields: dict[str, Any] = {
        **kept,
        "stored": tuple(Stored(**each) for each in kept["stored"]),
        "places": tuple(Place(**with_timings(place)) for place in kept["places"]),
    }
    return Figures(**fields)


def with_timings(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields that were kept as JSON, timings as such."""
    return {
        name: Timing(**cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        for name, value in kept.items()
    }
