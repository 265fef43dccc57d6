"""The worker of an outbox: leases jobs, delivers them, and keeps its leases while it does."""

from __future__ import annotations

import asyncio
import contextvars
import datetime as dt
import os
import time
from collections.abc import Callable, Sequence

from remanence.outbox.bell import Bell
from remanence.outbox.delivery import LAST_WORD_SECONDS, Delivery, Duty, Held
from remanence.outbox.outage import Outage
from remanence.store.jobs import LeasedJob

__all__ = ["Worker"]

_STOP_SECONDS = 2.0
"""How long deliveries that were cancelled have to come to their end."""

_RESTS = 4.0

_LEAST_PAUSE = 0.05
"""Seconds: a job that is due and can't be had is not asked for without end."""

_PRUNED_AT_ONCE = 1_000
_PRUNE_SECONDS = 3_600.0
_LEAST_PRUNE_SECONDS = 60.0


class Worker:
    """Delivers the jobs of one destination, in the event loop that is running when it is made.

    Args:
        duty: What for.
        work: Rings when there is something to do.
        news: Is rung, by the job's id, when something became of a job.
    """

    def __init__(self, duty: Duty, *, work: Bell, news: Bell) -> None:
        """Begin."""
        self._duty = duty
        self._work = work
        self._news = news
        self._outage = Outage(duty.settings)
        self._delivery = Delivery(duty, self._outage)
        self._held: dict[str, Held] = {}
        self._stopping = False
        self._leaving = False
        self._replaced = False
        self._taking = False
        self._failures = 0
        self._rested_at = 0.0
        self._prune_at = time.monotonic()
        self._process = os.getpid()
        self._loop = asyncio.get_running_loop()
        # In a context of its own: whoever came first has nothing to do with what is delivered.
        self._context = contextvars.Context()
        self._task = self._loop.create_task(self._run(), context=self._context)

    @property
    def alive(self) -> bool:
        """Whether it goes on delivering: it has not ended, and its event loop runs, and here."""
        return self._process == os.getpid() and not self._task.done() and self._loop.is_running()

    @property
    def busy(self) -> bool:
        """Whether it has a job in its hands."""
        return bool(self._held)

    @property
    def pause(self) -> float:
        """For how many seconds it leaves its service alone."""
        return self._outage.pause

    def replace(self) -> None:
        """Make way for another worker of the same name, should the event loop ever go on."""
        self._replaced = True
        self._stopping = True

    async def stop(self) -> None:
        """Cancel what is being delivered, give it back, and end; wait for that, but not for ever.

        May be called from another event loop.
        """
        self._stopping = True
        self._work.ring()
        # It may be about to learn what it was given, which it then gives back.
        await self._ends(lambda: self._leaving, LAST_WORD_SECONDS)
        if self.alive and not self._leaving:
            self._loop.call_soon_threadsafe(self._task.cancel)
        await self._ends(lambda: False, _STOP_SECONDS + 2 * LAST_WORD_SECONDS)
        if self._process == os.getpid() and not self._leaving:
            await self._give_back(list(self._held.values()))  # its event loop never came to it

    async def _ends(self, enough: Callable[[], bool], seconds: float) -> None:
        """Wait until it has ended, or that much of it; for some seconds at most."""
        deadline = time.monotonic() + seconds
        with self._news.heard() as ear:
            while self.alive and not enough() and (left := deadline - time.monotonic()) > 0:
                ear.clear()
                await ear.wait(min(left, _LEAST_PAUSE))

    async def _run(self) -> None:
        keeping = self._loop.create_task(self._keep_leases())
        try:
            with self._work.heard() as ear:
                while not self._stopping:
                    ear.clear()
                    await ear.wait(await self._round())
        finally:
            self._leaving = True
            self._news.ring()
            keeping.cancel()
            await self._let_go(keeping)

    async def _round(self) -> float:
        """Begin what can be begun; return for how many seconds there is nothing else to do."""
        try:
            pause = await self._take()
        except Exception as error:  # the worker's edge: a store that can't now may later
            self._failures += 1
            self._duty.faults.record("outbox", error)
            return self._duty.store_delay(self._failures)
        self._failures = 0
        return pause

    async def _take(self) -> float:
        pause, settings = self._outage.pause, self._duty.settings
        if pause > 0:
            return pause
        # After an outage one job finds out whether it is over.
        free = (1 if self._outage.lasts else settings.concurrency) - len(self._held)
        if free <= 0:
            return settings.poll_seconds
        began = time.monotonic()
        if self._held and began < self._rested_at:
            return self._rested_at - began
        self._taking = True
        taken = await self._duty.store.lease(
            self._duty.destination,
            owner=self._duty.owner,
            now=self._duty.clock.now(),
            lease=dt.timedelta(seconds=settings.lease_seconds),
            longest=self._duty.longest,
            limit=free,
            held=tuple(self._held),
        )
        self._taking = False
        # A store that takes long to find what is due, as in a very long queue, is asked a fifth of
        # the time at most while there is work: more hands are free then, and more comes at once.
        now = time.monotonic()
        self._rested_at = now + _RESTS * (now - began)
        for leased in taken:
            self._begin(leased)
        if len(taken) == free:  # whichever is over first rings the bell
            return settings.poll_seconds
        await self._prune()
        due_at = await self._duty.store.next_due(self._duty.destination)
        if due_at is None:
            return settings.poll_seconds
        seconds = (due_at - self._duty.clock.now()).total_seconds()
        return min(max(seconds, _LEAST_PAUSE), settings.poll_seconds)

    async def _prune(self) -> None:
        """Forget now and then what was done long ago."""
        if time.monotonic() < self._prune_at:
            return
        kept = dt.timedelta(days=self._duty.settings.keep_done_days)
        pruned = await self._duty.store.prune(
            self._duty.destination, before=self._duty.clock.now() - kept, limit=_PRUNED_AT_ONCE
        )
        if pruned < _PRUNED_AT_ONCE:
            pause = min(max(kept.total_seconds(), _LEAST_PRUNE_SECONDS), _PRUNE_SECONDS)
            self._prune_at = time.monotonic() + pause

    def _begin(self, leased: LeasedJob) -> None:
        # A scope's next job is leased only if nobody has one of it: whoever is at one has lost it.
        scope = leased.job.scope
        earlier = [held for held in self._held.values() if held.leased.job.scope == scope]
        for lost in earlier:
            _lose(lost)
        held = Held(leased)
        self._held[leased.job.id] = held
        # Again a context of its own, so that one delivery's span is not another's parent.
        context = self._context.copy()
        after = [one.task for one in earlier if one.task is not None]
        held.task = self._loop.create_task(self._deliver(held, after), context=context)

    async def _deliver(self, held: Held, after: Sequence[asyncio.Task[None]]) -> None:
        """Deliver a job after these; what is cancelled stays in hand, to be given back."""
        try:
            if after:
                await asyncio.wait(after)
            await self._delivery.deliver(held)
        except asyncio.CancelledError:
            if not held.lost:
                raise
        except Exception as error:  # the worker's edge: a fault of our own; it is leased again
            self._duty.faults.record("outbox", error)
            await asyncio.sleep(self._duty.delay(1))
        id_ = held.leased.job.id
        del self._held[id_]
        self._news.ring(id_)
        self._work.ring()

    async def _keep_leases(self) -> None:
        """Extend what is held, again and again; stop delivering what is held no longer."""
        seconds = self._duty.settings.lease_seconds
        while True:
            await asyncio.sleep(seconds / 3)
            ids = tuple(self._held)
            if not ids:
                continue
            until = self._duty.clock.now() + dt.timedelta(seconds=seconds)
            try:
                kept = await self._duty.store.extend(ids, owner=self._duty.owner, until=until)
            except Exception as error:  # the worker's edge: a store that can't now may later
                self._duty.faults.record("outbox", error)
                continue
            for id_ in set(ids) - kept:
                if (held := self._held.get(id_)) is not None:
                    _lose(held)

    async def _let_go(self, keeping: asyncio.Task[None]) -> None:
        """End what is being delivered, and give it back."""
        deliveries = {id_: held.task for id_, held in self._held.items() if held.task is not None}
        for task in deliveries.values():
            task.cancel()
        _, stuck = await asyncio.wait((keeping, *deliveries.values()), timeout=_STOP_SECONDS)
        if self._replaced:
            return
        if not stuck:
            await self._give_back(list(self._held.values()))
            return
        # What does not end may still arrive at the service: its lease has to run out.
        ended = [held for id_, held in self._held.items() if deliveries.get(id_) not in stuck]
        await self._give_back(ended, unknown=False)

    async def _give_back(self, left: Sequence[Held], *, unknown: bool = True) -> None:
        """Give jobs back.

        Args:
            left: The jobs.
            unknown: Whether to give back as well what was taken without anybody learning of it, as
                when this was cancelled while the store was at it.
        """
        ids: dict[bool, list[str] | None] = {True: [], False: []}
        for begun in ids:
            ids[begun] = [held.leased.job.id for held in left if held.begun == begun]
        if unknown and self._taking:
            ids[False] = None
        now, owner = self._duty.clock.now(), self._duty.owner
        try:
            async with asyncio.timeout(LAST_WORD_SECONDS):
                for tried, given in ids.items():
                    if given is None or given:
                        await self._duty.store.give_back(given, owner=owner, now=now, tried=tried)
        except Exception as error:  # the worker's edge: the leases run out by themselves
            self._duty.faults.record("outbox", error)


def _lose(held: Held) -> None:
    """Stop delivering what somebody else has, or nobody any more."""
    # If its outcome is known it finds out by itself, when that is to be written down.
    if held.task is not None and not held.over:
        held.lost = True
        held.task.cancel()
