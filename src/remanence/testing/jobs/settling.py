"""What becomes of a leased job, and who may say so."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

from remanence.errors import BackendRefusedError, BackendUnavailableError
from remanence.store.jobs import Job, JobStore
from remanence.testing.jobs.handles import Handles
from remanence.testing.jobs.records import (
    AMPLE,
    BOB,
    HOUR,
    LEASE,
    LONGEST,
    NOON,
    SECOND,
    keys,
    new_id,
    new_job,
    put,
    take,
)

__all__ = ["Settling"]

AWAY = BackendUnavailableError("nobody is there")


class Settling(Handles):
    """What becomes of a leased job, and who may say so."""

    async def test_finishing(self, jobs: JobStore) -> None:
        """A done job stays known, and carries nothing any more."""
        (job,) = await put(jobs, "k1")
        await take(jobs)
        await jobs.postpone(job.id, owner="one", until=NOON, error=AWAY, counted=True)
        await take(jobs)
        assert await jobs.finish(job.id, owner="one", now=NOON + HOUR)
        found = await _job(jobs, job.id)
        assert (found.state, found.due_at) == ("done", NOON + HOUR)
        assert (found.attempts, found.error_kind, found.error) == (1, None, None)
        (counts,) = await jobs.job_counts()
        assert counts.payload_bytes == 0
        assert await take(jobs, now=NOON + 9 * HOUR) == []
        assert await jobs.retry([job.id], now=NOON) == []

    async def test_postponing(self, jobs: JobStore) -> None:
        """Not before its time, and then as one that was tried; the error is told."""
        (job,) = await put(jobs, "k1")
        await take(jobs)
        until = NOON + 20 * SECOND
        assert await jobs.postpone(job.id, owner="one", until=until, error=AWAY, counted=True)
        found = await _job(jobs, job.id)
        assert (found.state, found.attempts, found.due_at) == ("pending", 1, until)
        assert (found.error_kind, found.error) == ("BackendUnavailableError", "nobody is there")
        assert await take(jobs, now=until - SECOND) == []
        (leased,) = await take(jobs, "two", now=until)
        assert (leased.tried, leased.job.attempts) == (True, 2)

    async def test_what_does_not_count(self, jobs: JobStore) -> None:
        """An attempt that was nobody's fault."""
        (job,) = await put(jobs, "k1")
        for _ in range(3):
            await take(jobs)
            await jobs.postpone(job.id, owner="one", until=NOON, error=AWAY, counted=False)
        (leased,) = await take(jobs)
        assert (leased.job.attempts, leased.tried) == (1, True)

    async def test_a_postponed_job_holds_up_its_lane(self, jobs: JobStore) -> None:
        """And no other."""
        (job, _) = await put(jobs, "a1", "a2")
        await take(jobs)
        await jobs.postpone(job.id, owner="one", until=NOON + LONGEST, error=AWAY, counted=True)
        await put(jobs, "b1", scope=BOB)
        assert keys(await take(jobs, now=NOON + SECOND)) == ["b1"]

    async def test_giving_back(self, jobs: JobStore) -> None:
        """Due at once; nothing counts, and earlier errors stay."""
        (first,) = await put(jobs, "a1")
        (other,) = await put(jobs, "b1", scope=BOB)
        await take(jobs)
        await jobs.postpone(first.id, owner="one", until=NOON, error=AWAY, counted=True)
        await take(jobs, held=[other.id])
        ids = [first.id, other.id, new_id(), "nonsense"]
        now = NOON + SECOND
        given = await jobs.give_back(ids, owner="one", now=now, tried=False)
        assert given == {first.id, other.id}
        found = await _job(jobs, first.id)
        assert (found.state, found.attempts, found.due_at) == ("pending", 1, now)
        assert found.error_kind == "BackendUnavailableError"
        assert [one.tried for one in await take(jobs, "two", now=now)] == [True, False]
        await jobs.give_back([other.id], owner="two", now=now, tried=True)
        assert [one.tried for one in await take(jobs, now=now)] == [True]

    async def test_giving_everything_back(self, jobs: JobStore) -> None:
        """Whatever an owner holds, and nothing of anybody else's."""
        await put(jobs, "a1", "a2")
        (other,) = await put(jobs, "b1", scope=BOB)
        (first,) = await take(jobs, limit=1)
        await take(jobs, "two")
        given = await jobs.give_back(None, owner="one", now=NOON, tried=False)
        assert given == {first.job.id}
        assert await jobs.give_back(None, owner="one", now=NOON, tried=False) == set()
        assert [(one.job.key, one.tried) for one in await take(jobs)] == [("a1", False)]
        assert (await _job(jobs, other.id)).state == "leased"

    async def test_parking(self, jobs: JobStore) -> None:
        """Set aside with its error, and what it carries; the next of its lane goes on."""
        (job, _) = await put(jobs, "k1", "k2")
        await take(jobs)
        error = BackendRefusedError("x" * 10_000)
        assert await jobs.park(job.id, owner="one", now=NOON + SECOND, error=error)
        found = await _job(jobs, job.id)
        assert (found.state, found.attempts, found.due_at) == ("parked", 1, NOON + SECOND)
        assert (found.error_kind, found.error) == ("BackendRefusedError", "x" * 500)
        assert keys(await take(jobs, now=NOON + 9 * HOUR)) == ["k2"]

    async def test_words_of_other_errors_are_not_kept(self, jobs: JobStore) -> None:
        """They may quote what the job carries; their class does not."""
        (job,) = await put(jobs, "k1")
        await take(jobs)
        error = ValueError("Nora is allergic to hazelnuts")
        await jobs.postpone(job.id, owner="one", until=NOON, error=error, counted=True)
        found = await _job(jobs, job.id)
        assert (found.error_kind, found.error) == ("ValueError", None)
        await take(jobs)
        odd = BackendRefusedError("a \ud800 and a \x00")
        await jobs.park(job.id, owner="one", now=NOON, error=odd)
        assert (await _job(jobs, job.id)).error == "a ? and a "

    async def test_only_the_owner_decides(self, jobs: JobStore, second: JobStore) -> None:
        """Whoever lost a job changes nothing any more, and is told so."""
        (job,) = await put(jobs, "k1")
        assert not await _decided(jobs, job.id, "one")
        await take(jobs)
        assert not await _decided(second, job.id, "two")
        await take(second, "two", now=NOON + LEASE)
        before = await _job(jobs, job.id)
        assert not await _decided(jobs, job.id, "one")
        assert await _job(jobs, job.id) == before
        assert await second.finish(job.id, owner="two", now=NOON)
        assert not await _decided(jobs, job.id, "two")
        assert not await _decided(jobs, new_id(), "two")
        assert not await _decided(jobs, "nonsense", "two")

    async def test_nothing_is_left_of_what_a_done_job_carried(self, jobs: JobStore) -> None:
        """It can't be had back by putting it in, or trying it, again."""
        new = new_job(payload="secret")
        await jobs.enqueue([new], quota=AMPLE)
        await take(jobs)
        await jobs.finish(new.id, owner="one", now=NOON)
        await jobs.enqueue([new_job(payload="other")], quota=AMPLE)
        await jobs.retry([new.id], now=NOON)
        assert await take(jobs) == []


async def _job(jobs: JobStore, id_: str) -> Job:
    found = await jobs.job(id_)
    assert found is not None
    return found


async def _decided(jobs: JobStore, id_: str, owner: str) -> bool:
    """Try everything that only the owner of a lease may do."""
    outcomes = [
        await jobs.finish(id_, owner=owner, now=NOON),
        await jobs.postpone(id_, owner=owner, until=NOON, error=AWAY, counted=True),
        await jobs.park(id_, owner=owner, now=NOON, error=AWAY),
        bool(await jobs.extend([id_], owner=owner, until=NOON + HOUR)),
        bool(await jobs.give_back([id_], owner=owner, now=NOON, tried=True)),
    ]
    return any(outcomes)
