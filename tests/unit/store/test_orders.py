"""What services are to erase, in the file of the queue before them."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remanence import Filter, Scope
from remanence.store.audit import NewAudit
from remanence.store.jobs import Job
from remanence.store.orders import NewOrder
from remanence.store.sqlite import SQLiteStore
from remanence.testing.jobs.records import ALICE, AMPLE, BOB, NOON, PLACE, new_job, put, take

SECRET = "hazelnuts, of all things"


@pytest.fixture
async def store(database: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(database)
    await store.open()
    yield store
    await store.aclose()


def _order(where: Filter, ids: tuple[str, ...] | None = None, place: str = PLACE) -> NewOrder:
    return NewOrder(place, where, ids, NOON, "Carol")


async def _put(store: SQLiteStore, key: str, scope: Scope = ALICE) -> Job:
    (job,) = await put(store.jobs, key, scope=scope)
    return job


async def test_orders_are_listed_until_they_are_fulfilled(store: SQLiteStore) -> None:
    where = Filter("alice", "clerk", "monday", since=NOON, until=NOON + dt.timedelta(hours=1))
    first = await store.orders.place(_order(where, ("one", "z\ud800", "")))
    second = await store.orders.place(_order(Filter("bob")))
    assert (await store.orders.placed(PLACE)) == [first, second]
    assert (await store.orders.placed(PLACE, "alice")) == [first]
    assert first.ids == ("one", "z\ud800", "")
    assert (await store.orders.placed("elsewhere")) == []

    entry = NewAudit(NOON, "forget", "alice", "Carol", {"memories": 2})
    for _ in range(2):
        await store.orders.fulfil(first, entry)
    await store.orders.withdraw(second)
    assert (await store.orders.placed(PLACE)) == []
    entries = await store.audit.entries(None, after=0, limit=10)
    assert [(each.user_id, each.asked_by, each.counts) for each in entries] == [
        ("alice", "Carol", {"memories": 2})
    ]


async def test_jobs_pass_unless_an_order_is_about_them(store: SQLiteStore) -> None:
    early, other = await _put(store, "early"), await _put(store, "other", BOB)
    away = await _put(store, "away", Scope("alice", "clerk", "tuesday"))
    order = await store.orders.place(_order(Filter("alice", session_id=ALICE.session_id)))
    late = await _put(store, "late")
    passages = [await store.orders.passage(job.id) for job in (early, other, away, late)]
    assert passages == ["barred", "free", "free", "waits"]

    assert await store.orders.jobs_left(order) == 1
    assert await store.orders.drop_jobs(order) == 1
    assert await store.orders.jobs_left(order) == 0
    assert await store.orders.passage(early.id) == "barred"  # it is gone
    await store.orders.withdraw(order)
    assert await store.orders.passage(late.id) == "free"


async def test_jobs_wait_for_an_order_by_ids(store: SQLiteStore) -> None:
    job = await _put(store, "early")
    order = await store.orders.place(_order(Filter("alice"), ()))
    assert await store.orders.passage(job.id) == "waits"
    await store.orders.withdraw(order)
    assert await store.orders.passage(job.id) == "free"


async def test_the_orders_of_another_service_are_not_this_ones(store: SQLiteStore) -> None:
    job = await _put(store, "early")
    order = await store.orders.place(_order(Filter("alice"), place="elsewhere"))
    assert await store.orders.passage(job.id) == "free"
    assert await store.orders.drop_jobs(order) == 0


async def test_what_somebody_holds_is_told_until_its_lease_is_over(store: SQLiteStore) -> None:
    job = await _put(store, "early")
    order = await store.orders.place(_order(Filter("alice")))
    assert await store.orders.in_hands(order, now=NOON) == []
    (leased,) = await take(store.jobs)
    assert await store.orders.in_hands(order, now=NOON) == [job.id]
    assert await store.orders.in_hands(order, now=leased.job.due_at) == []


async def test_what_was_dropped_is_in_no_file(store: SQLiteStore, database: Path) -> None:
    (job,) = await store.jobs.enqueue([new_job(payload=SECRET)], quota=AMPLE)
    await store.orders.drop([job.id])
    scrub = await store.orders.overwrite()
    assert scrub.clean
    assert scrub.log_empty
    await store.aclose()
    for file in database.parent.glob("memory.db*"):
        assert SECRET.encode() not in file.read_bytes()
