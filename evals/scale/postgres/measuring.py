"""Fills stores, and has workers do with them what costs something."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from evals.perf.measures import Stopwatch
from evals.scale.postgres.records import Coherence, Figures, Place, Vectors
from evals.scale.postgres.server import new_database, server_clock, stored_of, tidy
from evals.scale.postgres.workers import Workers
from evals.serving.databases import Databases

__all__ = ["Plan", "measure_coherence", "measure_file", "measure_server", "measure_vectors"]

_ROUND_TRIPS = 500
_CALLERS = 32
_READERS = 8
_WRITES = 0.1
_LOADERS = 2
_DATABASE = "remanence_scale"

Clock = Callable[[], float | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        workers: How many worker processes, one after another.
        seconds: How long each thing is done.
        asked: About how many users each worker asks.
        imported: How many episodes more are imported, of further users, by all workers together.
    """

    workers: Sequence[int]
    seconds: float
    asked: int
    imported: int


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


def measure_server(
    server: Databases, plan: Plan, *, users: int, episodes: int, keep: bool
) -> Figures:
    """Measure a store in PostgreSQL.

    Args:
        server: The server.
        plan: How much to measure.
        users: How many users.
        episodes: How many episodes each of them has.
        keep: Whether to leave the database as it is.
    """
    name = f"{_DATABASE}_{users}_{episodes}"
    _say(f"PostgreSQL: {users:,} users with {episodes:,} episodes each")
    url = new_database(server, name)
    clock = server_clock(server)
    seconds = _load(url, clock, loaders=_LOADERS, users=users, episodes=episodes)
    tidy(server, name)
    stored = stored_of(server, name)
    places = [
        _place(url, clock, plan, count, users=users, episodes=episodes, server=True)
        for count in plan.workers
    ]
    if not keep:
        server.drop_database(name)
    return Figures(
        store="postgres",
        users=users,
        episodes=episodes,
        load_seconds=seconds,
        loaders=_LOADERS,
        stored=stored,
        stored_bytes=sum(each.table_bytes + each.index_bytes for each in stored),
        places=tuple(places),
    )


def measure_file(folder: Path, plan: Plan, *, users: int, episodes: int) -> Figures:
    """Measure a store in a file, with one worker."""
    _say(f"SQLite: {users:,} users with {episodes:,} episodes each")
    file = folder / f"{users}-{episodes}.db"
    seconds = _load(str(file), _nobody, loaders=1, users=users, episodes=episodes)
    size = file.stat().st_size
    place = _place(str(file), _nobody, plan, 1, users=users, episodes=episodes, server=False)
    file.unlink()
    return Figures("sqlite", users, episodes, seconds, 1, (), size, (place,))


def measure_coherence(server: Databases, plan: Plan, *, users: int, episodes: int) -> Coherence:
    """Measure two workers on the same users."""
    _say("two workers on the same users")
    name = f"{_DATABASE}_coherence"
    url = new_database(server, name)
    clock = server_clock(server)
    _load(url, clock, loaders=_LOADERS, users=users, episodes=episodes)
    tidy(server, name)
    some = list(range(min(users, plan.asked)))
    with Workers(
        url, 2, users=users, episodes=episodes, asked=plan.asked, server_seconds=clock
    ) as two:
        two.one(0, "recall_each", users=some)
        two.one(1, "recall_each", users=some)
        untouched = two.alone(0, "recall_each", users=some * 3)
        two.one(1, "observe_each", users=some)
        after = two.alone(0, "recall_each", users=some)
        apart = two.do("mix", seconds=plan.seconds, shared=False, writes=_WRITES)
        shared = two.do("mix", seconds=plan.seconds, shared=True, writes=_WRITES)
    server.drop_database(name)
    return Coherence(untouched, after, apart, shared)


def measure_vectors(server: Databases, plan: Plan, *, users: int, episodes: int) -> Vectors:
    """Measure a store with vectors."""
    _say(f"PostgreSQL, with vectors: {users:,} users with {episodes:,} episodes each")
    name = f"{_DATABASE}_vectors"
    url = new_database(server, name)
    clock = server_clock(server)
    with (
        Workers(url, 1, users=users, episodes=episodes, vectors=True, server_seconds=clock) as one,
        Stopwatch() as watch,
    ):
        one.do("load", first=0, last=users)
        one.do("settle")
    tidy(server, name)
    stored = stored_of(server, name)
    with Workers(
        url,
        1,
        users=users,
        episodes=episodes,
        asked=plan.asked,
        vectors=True,
        server_seconds=clock,
    ) as one:
        first, answers = one.told("first_touch", [{}])
        recall = one.do("recall", seconds=plan.seconds, callers=1)
    server.drop_database(name)
    tables = sum(
        each.table_bytes + each.index_bytes
        for each in stored
        if each.table in ("vectors", "embedded")
    )
    return Vectors(
        users=users,
        episodes=episodes,
        vector_bytes=tables / (users * episodes),
        index_bytes=answers[0]["index_bytes"],
        first_touch=first,
        recall=recall,
        jobs=users,
        job_seconds=watch.wall,
    )


def _nobody() -> None:
    return None


def _load(url: str, clock: Clock, *, loaders: int, users: int, episodes: int) -> float:
    with Workers(url, loaders, users=users, episodes=episodes, server_seconds=clock) as workers:
        bounds = [users * part // loaders for part in range(loaders + 1)]
        parts = [{"first": first, "last": last} for first, last in itertools.pairwise(bounds)]
        with Stopwatch() as watch:
            workers.told("load", parts)
    return watch.wall


def _place(
    url: str, clock: Clock, plan: Plan, count: int, *, users: int, episodes: int, server: bool
) -> Place:
    """Measure with so many workers, who begin with nothing in memory."""
    _say(f"workers: {count}")
    with Workers(
        url, count, users=users, episodes=episodes, asked=plan.asked, server_seconds=clock
    ) as workers:
        round_trip = workers.do("round_trip", count=_ROUND_TRIPS) if server else None
        first, answers = workers.told("first_touch", [{}] * count)
        recall = workers.do("recall", seconds=plan.seconds, callers=1)
        recall_many = workers.do("recall", seconds=plan.seconds, callers=_READERS)
        workers.do("observe", seconds=min(0.5, plan.seconds), callers=_CALLERS)
        alone = workers.do("observe", seconds=plan.seconds, callers=1)
        observe = workers.do("observe", seconds=plan.seconds, callers=_CALLERS)
        # Users whom nobody has, and whom no other number of workers imports.
        further = max(count, plan.imported // episodes)
        begin = users + count * further
        share = further // count
        imported, _ = workers.told(
            "load",
            [
                {"first": begin + share * number, "last": begin + share * (number + 1)}
                for number in range(count)
            ],
        )
    return Place(
        workers=count,
        round_trip=round_trip,
        observe_alone=alone,
        observe=observe,
        first_touch=first,
        recall=recall,
        recall_many=recall_many,
        imported=imported,
        index_bytes=sum(answer["index_bytes"] for answer in answers) / count,
        resident_bytes=sum(answer["resident_bytes"] for answer in answers) / count,
    )
