"""What it takes to look for work, while much waits."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Sequence
from statistics import median

import psycopg

from evals.scale.postgres.records import Queue
from evals.scale.postgres.server import new_database, tidy
from evals.serving.databases import Databases
from remanence.store.postgres import PostgresStore

__all__ = ["measure_queues"]

_DATABASE = "remanence_scale_queue"
_DESTINATION = "scale"
_LEASE = dt.timedelta(seconds=30)
_AT_ONCE = 8
_REPEATS = 5

_PUT_IN = """
    INSERT INTO remanence.jobs (id, kind, destination, user_id, agent_id, session_id, key, state,
                                attempts, tried, due_at, created_at, payload_bytes)
    SELECT gen_random_uuid(), 'scale', %(destination)s, 'user-' || n, '', '', 'job-' || n, 0, 0, 0,
           %(due_at)s, 0, 2
    FROM generate_series(1, %(many)s) AS n
"""
_PAYLOADS = """
    INSERT INTO remanence.job_payloads (job, user_id, payload)
    SELECT number, user_id, '{}' FROM remanence.jobs
"""


def measure_queues(server: Databases, counts: Sequence[int]) -> list[Queue]:
    """Measure with so many jobs waiting, each of another user: all due, and none."""
    url = new_database(server, _DATABASE)
    found: list[Queue] = []
    for waiting in counts:
        for due in (True, False):
            _fill(server, waiting, due=due)
            tidy(server, _DATABASE)
            lease, next_due = asyncio.run(_look(url))
            found.append(Queue(waiting, due, lease, next_due))
    server.drop_database(_DATABASE)
    return found


def _fill(server: Databases, waiting: int, *, due: bool) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    values = {
        "destination": _DESTINATION,
        "many": waiting,
        "due_at": 0 if due else round(later.timestamp() * 1_000_000),
    }
    with psycopg.connect(server.url(_DATABASE), autocommit=True) as connection:
        connection.execute("DELETE FROM remanence.jobs")
        connection.execute("DELETE FROM remanence.job_payloads")
        connection.execute(_PUT_IN.encode(), values)
        connection.execute(_PAYLOADS.encode())


async def _look(url: str) -> tuple[float, float]:
    """Return the milliseconds that leasing takes, and finding the next job that is due."""
    store = PostgresStore(url)
    await store.open()
    leases: list[float] = []
    looks: list[float] = []
    try:
        for _ in range(_REPEATS):
            now = dt.datetime.now(dt.UTC)
            began = time.perf_counter()
            await store.jobs.lease(
                _DESTINATION,
                owner="scale",
                now=now,
                lease=_LEASE,
                longest=dt.timedelta(days=1),
                limit=_AT_ONCE,
            )
            leases.append(1000 * (time.perf_counter() - began))
            await store.jobs.give_back(None, owner="scale", now=now, tried=False)
            began = time.perf_counter()
            await store.jobs.next_due(_DESTINATION)
            looks.append(1000 * (time.perf_counter() - began))
    finally:
        await store.aclose()
    return median(leases), median(looks)
