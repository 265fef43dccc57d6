"""What is not due yet waits, longer if more comes, and is due when somebody wants it."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import datetime as dt

from remanence.store.jobs import Job, JobStore
from remanence.testing.jobs.handles import Connect, Handles
from remanence.testing.jobs.records import (
    ALICE,
    AMPLE,
    BOB,
    HOUR,
    LONGEST,
    NOON,
    PLACE,
    SECOND,
    keys,
    new_job,
    put,
    take,
)
from remanence.types import Scope

__all__ = ["Pausing"]

PAUSE = 30 * SECOND


class Pausing(Handles):
    """What is not due yet waits, longer if more comes, and is due when somebody wants it."""

    async def test_not_before_its_time(self, jobs: JobStore) -> None:
        """A job waits until it is due, in whichever zone that is told; it holds up its lane."""
        zone = dt.timezone(-dt.timedelta(hours=8))
        due_at = (NOON + HOUR).astimezone(zone)
        (job,) = await jobs.enqueue([new_job("k1", due_at=due_at)], quota=AMPLE)
        assert (job.state, job.created_at, job.due_at) == ("pending", NOON, NOON + HOUR)
        assert await jobs.job(job.id) == job
        await put(jobs, "k2")
        assert await jobs.next_due(PLACE) == NOON + HOUR
        longest = HOUR + LONGEST
        assert await take(jobs, longest=longest) == []
        assert await take(jobs, now=NOON + HOUR - SECOND, longest=longest) == []
        (leased,) = await take(jobs, now=NOON + HOUR, longest=longest)
        assert (leased.job.key, leased.job.attempts, leased.tried) == ("k1", 1, False)

    async def test_further_ahead_than_anything_lies(self, jobs: JobStore) -> None:
        """A time that nobody writes is from before the clock was set back, here as well."""
        await jobs.follow([new_job("k1", due_at=NOON + HOUR)])
        assert await take(jobs, longest=HOUR) == []
        assert keys(await take(jobs, longest=HOUR - SECOND)) == ["k1"]

    async def test_one_of_a_kind_follows(self, jobs: JobStore, second: JobStore) -> None:
        """For its destination and scope, as long as that is pending."""
        await jobs.follow([new_job("k1"), new_job("k2")])
        await second.follow([new_job("k3")])
        assert keys(await jobs.jobs()) == ["k1"]
        await jobs.follow(
            [
                new_job("b1", BOB),
                new_job("s1", Scope("alice", "clerk")),
                new_job("d1", destination="service:two"),
                new_job("e1", kind="extract"),
            ]
        )
        assert keys(await jobs.jobs()) == ["k1", "b1", "s1", "d1", "e1"]
        (leased, *_) = await take(jobs)
        await jobs.follow([new_job("k4")])
        assert keys(await jobs.jobs(user_id="alice")) == ["k1", "s1", "d1", "e1", "k4"]
        await jobs.park(leased.job.id, owner="one", now=NOON, error=ValueError())
        await jobs.follow([new_job("k5")])
        assert keys(await jobs.jobs(user_id="alice")) == ["k1", "s1", "d1", "e1", "k4"]

    async def test_a_job_without_a_time_puts_nothing_off(self, jobs: JobStore) -> None:
        """Nor does it bring anything forward."""
        first = await _following(jobs, 0)
        await jobs.follow([new_job("k2", at=NOON + 10 * SECOND)])
        assert await jobs.jobs() == [first]

    async def test_more_puts_it_off(self, jobs: JobStore, second: JobStore) -> None:
        """Each time from then on, so that it comes when nothing has come for a while."""
        first = await _following(jobs, 0)
        assert first.due_at == NOON + PAUSE
        for later in (1, 2, 29, 50):
            job = await _following(second, later)
            assert (job.id, job.key, job.created_at) == (first.id, first.key, NOON)
            assert job.due_at == NOON + later * SECOND + PAUSE
            assert await jobs.next_due(PLACE) == job.due_at
        assert await take(jobs, now=NOON + 79 * SECOND) == []
        (leased,) = await take(jobs, now=NOON + 80 * SECOND)
        assert leased.payload == '{"key":"k0"}'

    async def test_not_for_ever(self, jobs: JobStore) -> None:
        """Ten times the newer one's own wait is the most, since the first was put in."""
        await _following(jobs, 0)
        last = NOON
        for later in range(20, 400, 20):
            last = (await _following(jobs, later)).due_at
        assert last == NOON + 10 * PAUSE
        await jobs.follow([new_job("k1", at=NOON + HOUR, due_at=NOON + HOUR + 2 * PAUSE)])
        (job,) = await jobs.jobs()
        assert job.due_at == NOON + 20 * PAUSE

    async def test_never_brought_forward(self, jobs: JobStore) -> None:
        """A shorter wait, and a most that is less than what was allowed, change nothing."""
        await jobs.follow([new_job("k1", due_at=NOON + HOUR)])
        (first,) = await jobs.jobs()
        await _following(jobs, 10)
        assert await jobs.jobs() == [first]
        await jobs.follow([new_job("k2", at=NOON + HOUR, due_at=NOON)])
        assert await jobs.jobs() == [first]

    async def test_what_was_tried_is_left_alone(self, jobs: JobStore) -> None:
        """Its time says when it is tried again, or that somebody wants it now."""
        for counted, scope in ((True, ALICE), (False, BOB)):
            await jobs.follow([new_job("k1", scope)])
            (leased,) = await take(jobs)
            job, until = leased.job, NOON + 5 * SECOND
            error = ValueError()
            assert await jobs.postpone(
                job.id, owner="one", until=until, error=error, counted=counted
            )
            await jobs.follow([new_job("k2", scope, due_at=NOON + PAUSE)])
            found = await jobs.job(job.id)
            assert found is not None
            assert found.due_at == until
        assert len(await jobs.jobs()) == 2

    async def test_what_was_given_back_untried_is_put_off(self, jobs: JobStore) -> None:
        """Nothing has come of it yet."""
        job = await _following(jobs, 0)
        at = job.due_at
        await take(jobs, now=at)
        await jobs.give_back([job.id], owner="one", now=at, tried=False)
        assert (await _following(jobs, 40)).due_at == NOON + 40 * SECOND + PAUSE

    async def test_only_the_first_is_put_off(self, jobs: JobStore) -> None:
        """Where several of a kind wait, as they were put in by their keys."""
        await put(jobs, "k1", "k2")
        await jobs.follow([new_job("k3", due_at=NOON + PAUSE)])
        assert [(job.key, job.due_at) for job in await jobs.jobs()] == [
            ("k1", NOON + PAUSE),
            ("k2", NOON),
        ]

    async def test_hastening(self, jobs: JobStore, second: JobStore) -> None:
        """All that wait in a destination, or only one user's."""
        for number, scope in enumerate((ALICE, Scope("alice"), BOB, Scope("carol"))):
            await jobs.follow([new_job(f"k{number}", scope, due_at=NOON + HOUR)])
        await jobs.follow([new_job("k0", destination="service:two", due_at=NOON + HOUR)])
        now = NOON + SECOND
        assert await second.hasten(PLACE, now=now, user_id="bob") == 1
        assert await second.hasten(PLACE, now=now, user_id="nobody") == 0
        assert await jobs.next_due(PLACE) == now
        assert await jobs.hasten(PLACE, now=now) == 3
        assert await jobs.hasten(PLACE, now=now) == 0
        assert len(await take(jobs, now=now)) == 4
        assert await jobs.next_due("service:two") == NOON + HOUR

    async def test_what_hastening_leaves_alone(self, jobs: JobStore) -> None:
        """What is due, in somebody's hands, over, or put off after it was tried."""
        for name in ("due", "leased", "parked", "done", "tried"):
            await put(jobs, name, scope=Scope(name))
        taken = {leased.job.key: leased.job.id for leased in await take(jobs)}
        await jobs.give_back([taken["due"]], owner="one", now=NOON, tried=False)
        await jobs.park(taken["parked"], owner="one", now=NOON, error=ValueError())
        await jobs.finish(taken["done"], owner="one", now=NOON)
        error = ValueError()
        await jobs.postpone(
            taken["tried"], owner="one", until=NOON + HOUR, error=error, counted=False
        )
        before = await jobs.jobs()
        assert await jobs.hasten(PLACE, now=NOON + SECOND) == 0
        assert await jobs.jobs() == before

    async def test_a_time_outlives_the_store(self, connect: Connect) -> None:
        """What waits goes on waiting after a restart, and can be put off or hastened then."""
        async with connect() as jobs:
            await _following(jobs, 0)
        async with connect() as jobs:
            assert await jobs.next_due(PLACE) == NOON + PAUSE
            await _following(jobs, 10)
        async with connect() as jobs:
            assert await jobs.next_due(PLACE) == NOON + 10 * SECOND + PAUSE
            assert await jobs.hasten(PLACE, now=NOON) == 1


async def _following(jobs: JobStore, later: int) -> Job:
    """Say, so many seconds after noon, that there is something to do after a pause."""
    at = NOON + later * SECOND
    await jobs.follow([new_job(f"k{later}", at=at, due_at=at + PAUSE)])
    (job,) = await jobs.jobs()
    return job
