"""What is put in is there, once, and no more than is allowed."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import datetime as dt

import pytest

from remanence.errors import OutboxFullError
from remanence.store.jobs import Job, JobStore, Quota
from remanence.testing.jobs.handles import Connect, Handles
from remanence.testing.jobs.records import (
    ALICE,
    AMPLE,
    BOB,
    NOON,
    PLACE,
    keys,
    new_job,
    put,
    take,
)
from remanence.types import Scope

__all__ = ["Enqueuing"]


class Enqueuing(Handles):
    """What is put in is there, once, and no more than is allowed."""

    async def test_a_job_comes_back_as_it_went_in(self, jobs: JobStore) -> None:
        """All fields, for any scope, and times in any zone."""
        zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
        at = NOON.astimezone(zone)
        for scope in (ALICE, Scope("alice"), Scope("alice", None, "monday"), Scope("小猫")):
            new = new_job(f"キー {scope}", scope, at=at)
            (job,) = await jobs.enqueue([new], quota=AMPLE)
            assert job == Job(
                id=new.id,
                kind="retain",
                destination=PLACE,
                scope=scope,
                key=new.key,
                state="pending",
                attempts=0,
                created_at=NOON,
                due_at=NOON,
            )
            assert await jobs.job(new.id) == job

    async def test_payloads_are_kept_verbatim(self, jobs: JobStore) -> None:
        """Whatever the text, and however long."""
        texts = ["{}", '{"text": "naïve 小猫 \U0001f600 \\u0000"}', "x" * 300_000, " \r\n\t"]
        for number, text in enumerate(texts):
            scope = Scope("alice", session_id=str(number))
            await jobs.enqueue([new_job(str(number), scope, payload=text)], quota=AMPLE)
        assert [leased.payload for leased in await take(jobs)] == texts

    async def test_nothing_put_in_is_nothing(self, jobs: JobStore) -> None:
        """An empty call changes nothing."""
        assert await jobs.enqueue([], quota=Quota(0, 0)) == []
        assert await jobs.jobs() == []

    async def test_a_key_is_taken_once(self, jobs: JobStore, second: JobStore) -> None:
        """The job that is there is returned, also within a call and from another store."""
        first, other, same = await put(jobs, "k1", "k2", "k1")
        assert same == first
        assert other.id != first.id
        (again,) = await second.enqueue([new_job("k1", payload="other")], quota=AMPLE)
        assert again == first
        ((leased),) = await take(jobs)
        assert leased.payload == '{"key":"k1"}'
        assert len(await jobs.jobs()) == 2

    async def test_a_key_is_taken_in_whatever_state(self, jobs: JobStore) -> None:
        """A leased, a parked and a done job are returned as they are."""
        (job,) = await put(jobs, "k1")
        await take(jobs)
        assert (await put(jobs, "k1"))[0].state == "leased"
        await jobs.park(job.id, owner="one", now=NOON, error=ValueError())
        assert (await put(jobs, "k1"))[0].state == "parked"
        await jobs.retry([job.id], now=NOON)
        await take(jobs)
        await jobs.finish(job.id, owner="one", now=NOON)
        (done,) = await put(jobs, "k1")
        assert (done.id, done.state) == (job.id, "done")
        assert await take(jobs) == []

    async def test_keys_of_others_are_their_own(self, jobs: JobStore) -> None:
        """A key is one user's, in one destination; not one session's."""
        first = await put(jobs, "k1")
        assert await put(jobs, "k1", scope=Scope("alice", None, "tuesday")) == first
        (bobs,) = await put(jobs, "k1", scope=BOB)
        (elsewhere,) = await put(jobs, "k1", destination="service:two")
        assert len({first[0].id, bobs.id, elsewhere.id}) == 3

    async def test_too_many_jobs_are_refused(self, jobs: JobStore) -> None:
        """All of the call; what was there stays, and goes on being recognised."""
        quota = Quota(2, 1_000)
        await jobs.enqueue([new_job("k1")], quota=quota)
        with pytest.raises(OutboxFullError, match=r"3 jobs.*at most 2 jobs"):
            await jobs.enqueue([new_job("k2"), new_job("k3")], quota=quota)
        assert keys(await jobs.jobs()) == ["k1"]
        await jobs.enqueue([new_job("k2"), new_job("k1")], quota=quota)
        assert keys(await jobs.enqueue([new_job("k2")], quota=quota)) == ["k2"]
        await jobs.enqueue([new_job("k3", destination="service:two")], quota=quota)

    async def test_too_many_bytes_are_refused(self, jobs: JobStore) -> None:
        """Bytes are counted, not characters; of what is not done yet."""
        quota = Quota(100, 10)
        await jobs.enqueue([new_job("k1", payload="猫猫")], quota=quota)
        with pytest.raises(OutboxFullError, match=r"12 bytes.*10 bytes"):
            await jobs.enqueue([new_job("k2", payload="猫猫")], quota=quota)
        (leased,) = await take(jobs)
        await jobs.finish(leased.job.id, owner="one", now=NOON)
        await jobs.enqueue([new_job("k2", payload="猫猫")], quota=quota)

    async def test_what_is_parked_fills_the_quota(self, jobs: JobStore) -> None:
        """Until it is dropped."""
        quota = Quota(1, 1_000)
        (job,) = await put(jobs, "k1")
        await take(jobs)
        with pytest.raises(OutboxFullError):
            await jobs.enqueue([new_job("k2")], quota=quota)
        await jobs.park(job.id, owner="one", now=NOON, error=ValueError())
        with pytest.raises(OutboxFullError):
            await jobs.enqueue([new_job("k2")], quota=quota)
        await jobs.drop([job.id], now=NOON)
        await jobs.enqueue([new_job("k2")], quota=quota)

    async def test_everything_is_there_after_closing(self, connect: Connect) -> None:
        """Jobs, their states and what they carry outlive the store that has them open."""
        async with connect() as jobs:
            await put(jobs, "k1", "k2")
            await put(jobs, "k3", scope=BOB)
            (leased,) = await take(jobs, limit=1)
            await jobs.finish(leased.job.id, owner="one", now=NOON)
            before = await jobs.jobs()
        async with connect() as jobs:
            assert await jobs.jobs() == before
            assert [one.payload for one in await take(jobs)] == ['{"key":"k2"}', '{"key":"k3"}']
            (again,) = await put(jobs, "k1")
            assert again.state == "done"
