"""An outbox delivers what was put in: in order, as often as it takes, and to nobody else."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import logging
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remanence.errors import (
    BackendAnswerError,
    BackendRefusedError,
    BackendUnavailableError,
    ConflictError,
    InputError,
    OutboxFullError,
)
from remanence.outbox.queue import Outbox
from remanence.store.jobs import Job
from remanence.store.sqlite import SQLiteStore
from remanence.telemetry import Faults, span
from remanence.types import Scope
from tests.integration.receiver import ALICE, BOB, QUICK, Receiver, gaps, opened, put, until
from tests.recording import recording

Opened = tuple[Outbox, SQLiteStore]

AWAY = BackendUnavailableError("nobody is there")


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def place(database: Path, receiver: Receiver) -> AsyncIterator[Opened]:
    async with opened(database, receiver) as place:
        yield place


@pytest.fixture
def outbox(place: Opened) -> Outbox:
    return place[0]


@pytest.fixture
def store(place: Opened) -> SQLiteStore:
    return place[1]


async def _job(store: SQLiteStore, job: Job) -> Job:
    found = await store.jobs.job(job.id)
    assert found is not None
    return found


async def test_a_scope_is_delivered_in_order(outbox: Outbox, receiver: Receiver) -> None:
    keys = [f"k{number}" for number in range(40)]
    await put(outbox, *keys)
    assert await outbox.settle(20)
    assert receiver.kept == keys
    assert [one.payload for one in receiver.jobs] == [f'{{"key":"{key}"}}' for key in keys]
    assert {one.job.scope for one in receiver.jobs} == {ALICE}
    assert not any(one.tried for one in receiver.jobs)


async def test_order_outlasts_failures(outbox: Outbox, receiver: Receiver) -> None:
    """What comes later waits for what is tried again."""
    receiver.fail("k0", BackendAnswerError("what?"), OSError("no"))
    receiver.fail("k2", AWAY, AWAY)
    await put(outbox, "k0", "k1", "k2", "k3")
    assert await outbox.settle(20)
    assert receiver.kept == ["k0", "k1", "k2", "k3"]
    assert receiver.asked == ["k0", "k0", "k0", "k1", "k2", "k2", "k2", "k3"]


async def test_scopes_are_delivered_at_the_same_time(outbox: Outbox, receiver: Receiver) -> None:
    receiver.seconds = 0.3
    began = time.monotonic()
    for number in range(16):
        await put(outbox, f"k{number}", scope=Scope("alice", None, str(number)))
    assert await outbox.settle(20)
    assert 0.6 <= time.monotonic() - began < 3  # one after another would take 4.8 seconds
    assert receiver.most == QUICK.concurrency
    assert sorted(receiver.kept) == sorted(f"k{number}" for number in range(16))


async def test_a_slow_scope_holds_up_no_other(outbox: Outbox, receiver: Receiver) -> None:
    receiver.seconds = 0.5
    await put(outbox, "slow")
    await until(lambda: receiver.asked == ["slow"])
    receiver.seconds = 0
    began = time.monotonic()
    for number in range(9):
        (job,) = await put(outbox, f"k{number}", scope=BOB)
        assert await outbox.wait(job, 5) == "done"
    assert time.monotonic() - began < 0.5
    assert "slow" not in receiver.kept


async def test_a_delivery_begins_at_once(database: Path, receiver: Receiver) -> None:
    """Though nobody looks again for a long time."""
    settings = dataclasses.replace(QUICK, poll_seconds=3600)
    async with opened(database, receiver, settings=settings) as (outbox, _):
        outbox.start()
        await asyncio.sleep(0.1)
        for number in range(5):
            (job,) = await put(outbox, f"k{number}")
            began = time.monotonic()
            assert await outbox.wait(job, 5) == "done"
            assert time.monotonic() - began < 1


async def test_what_fails_is_tried_again_later_and_later(
    outbox: Outbox, store: SQLiteStore, receiver: Receiver
) -> None:
    receiver.fail("k1", ConflictError("once"), ValueError("twice"))
    (job,) = await put(outbox, "k1")
    assert await outbox.wait(job, 5) == "pending"
    failed = await _job(store, job)
    assert (failed.attempts, failed.error_kind, failed.error) == (1, "ConflictError", "once")
    assert await outbox.settle(10)
    assert [(one.job.attempts, one.tried) for one in receiver.jobs] == [
        (1, False),
        (2, True),
        (3, True),
    ]
    first, second = gaps(receiver.times)
    assert first >= 0.025
    assert second >= 0.05
    assert (await _job(store, job)).state == "done"


@pytest.mark.parametrize("error", [ConflictError("no"), KeyError("x"), asyncio.CancelledError()])
async def test_what_never_succeeds_is_parked(
    outbox: Outbox, store: SQLiteStore, receiver: Receiver, error: BaseException
) -> None:
    """With what it carries; what comes after it goes on."""
    receiver.always = lambda leased: error if leased.job.key == "bad" else None
    bad, _ = await put(outbox, "bad", "good")
    assert await outbox.settle(10)
    assert receiver.asked == ["bad"] * QUICK.attempts + ["good"]
    parked = await _job(store, bad)
    assert (parked.state, parked.attempts) == ("parked", QUICK.attempts)
    assert await outbox.wait(bad, 5) == "parked"
    receiver.always = lambda _: None
    await store.jobs.retry([bad.id], now=dt.datetime.now(dt.UTC))
    assert await outbox.settle(10)
    assert receiver.kept == ["good", "bad"]
    assert receiver.jobs[-1].payload == '{"key":"bad"}'


@pytest.mark.parametrize("error", [BackendRefusedError("never"), InputError("a", "b", "c")])
async def test_what_is_refused_is_parked_at_once(
    outbox: Outbox, store: SQLiteStore, receiver: Receiver, error: Exception
) -> None:
    receiver.fail("bad", error)
    (bad, _) = await put(outbox, "bad", "good")
    assert await outbox.wait(bad, 5) == "parked"
    assert await outbox.settle(10)
    assert receiver.asked == ["bad", "good"]
    parked = await _job(store, bad)
    assert (parked.error_kind, parked.error) == (type(error).__name__, str(error))


async def test_a_service_that_does_not_answer_holds_nobody_up_for_ever(
    database: Path, receiver: Receiver
) -> None:
    """Nobody knows whether it is away or hangs on one job: it pauses, and the job counts."""
    settings = dataclasses.replace(QUICK, deliver_seconds=0.1)
    async with opened(database, receiver, settings=settings) as (outbox, store):
        receiver.seconds = 60
        (stuck,) = await put(outbox, "stuck")
        await until(lambda: len(receiver.asked) == 2)
        receiver.seconds = 0
        assert await outbox.settle(10)
        assert (await _job(store, stuck)).state == "done"
        assert receiver.jobs[-1].tried

        receiver.hang = "poison"
        poison, _ = await put(outbox, "poison", "good")
        assert await outbox.settle(10)
        assert (await _job(store, poison)).state == "parked"
        assert (await _job(store, poison)).error_kind == "BackendUnavailableError"
        assert receiver.kept[-1] == "good"


async def test_a_key_is_delivered_once(outbox: Outbox, receiver: Receiver) -> None:
    (job,) = await put(outbox, "k1")
    assert await outbox.settle(5)
    (again,) = await put(outbox, "k1", scope=Scope("alice"))
    assert (again.id, again.state) == (job.id, "done")
    assert await outbox.wait(again, 5) == "done"
    assert await outbox.settle(5)
    assert receiver.asked == ["k1"]


async def test_a_full_outbox_refuses(database: Path, receiver: Receiver) -> None:
    """Until there is room again; what was put in stays."""
    settings = dataclasses.replace(QUICK, most_jobs=2, first_delay=0.2)
    async with opened(database, receiver, settings=settings) as (outbox, _):
        receiver.always = lambda _: AWAY
        await put(outbox, "k1", "k2")
        with pytest.raises(OutboxFullError) as caught:
            await put(outbox, "k3")
        for told in ("3 jobs", "at most 2 jobs", "service:one", "remanence outbox", "most_jobs"):
            assert told in str(caught.value)
        receiver.always = lambda _: None
        assert await outbox.settle(10)
        await put(outbox, "k3")
        assert await outbox.settle(10)
        assert receiver.kept == ["k1", "k2", "k3"]


async def test_no_other_destination_is_touched(database: Path) -> None:
    """What was meant for another service waits for that one, whatever else happens."""
    one, two = Receiver(), Receiver()
    async with opened(database, one) as (outbox, _):
        async with opened(database, two, destination="service:two") as (other, _):
            await other.aclose()
            await put(other, "k1", "k2")
        await put(outbox, "k1")
        assert await outbox.settle(5)
        await asyncio.sleep(0.3)
        assert (one.asked, two.asked) == (["k1"], [])
        async with opened(database, two, destination="service:two") as (other, _):
            other.start()
            assert await other.settle(5)
        assert (one.asked, two.asked) == (["k1"], ["k1", "k2"])


async def test_what_can_not_be_stored_is_refused(outbox: Outbox, store: SQLiteStore) -> None:
    good = {"kind": "retain", "key": "k1", "payload": "{}"}
    for field, value in [
        ("kind", ""),
        ("kind", "a\nb"),
        ("key", ""),
        ("key", "\ud800"),
        ("payload", ""),
        ("payload", "a \x00"),
        ("payload", "\udfff"),
    ]:
        with pytest.raises(InputError) as caught:
            await outbox.put(scope=ALICE, **{**good, field: value})
        assert caught.value.field == field
    assert await store.jobs.jobs() == []
    with pytest.raises(InputError, match="destination"):
        Outbox(store.jobs, destination="", handle=Receiver().handle)


async def test_what_happens_is_told(database: Path, receiver: Receiver) -> None:
    """Spans and counters, and faults by kind; never what a job carries."""
    faults = Faults(logging.getLogger("test"))
    receiver.fail("k1", ValueError("secret"))
    receiver.fail("k2", BackendRefusedError("never"))
    store = SQLiteStore(database)
    await store.open()
    outbox = Outbox(
        store.jobs,
        destination="service:one",
        handle=receiver.handle,
        settings=QUICK,
        faults=faults,
    )
    with recording() as recorded:
        with span("request"):  # whoever puts something in is not its delivery's parent
            await put(outbox, "k1", "k2", "k3")
        assert await outbox.settle(5)
        await outbox.aclose()
        spans = recorded.spans("remanence.deliver")
        assert [one.attributes and one.attributes["remanence.outcome"] for one in spans] == [
            "postponed",
            "delivered",
            "parked",
            "delivered",
        ]
        assert [one.status.description for one in spans] == [
            "ValueError",
            None,
            "BackendRefusedError",
            None,
        ]
        assert {one.parent for one in spans} == {None}
        assert not re.search("secret|alice", "".join(one.to_json() for one in spans))
        for name, amount in (("delivered", 2), ("postponed", 1), ("parked", 1)):
            assert recorded.counted(f"remanence.{name}", kind="retain") == amount
    assert faults.counts == {"deliver": 1, "park": 1}
    await store.aclose()
