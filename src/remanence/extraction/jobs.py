"""Facts drawn in the background from what is stored, each episode read exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

import uuid_utils

from remanence.clock import Clock
from remanence.errors import BackendAnswerError, BackendError, BackendUnavailableError
from remanence.extract.drafts import Draft
from remanence.extract.reading import fitting
from remanence.extraction.reader import Nearest, Reader, waited
from remanence.llm.protocol import ChatModel
from remanence.outbox import Outbox, OutboxSettings
from remanence.store.extraction import Reading, Unextracted
from remanence.store.jobs import Job, LeasedJob, NewJob
from remanence.store.protocol import Store
from remanence.telemetry import Faults, count, span
from remanence.types import Episode, Filter, Scope

__all__ = ["Extraction", "reading_job"]

_KIND = "extract"
_AGAIN = "extract again"
_PARKED = "extract parked"
_PAYLOAD = '{"version": 1}'
_ATTEMPTS = 6
_LESS_AFTER, _LITTLE_AFTER = 2, 4
"""After so many failed attempts less is read at once, and then one episode alone."""

_MOST_AT_ONCE = 60
_MOST_AGAIN = 1_000
_BEFORE = 6
_MOST_SESSIONS = 100_000
_RESTS = 4.0
"""After reading, it rests for so many times as long as it was busy, the model's time apart."""
_MOST_REST = 5.0
_REST_SECONDS = 0.05
_HASTEN_SECONDS = 1.0

_JOB_SECONDS = 120.0
"""After so long a job leaves the rest to another one, so that one session keeps nobody waiting."""

_ONE_CALL_SECONDS = 360.0
"""What a part that was begun takes at most beyond that: a reading, and two weighings."""
_REPETITIONS = 3
_OUTRUN_SECONDS = 2.0
_POLL_SECONDS = 5.0


class Extraction:
    """Has a chat model read what is stored, and keeps the facts that it finds.

    What is stored waits as a job of its session, put in by the transaction that stores it and due
    when the session has paused. A worker hands it to the model, with what was said right before;
    what the model finds is weighed against what is known, and stored in one transaction with the
    mark that these episodes were read.

    Args:
        model: The model.
        store: What holds episodes, facts and jobs; an open one, that stays the caller's to close.
        nearest: Finds for statements the known facts that are nearest to each, best first.
        then: Makes the jobs to be put in once facts of users are stored.
        clock: Where the time of records comes from.
        faults: Where to tell what goes wrong: ``extract`` (something could not be read, and is
            tried again later), ``extract parked`` (it failed too often, and is set aside), and
            ``outbox`` (the store), ``expense`` (what a call cost could not be kept).
        pause: How many seconds a session has to pause before it is read.
        wake: Called when facts were stored.
    """

    def __init__(
        self,
        model: ChatModel,
        store: Store,
        *,
        nearest: Nearest,
        then: Callable[[Iterable[str]], list[NewJob]],
        clock: Clock,
        faults: Faults,
        pause: float,
        wake: Callable[[], None],
    ) -> None:
        """Wire the parts together; nothing is read yet. Use :meth:`start`."""
        self._reader = Reader(model, store, nearest=nearest, faults=faults)
        self._store = store
        self._then = then
        self._clock = clock
        self._faults = faults
        self._pause = pause
        self._wake = wake
        self._hurried = 0
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        self._outbox = Outbox(
            store.jobs,
            destination=_KIND,
            handle=self._read,
            settings=OutboxSettings(
                attempts=_ATTEMPTS,
                concurrency=4,
                deliver_seconds=_JOB_SECONDS + _ONE_CALL_SECONDS,
                lease_seconds=5.0,
                first_delay=2.0,
                longest_delay=max(300.0, 10 * pause),
                poll_seconds=_POLL_SECONDS,
                keep_done_days=0,
            ),
            clock=clock,
            faults=faults.under({"deliver": _KIND, "park": _PARKED}),
        )

    def start(self) -> None:
        """Start reading in the running event loop."""
        self._outbox.start()

    async def aclose(self) -> None:
        """End; what has not been read is read after the next opening."""
        await self._outbox.aclose(0)

    def jobs(self, scopes: Iterable[Scope]) -> list[NewJob]:
        """Return a job for each of these sessions, to be put in with what is stored of them."""
        return [self._job(_KIND, scope, self._pause) for scope in dict.fromkeys(scopes)]

    def _job(self, kind: str, scope: Scope, pause: float = 0.0) -> NewJob:
        return _new_job(kind, scope, self._clock.now(), pause)

    def wake(self) -> None:
        """Tell the worker that something was put in, if it would not see that in time."""
        if self._pause < _POLL_SECONDS:
            self._outbox.wake()

    async def enlist(self, where: Filter) -> int:
        """Have all read that never was; return in how many sessions there is something to read."""
        scopes = await self._store.extraction.enlist(where, limit=_MOST_SESSIONS)
        await self._store.jobs.follow([self._job(_KIND, scope) for scope in scopes])
        await self._store.jobs.hasten(_KIND, now=self._clock.now(), user_id=where.user_id)
        self._outbox.wake()
        return len(scopes)

    async def settle(self, seconds: float) -> bool:
        """Read at once what waits; return whether all was read in time."""
        deadline = time.monotonic() + seconds
        self._hurried += 1
        try:
            settled = False
            while not settled:  # what is said meanwhile would wait for its session to pause
                await self._store.jobs.hasten(_KIND, now=self._clock.now())
                self._outbox.wake()
                left = deadline - time.monotonic()
                settled = await self._outbox.settle(max(0.0, min(left, _HASTEN_SECONDS)))
                settled |= left <= _HASTEN_SECONDS
        finally:
            self._hurried -= 1
        return await self._store.extraction.waiting() == 0

    async def _read(self, leased: LeasedJob) -> None:
        """Read what waits of a session, or what was passed over."""
        try:
            if leased.job.kind == _AGAIN:
                await self._read_again(leased.job.scope)
            else:
                await self._read_on(leased.job)
        except _OutrunError:  # what waits still does, and nothing failed
            later = self._job(leased.job.kind, leased.job.scope, _OUTRUN_SECONDS)
            await self._store.jobs.follow([later])

    async def _read_again(self, scope: Scope) -> None:
        """Read what was passed over, one by one.

        Raises:
            BackendError: Some of it can't be read still; the error is that of the first.
        """
        failed: BackendError | None = None
        todo = await self._store.extraction.unextracted(
            scope, limit=_MOST_AGAIN, before=0, passed_over=True
        )
        for episode in todo.episodes:
            try:
                await self._read_some(scope, [episode], ())
            except BackendUnavailableError:
                raise
            except BackendError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        await self._clear_parked(scope, _AGAIN)

    async def _read_on(self, job: Job) -> None:
        """Read what waits, a part at a time."""
        until = time.monotonic() + _JOB_SECONDS
        refused = job.error if job.error_kind == BackendAnswerError.__name__ else None
        while time.monotonic() < until:
            todo = await self._store.extraction.unextracted(
                job.scope, limit=_MOST_AT_ONCE, before=_BEFORE
            )
            if not todo.episodes:
                await self._clear_parked(job.scope, _KIND)
                return
            amount = _amount(todo.episodes, job.attempts)
            waited.set(0.0)
            began = time.monotonic()
            try:
                await self._read_some(
                    job.scope, todo.episodes[:amount], todo.before, refused=refused
                )
            except BackendUnavailableError:
                raise
            except BackendError as error:
                if job.attempts < _ATTEMPTS or amount > 1 or len(todo.episodes) == 1:
                    raise
                await self._read_past(job.scope, todo, error)
            await self._rest(time.monotonic() - began - waited.get())
        await self._store.jobs.follow([self._job(_KIND, job.scope)])

    async def _clear_parked(self, scope: Scope, kind: str) -> None:
        """Remove the jobs that were given up on, now that all they were for is done."""
        parked = await self._store.jobs.jobs(
            destination=_KIND, user_id=scope.user_id, states=["parked"], limit=_MOST_AGAIN
        )
        ids = [job.id for job in parked if (job.scope, job.kind) == (scope, kind)]
        if ids:
            await self._store.jobs.drop(ids, now=self._clock.now())

    async def _rest(self, busy: float) -> None:
        """Leave the processor to others for a while, unless somebody waits for what is read."""
        until = time.monotonic() + min(_MOST_REST, _RESTS * busy)
        # Whoever is in a hurry may be in another event loop.
        while not self._hurried and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, _REST_SECONDS))

    async def _read_past(self, scope: Scope, todo: Unextracted, error: BackendError) -> None:
        """Pass over the first of what waits, if the second can be read.

        Something in it may be more than this model takes. Where it takes the next one, that is so,
        and this one no longer holds up the others.

        Raises:
            BackendError: The second can't be read either: it is the model.
        """
        first, second = todo.episodes[:2]
        await self._read_some(scope, [second], todo.before, passed_over=first.id)
        self._faults.record(_KIND, error)

    async def _read_some(
        self,
        scope: Scope,
        new: Sequence[Episode],
        before: Sequence[Episode],
        *,
        refused: str | None = None,
        passed_over: str | None = None,
    ) -> None:
        """Read some episodes, and keep what is found.

        Raises:
            BackendError: They can't be read.
            _OutrunError: More was learned of the user all the while.
        """
        with span(_KIND, episodes=len(new)):
            drafts = await self._reader.read(new, before, refused=refused)
            async with self._one_at_a_time(scope.user_id):
                for _ in range(_REPETITIONS):
                    if await self._keep(scope, new, drafts, passed_over):
                        return
        raise _OutrunError

    async def _keep(
        self,
        scope: Scope,
        new: Sequence[Episode],
        drafts: Sequence[Draft],
        passed_over: str | None,
    ) -> bool:
        """Weigh what was found, and store what comes of it; ``False``: weigh it anew."""
        upto = await self._store.extraction.last_fact(scope.user_id)
        place = Scope(scope.user_id, scope.agent_id)
        weighing = await self._reader.weigh(place, drafts, now=self._clock.now())
        changes = await asyncio.to_thread(weighing.changes)
        over = () if passed_over is None else (passed_over,)
        again = [self._job(_AGAIN, scope)] if over else []
        reading = Reading(scope, tuple(each.id for each in new), changes, upto, over)
        then = self._then([scope.user_id]) if changes.added else []
        kept = await self._store.extraction.keep_reading(reading, then=[*then, *again])
        if kept == "outdated":
            return False
        if kept == "kept":
            count("facts", len(changes.added), became="added")
            count("facts", len(changes.confirmed), became="confirmed")
            count("facts", len(changes.superseded), became="superseded")
            self._wake()
        return True

    @contextlib.asynccontextmanager
    async def _one_at_a_time(self, user_id: str) -> AsyncGenerator[None]:
        """Hold off what else is weighed for a user in this process."""
        lock = self._locks.setdefault(user_id, asyncio.Lock())
        async with lock:
            yield


class _OutrunError(Exception):
    """Other processes learned of the user as long as what was found was being weighed."""


def reading_job(scope: Scope, *, now: dt.datetime) -> NewJob:
    """Return the job of reading a session for facts at once, for whoever has a chat model.

    Args:
        scope: The session.
        now: When it is put in.
    """
    return _new_job(_KIND, scope, now)


def _new_job(kind: str, scope: Scope, now: dt.datetime, pause: float = 0.0) -> NewJob:
    id_ = str(uuid_utils.uuid7())
    return NewJob(id_, kind, _KIND, scope, id_, _PAYLOAD, now, now + dt.timedelta(seconds=pause))


def _amount(episodes: Sequence[Episode], attempts: int) -> int:
    """Return how many episodes are read at once: fewer after failures."""
    whole = fitting(episodes)
    if attempts <= _LESS_AFTER:
        return whole
    return max(1, whole // 4) if attempts <= _LITTLE_AFTER else 1
