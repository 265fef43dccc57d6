"""One delivery: a job is handed over, and what came of it is written down."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from opentelemetry.trace import Status, StatusCode

from remanence.clock import Clock
from remanence.errors import (
    BackendError,
    BackendRefusedError,
    BackendUnavailableError,
    InputError,
)
from remanence.outbox.outage import Outage
from remanence.outbox.retry import delay
from remanence.outbox.settings import OutboxSettings
from remanence.store.jobs import Job, JobStore, LeasedJob
from remanence.telemetry import Faults, count, span

__all__ = ["LAST_WORD_SECONDS", "Delivery", "Duty", "Held"]

LAST_WORD_SECONDS = 1.0
"""How long a worker that is stopped tries to tell the store how far it has come."""

_LONGEST_STORE_DELAY = 30.0

_SLACK_SECONDS = 60.0
"""How much later than the time that it was given a store may get to read what others have written
meanwhile: it may have to wait for a lock."""


@dataclasses.dataclass(frozen=True, slots=True)
class Duty:
    """What a worker works for.

    Attributes:
        store: Where the jobs are.
        destination: Whose jobs it delivers.
        owner: The name under which it leases them.
        handle: Delivers one; returns when the service has it.
        settings: How often it tries, and when.
        clock: The time of records.
        faults: What went wrong.
    """

    store: JobStore
    destination: str
    owner: str
    handle: Callable[[LeasedJob], Awaitable[None]]
    settings: OutboxSettings
    clock: Clock
    faults: Faults

    @property
    def longest(self) -> dt.timedelta:
        """How far ahead of now a time can lie that this, or another like it, has written."""
        return self.farthest + dt.timedelta(seconds=_SLACK_SECONDS)

    @property
    def farthest(self) -> dt.timedelta:
        """The most that this writes a time ahead of now."""
        return dt.timedelta(seconds=max(self.settings.longest_delay, self.settings.lease_seconds))

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after so many failures in a row."""
        settings = self.settings
        return delay(failures, first=settings.first_delay, longest=settings.longest_delay)

    def store_delay(self, failures: int) -> float:
        """Return the seconds to leave a store alone after so many failures in a row."""
        return min(self.delay(failures), _LONGEST_STORE_DELAY)


@dataclasses.dataclass(slots=True, eq=False)
class Held:
    """A job in a worker's hands.

    Attributes:
        leased: The job.
        begun: Whether it was handed over, so that the service may have it.
        over: Whether it is known how that went, and only the store has yet to be told.
        lost: Whether somebody else has it by now.
        task: The delivery.
    """

    leased: LeasedJob
    begun: bool = False
    over: bool = False
    lost: bool = False
    task: asyncio.Task[None] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class _Verdict:
    """How a delivery went: for how many seconds it is put off, and whether that counts."""

    outcome: Literal["delivered", "postponed", "parked"]
    error: Exception | None = None
    seconds: float = 0.0
    counted: bool = True


class Delivery:
    """Delivers the jobs of one worker, one at a call.

    Args:
        duty: What for.
        outage: What is known of the service being away.
    """

    def __init__(self, duty: Duty, outage: Outage) -> None:
        """Keep the parts."""
        self._duty = duty
        self._outage = outage

    async def deliver(self, held: Held) -> None:
        """Hand a job over, and write down how it went.

        Raises:
            CancelledError: The worker is being stopped, or has lost the job.
        """
        job = held.leased.job
        with span("deliver", kind=job.kind, attempt=job.attempts) as current:
            held.begun = True
            verdict = await self._verdict(held.leased)
            held.over = True
            current.set_attribute("remanence.outcome", verdict.outcome)
            if verdict.error is not None:
                current.set_status(Status(StatusCode.ERROR, type(verdict.error).__name__))
                kind = "park" if verdict.outcome == "parked" else "deliver"
                self._duty.faults.record(kind, verdict.error)
            kept = await self._written(job, verdict)
            count(verdict.outcome if kept else "lost", kind=job.kind)

    async def _verdict(self, leased: LeasedJob) -> _Verdict:
        began = time.monotonic()
        hopeless = silent = False
        failure: Exception
        limit = asyncio.timeout(self._duty.settings.deliver_seconds)
        try:
            async with limit:
                await self._duty.handle(leased)
        except (BackendUnavailableError, ConnectionError) as error:
            self._outage.failed(began, getattr(error, "retry_after", None))
            return _Verdict("postponed", error, self._outage.pause, counted=False)
        except (BackendRefusedError, InputError) as error:
            failure, hopeless = error, True
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            failure = BackendError("the delivery was cancelled from within")
        except TimeoutError as error:
            failure, silent = error, limit.expired()
        except Exception as error:  # the worker's edge: whatever was raised, the attempt failed
            failure = error
        else:
            self._outage.answered(began)
            return _Verdict("delivered")
        if silent:  # nobody knows whether it is the service, or this job that it hangs on
            self._outage.failed(began, None)
            seconds = self._duty.settings.deliver_seconds
            failure = BackendUnavailableError(f"the service did not answer within {seconds:g} s")
        else:
            self._outage.answered(began)
        attempts = leased.job.attempts
        if hopeless or attempts >= self._duty.settings.attempts:
            return _Verdict("parked", failure)
        return _Verdict("postponed", failure, self._duty.delay(attempts))

    async def _written(self, job: Job, verdict: _Verdict) -> bool:
        """Write down how it went; return whether the job was still ours."""
        try:
            return await self._insist(job, verdict)
        except asyncio.CancelledError:
            # Once more, so that what the service has is not delivered again. If the first call had
            # come through, this one finds nothing to do.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self._insist(job, verdict)
            raise

    async def _insist(self, job: Job, verdict: _Verdict) -> bool:
        """Try until the store can; meanwhile the lease is extended, and nobody else delivers."""
        for failures in itertools.count(1):
            try:
                return await self._write(job, verdict)
            except Exception as error:  # the worker's edge: a store that can't now may later
                self._duty.faults.record("outbox", error)
            await asyncio.sleep(self._duty.store_delay(failures))
        raise AssertionError("counting ended")

    async def _write(self, job: Job, verdict: _Verdict) -> bool:
        store, owner, now = self._duty.store, self._duty.owner, self._duty.clock.now()
        if verdict.error is None:
            return await store.finish(job.id, owner=owner, now=now)
        if verdict.outcome == "parked":
            return await store.park(job.id, owner=owner, now=now, error=verdict.error)
        seconds = min(dt.timedelta(seconds=verdict.seconds), self._duty.farthest)
        return await store.postpone(
            job.id,
            owner=owner,
            until=now + seconds,
            error=verdict.error,
            counted=verdict.counted,
        )


def _is_being_cancelled() -> bool:
    """Tell whether this task was asked to end, rather than something that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
