"""Whatever workers, operators and clocks do to jobs, through whichever store: a model agrees."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import datetime as dt
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from remanence.errors import BackendUnavailableError, OutboxFullError
from remanence.store.choosing import store_at
from remanence.store.jobs import Job, JobState, JobStore, NewJob, Quota
from remanence.testing.jobs.records import new_id
from remanence.types import Filter, Scope

T = TypeVar("T")

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
LEASE = dt.timedelta(seconds=30)
LONGEST = dt.timedelta(seconds=100)
QUOTA = Quota(12, 150)
AWAY = BackendUnavailableError("nobody is there")

owners = st.sampled_from(["one", "two", "three"])
handles = st.sampled_from([0, 1])
destinations = st.sampled_from(["here", "here", "here", "there"])
users = st.sampled_from(["alice", "bob"])
scopes = st.sampled_from(
    [Scope("alice"), Scope("alice"), Scope("alice", "clerk", "monday"), Scope("bob")]
)
picks = st.integers(0, 1_000)
several = st.lists(picks, min_size=1, max_size=3)
seconds = st.sampled_from([0.0, 0.001, 1.0, 29.999, 30.0, 99.0])
waits = st.none() | st.sampled_from([-1.0, 0.0, 5.0, 30.0, 99.0])


@dataclasses.dataclass
class Known:
    """A job as it should be."""

    job: Job
    payload: str
    owner: str | None = None
    tried: bool = False

    def change(self, **fields: Any) -> None:
        self.job = dataclasses.replace(self.job, **fields)

    @property
    def lane(self) -> tuple[str, Scope]:
        return self.job.destination, self.job.scope

    @property
    def unfinished(self) -> bool:
        return self.job.state in ("pending", "leased")


class JobsMachine(RuleBasedStateMachine):
    """Two stores in one place, workers of three names, and what should be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = contextlib.ExitStack()
        self.place = self.empty_place()
        self.stores = [store_at(self.place) for _ in range(2)]
        for store in self.stores:
            self.run(store.open())
        self.now = START
        self.known: list[Known] = []
        self.gone: list[str] = [new_id()]
        self.at_work: dict[str, set[str]] = {"one": set(), "two": set(), "three": set()}
        self.put_in = 0

    def empty_place(self) -> str | Path:
        """Return where there is nothing yet; what was there may be gone when the machine ends."""
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        return Path(folder) / "memory.db"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def jobs(self, handle: int) -> JobStore:
        return self.stores[handle].jobs

    def teardown(self) -> None:
        for store in self.stores:
            self.run(store.aclose())
        self.runner.close()
        self.stack.close()

    def _some(self, chosen: list[int]) -> list[str]:
        ids = [known.job.id for known in self.known] + self.gone
        return [ids[number % len(ids)] for number in chosen]

    def _one(self, chosen: int) -> Known | None:
        """Return a job, leased ones first, as most rules are about these."""
        leased = [known for known in self.known if known.job.state == "leased"]
        pool = leased if leased and chosen % 4 else self.known
        return pool[chosen % len(pool)] if pool else None

    # --- time -------------------------------------------------------------------------------

    @rule(passed=seconds)
    def time_passes(self, passed: float) -> None:
        self.now += dt.timedelta(seconds=passed)

    @rule(hours=st.integers(1, 3))
    def the_clock_is_set_back(self, hours: int) -> None:
        self.now -= dt.timedelta(hours=hours)

    @rule(handle=handles)
    def reopen(self, handle: int) -> None:
        self.run(self.stores[handle].aclose())
        self.run(self.stores[handle].open())

    # --- putting in -------------------------------------------------------------------------

    @rule(
        handle=handles,
        wanted=st.lists(
            st.tuples(destinations, scopes, st.sampled_from("abcdefgh"), st.sampled_from("x猫")),
            min_size=1,
            max_size=4,
        ),
        wait=waits,
    )
    def enqueue(
        self, handle: int, wanted: list[tuple[str, Scope, str, str]], wait: float | None
    ) -> None:
        due_at = self._in(wait)
        new = [
            NewJob(new_id(), "retain", where, scope, key, f"{key}{text * 5}", self.now, due_at)
            for where, scope, key, text in wanted
        ]
        after = list(self.known)
        expected: list[Job] = []
        grown: set[str] = set()
        for one in new:
            known = next((known for known in after if _has_key(known, one)), None)
            if known is None:
                known = Known(_as_put_in(one), one.payload)
                after.append(known)
                grown.add(one.destination)
            expected.append(known.job)
        enqueuing = self.jobs(handle).enqueue(new, quota=QUOTA)
        if any(_is_too_much(after, destination) for destination in grown):
            with pytest.raises(OutboxFullError):
                self.run(enqueuing)
            return
        assert self.run(enqueuing) == expected
        self.known = after

    def _in(self, wait: float | None) -> dt.datetime | None:
        return None if wait is None else self.now + dt.timedelta(seconds=wait)

    @rule(
        handle=handles,
        wanted=st.lists(
            st.tuples(destinations, scopes, st.sampled_from(["retain", "read"]), waits),
            min_size=1,
            max_size=4,
        ),
    )
    def follow(self, handle: int, wanted: list[tuple[str, Scope, str, float | None]]) -> None:
        new: list[NewJob] = []
        for where, scope, kind, wait in wanted:
            id_ = new_id()
            one = NewJob(id_, kind, where, scope, id_, "{}", self.now, self._in(wait))
            new.append(one)
            known = next((known for known in self.known if _stands_for(known, one)), None)
            if known is None:
                self.known.append(Known(_as_put_in(one), one.payload))
            elif one.due_at is not None and not known.tried and not known.job.attempts:
                most = known.job.created_at + 10 * (one.due_at - one.created_at)
                known.change(due_at=max(known.job.due_at, min(one.due_at, most)))
        self.run(self.jobs(handle).follow(new))

    @rule(handle=handles, destination=destinations, user=st.none() | users)
    def hasten(self, handle: int, destination: str, user: str | None) -> None:
        waiting = [
            known
            for known in self._of(destination)
            if known.job.state == "pending"
            and not known.tried
            and not known.job.attempts
            and known.job.due_at > self.now
            and user in (None, known.job.scope.user_id)
        ]
        hastened = self.jobs(handle).hasten(destination, now=self.now, user_id=user)
        assert self.run(hastened) == len(waiting)
        for known in waiting:
            known.change(due_at=self.now)

    # --- workers ----------------------------------------------------------------------------

    @rule(handle=handles, owner=owners, destination=destinations, limit=st.integers(1, 4))
    def lease(self, handle: int, owner: str, destination: str, limit: int) -> None:
        at_work = self.at_work[owner]
        expected = self._due(owner, destination, at_work)[:limit]
        taken = self.run(
            self.jobs(handle).lease(
                destination,
                owner=owner,
                now=self.now,
                lease=LEASE,
                longest=LONGEST,
                limit=limit,
                held=sorted(at_work),
            )
        )
        for known in expected:
            known.tried = known.tried or known.job.state == "leased"
            known.owner = owner
            known.change(state="leased", due_at=self.now + LEASE)
            at_work.add(known.job.id)
        assert [(one.job, one.payload, one.tried) for one in taken] == [
            (
                dataclasses.replace(known.job, attempts=known.job.attempts + 1),
                known.payload,
                known.tried,
            )
            for known in expected
        ]

    def _due(self, owner: str, destination: str, at_work: set[str]) -> list[Known]:
        lanes: dict[tuple[str, Scope], list[Known]] = {}
        for known in self.known:
            if known.unfinished and known.job.destination == destination:
                lanes.setdefault(known.lane, []).append(known)

        def is_free(known: Known) -> bool:
            over = known.job.due_at <= self.now or known.job.due_at > self.now + LONGEST
            own = known.job.state == "leased" and known.owner == owner
            return known.job.id not in at_work and (over or own)

        heads = [
            lane[0]
            for lane in lanes.values()
            if is_free(lane[0])
            and all(is_free(other) for other in lane[1:] if other.job.state == "leased")
        ]
        heads.sort(key=self.known.index)
        # Users take turns: a job comes after those of its user that are in hands or before it.
        turns = collections.Counter(
            known.job.scope.user_id
            for known in self.known
            if known.job.state == "leased" and known.job.destination == destination
        )
        order: list[tuple[int, int, Known]] = []
        for number, known in enumerate(heads):
            turns[known.job.scope.user_id] += 1
            order.append((turns[known.job.scope.user_id], number, known))
        return [known for *_, known in sorted(order, key=lambda each: each[:2])]

    @rule(owner=owners)
    def a_worker_forgets_what_it_was_at(self, owner: str) -> None:
        self.at_work[owner].clear()

    @precondition(lambda self: self.known)
    @rule(handle=handles, owner=owners, chosen=several)
    def extend(self, handle: int, owner: str, chosen: list[int]) -> None:
        ids = self._some(chosen)
        until = self.now + LEASE
        held = {known.job.id for known in self.known if known.owner == owner} & set(ids)
        assert self.run(self.jobs(handle).extend(ids, owner=owner, until=until)) == held
        for known in self.known:
            if known.job.id in held:
                known.change(due_at=until)

    @precondition(lambda self: self.known)
    @rule(handle=handles, owner=owners, chosen=picks, right=st.booleans())
    def finish(self, handle: int, owner: str, chosen: int, right: bool) -> None:
        known, owner = self._held(chosen, owner, right=right)
        finishing = self.jobs(handle).finish(known.job.id, owner=owner, now=self.now)
        if self._decided(known, owner, self.run(finishing)):
            known.change(state="done", due_at=self.now, error_kind=None, error=None)
            known.payload = ""

    @precondition(lambda self: self.known)
    @rule(
        handle=handles,
        owner=owners,
        chosen=picks,
        right=st.booleans(),
        later=seconds,
        counted=st.booleans(),
    )
    def postpone(
        self, handle: int, owner: str, chosen: int, right: bool, later: float, counted: bool
    ) -> None:
        known, owner = self._held(chosen, owner, right=right)
        until = self.now + dt.timedelta(seconds=later)
        postponing = self.jobs(handle).postpone(
            known.job.id, owner=owner, until=until, error=AWAY, counted=counted
        )
        if self._decided(known, owner, self.run(postponing)):
            self._failed(known, "pending", until, counted)

    @precondition(lambda self: self.known)
    @rule(handle=handles, owner=owners, chosen=picks, right=st.booleans())
    def park(self, handle: int, owner: str, chosen: int, right: bool) -> None:
        known, owner = self._held(chosen, owner, right=right)
        parking = self.jobs(handle).park(known.job.id, owner=owner, now=self.now, error=AWAY)
        if self._decided(known, owner, self.run(parking)):
            self._failed(known, "parked", self.now, True)

    @precondition(lambda self: self.known)
    @rule(handle=handles, owner=owners, chosen=st.none() | several, tried=st.booleans())
    def give_back(self, handle: int, owner: str, chosen: list[int] | None, tried: bool) -> None:
        ids = None if chosen is None else self._some(chosen)
        held = {known.job.id for known in self.known if known.owner == owner}
        if ids is not None:
            held &= set(ids)
        given = self.jobs(handle).give_back(ids, owner=owner, now=self.now, tried=tried)
        assert self.run(given) == held
        for known in self.known:
            if known.job.id in held:
                known.owner = None
                known.tried = known.tried or tried
                known.change(state="pending", due_at=self.now)

    def _held(self, chosen: int, owner: str, *, right: bool) -> tuple[Known, str]:
        known = self._one(chosen)
        assert known is not None
        return known, (known.owner if right and known.owner is not None else owner)

    def _decided(self, known: Known, owner: str, told: bool) -> bool:
        assert told == (known.owner == owner)
        if told:
            known.owner = None
        return told

    def _failed(self, known: Known, state: JobState, until: dt.datetime, counted: bool) -> None:
        known.tried = True
        known.change(
            state=state,
            due_at=until,
            attempts=known.job.attempts + counted,
            error_kind="BackendUnavailableError",
            error="nobody is there",
        )

    # --- operators --------------------------------------------------------------------------

    @rule(handle=handles, chosen=several, all_parked=st.booleans())
    def retry(self, handle: int, chosen: list[int], all_parked: bool) -> None:
        parked = [known.job.id for known in self.known if known.job.state == "parked"]
        ids = parked if all_parked else self._some(chosen)
        retried = self.run(self.jobs(handle).retry(ids, now=self.now))
        expected: list[Job] = []
        for known in self._named(ids):
            leased = known.job.state == "leased"
            if known.job.state == "done" or (leased and known.job.due_at > self.now):
                continue
            known.tried, known.owner = known.tried or leased, None
            known.change(state="pending", due_at=self.now, attempts=0, error_kind=None, error=None)
            expected.append(known.job)
        assert retried == expected

    @rule(handle=handles, chosen=several)
    def drop(self, handle: int, chosen: list[int]) -> None:
        ids = self._some(chosen)
        dropped = self.run(self.jobs(handle).drop(ids, now=self.now))
        doomed = [
            known
            for known in self._named(ids)
            if known.job.state != "leased" or known.job.due_at <= self.now
        ]
        assert dropped == [known.job for known in doomed]
        self._remove(doomed.__contains__)

    def _of(self, destination: str) -> list[Known]:
        return [known for known in self.known if known.job.destination == destination]

    def _named(self, ids: list[str]) -> list[Known]:
        by_id = {known.job.id: known for known in self.known}
        return [by_id[id_] for id_ in dict.fromkeys(ids) if id_ in by_id]

    @rule(handle=handles, destination=destinations)
    def prune(self, handle: int, destination: str) -> None:
        done = [known for known in self._of(destination) if known.job.state == "done"]
        old = [known for known in done if known.job.due_at < self.now]
        pruned = self.run(self.jobs(handle).prune(destination, before=self.now, limit=100))
        assert pruned == len(old)
        self._remove(old.__contains__)

    @rule(handle=handles, user=users, session=st.sampled_from([None, None, "monday"]))
    def erase(self, handle: int, user: str, session: str | None) -> None:
        where = Filter(user, session_id=session)
        doomed = [
            known
            for known in self.known
            if known.job.scope.user_id == user and session in (None, known.job.scope.session_id)
        ]
        assert self.run(self.jobs(handle).erase_jobs(where)) == len(doomed)
        self._remove(doomed.__contains__)

    def _remove(self, doomed: Callable[[Known], bool]) -> None:
        self.gone += [known.job.id for known in self.known if doomed(known)]
        self.known = [known for known in self.known if not doomed(known)]

    # --- what must hold ---------------------------------------------------------------------

    @invariant()
    def jobs_are_as_they_should_be(self) -> None:
        expected = [known.job for known in self.known]
        for handle in (0, 1):
            assert self.run(self.jobs(handle).jobs(limit=1_000)) == expected

    @invariant()
    def a_look_tells_the_truth(self) -> None:
        for destination in ("here", "there"):
            heads: dict[Scope, Job] = {}
            for known in self.known:
                if known.unfinished and known.job.destination == destination:
                    heads.setdefault(known.job.scope, known.job)
            due_at = min((job.due_at for job in heads.values()), default=None)
            assert self.run(self.jobs(0).next_due(destination)) == due_at
            for known in self.known:
                if known.job.destination == destination:
                    head = self.run(self.jobs(1).lane_head(known.job.id))
                    assert head == heads.get(known.job.scope)
        counts = self.run(self.jobs(1).job_counts())
        assert [each.destination for each in counts] == sorted(
            {known.job.destination for known in self.known}
        )
        for each in counts:
            jobs, payload_bytes = _waiting(self.known, each.destination)
            assert (each.pending + each.leased + each.parked) == jobs
            assert each.payload_bytes == payload_bytes


def _has_key(known: Known, new: NewJob) -> bool:
    job = known.job
    return (job.destination, job.scope.user_id, job.key) == (
        new.destination,
        new.scope.user_id,
        new.key,
    )


def _stands_for(known: Known, new: NewJob) -> bool:
    job = known.job
    return job.state == "pending" and (job.kind, job.destination, job.scope) == (
        new.kind,
        new.destination,
        new.scope,
    )


def _as_put_in(new: NewJob) -> Job:
    return Job(
        id=new.id,
        kind=new.kind,
        destination=new.destination,
        scope=new.scope,
        key=new.key,
        state="pending",
        attempts=0,
        created_at=new.created_at,
        due_at=new.created_at if new.due_at is None else new.due_at,
    )


def _waiting(known: list[Known], destination: str) -> tuple[int, int]:
    waiting = [k for k in known if k.job.destination == destination and k.job.state != "done"]
    return len(waiting), sum(len(k.payload.encode()) for k in waiting)


def _is_too_much(known: list[Known], destination: str) -> bool:
    jobs, payload_bytes = _waiting(known, destination)
    return jobs > QUOTA.jobs or payload_bytes > QUOTA.payload_bytes


TestJobs = JobsMachine.TestCase
TestJobs.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
