"""Erasing: asked for, removed, overwritten, and looked at; taken up again after a crash."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Awaitable, Callable, Sequence

from remanence.clock import Clock
from remanence.errors import RemanenceError
from remanence.store.erasing import Erasure, NewErasure, Scrub
from remanence.store.protocol import Store
from remanence.telemetry import Faults
from remanence.types import Check, Receipt, Scope

__all__ = ["Eraser"]

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0

_OF_A_FILE = (
    "copies of the file that somebody made: backups, and snapshots of the file system",
    "blocks that a disk or a file system keeps of what was overwritten or cut off",
)
_OF_ANY = (
    "the conversation itself where an agent holds it, in its context or in a state that was saved; "
    "what it was told from here leaves it at its next turn",
    "archives and files that it was imported from: importing them again stores it again",
    "what a model or a service outside of this machine was sent, and keeps",
    "the audit in this store: the user's id, who asked, when, and numbers",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Elsewhere:
    """What else has to let go of what was erased.

    Attributes:
        catch_up: Brings a user's search index up to date, if there is one; returns whether none
            of these numbers is in it.
        forget_questions: Forgets what was asked; returns how many questions.
        read_again: Has sessions read for facts again.
    """

    catch_up: Callable[[str, Sequence[int]], Awaitable[bool]]
    forget_questions: Callable[[], int]
    read_again: Callable[[Sequence[Scope]], Awaitable[None]]


class Eraser:
    """Carries out what is to be erased from a store.

    What was asked for is carried out whatever happens: if whoever asked does not wait, if the
    process ends, if a reader is in the way.

    Args:
        store: The store; an open one.
        clock: Where the time of records comes from.
        faults: Where it is counted that freed space can't be overwritten yet.
        elsewhere: What else has to let go.
    """

    def __init__(self, store: Store, *, clock: Clock, faults: Faults, elsewhere: Elsewhere) -> None:
        """Nothing is erased yet."""
        self._store = store
        self._clock = clock
        self._faults = faults
        self._elsewhere = elsewhere
        self._tasks: set[asyncio.Task[list[Receipt]]] = set()
        self._again: asyncio.Task[None] | None = None

    async def resume(self) -> None:
        """Carry out what others have asked for and left undone, and begin to overwrite it."""
        await self._remove_asked(None)
        left = await self._store.erasures.removed(now=self._clock.now())
        if left:
            await self._read_again(left)
            await self._overwrite(left)

    async def take_up(self, user_id: str) -> None:
        """Remove what is to be removed of a user, before anything of it is read."""
        if await self._store.erasures.is_asked(user_id):
            await self._remove_asked(user_id)

    async def _remove_asked(self, user_id: str | None) -> None:
        for number in await self._store.erasures.asked(user_id):
            await self._store.erasures.remove(number, at=self._clock.now())

    async def erase(self, wanted: Sequence[NewErasure]) -> list[Receipt]:
        """Erase, and return a receipt for each; what was begun goes on if this is cancelled."""
        task = asyncio.create_task(self._erase(wanted))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[list[Receipt]]) -> None:
        """Count what went wrong, whether or not somebody still waits for it."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._faults.record("erasure", error)

    async def _erase(self, wanted: Sequence[NewErasure]) -> list[Receipt]:
        began = time.monotonic()
        numbers = await self._store.erasures.ask(wanted)
        erasures: list[Erasure] = []
        try:
            for number, each in zip(numbers, wanted, strict=True):
                done = await self._store.erasures.remove(number, at=self._clock.now())
                erasures.append(done or Erasure(number, each.where.user_id))
        except RemanenceError:  # it is written down, so it is to be done all the same
            self._insist()
            raise
        questions = self._elsewhere.forget_questions()
        await self._read_again(erasures)
        scrub = await self._overwrite(erasures)
        return [
            await self._receipt(erasure, each, scrub, questions, time.monotonic() - began)
            for erasure, each in zip(erasures, wanted, strict=True)
        ]

    async def _read_again(self, erasures: Sequence[Erasure]) -> None:
        scopes = {scope for erasure in erasures for scope in erasure.reread}
        if scopes:
            await self._elsewhere.read_again(sorted(scopes, key=repr))

    async def _overwrite(self, erasures: Sequence[Erasure]) -> Scrub:
        """Overwrite what is left of erasures, now or, if that can't be done now, later."""
        last = max(erasure.number for erasure in erasures)
        try:
            scrub = await self._store.erasures.overwrite(last)
        except RemanenceError as error:
            scrub = Scrub(clean=False, log_empty=False, told=f"{error}; it is tried again")
        if scrub.over:
            await self._store.erasures.finish([erasure.number for erasure in erasures])
        else:
            self._faults.record("erasure", scrub.told)
            self._insist()
        return scrub

    def _insist(self) -> None:
        """Try again in the background what could not be done, unless that is going on."""
        if self._again is None or self._again.done():
            self._again = asyncio.create_task(self._try_again())

    async def _try_again(self) -> None:
        """Remove and overwrite what could not be, as soon as nothing is in the way."""
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            try:
                await self._remove_asked(None)
                left = await self._store.erasures.removed(now=self._clock.now())
                if not left:
                    return
                scrub = await self._store.erasures.overwrite(left[-1].number)
                if scrub.over:
                    await self._store.erasures.finish([erasure.number for erasure in left])
                    return
                self._faults.record("erasure", scrub.told)
            except RemanenceError as error:
                self._faults.record("erasure", error)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _receipt(
        self, erasure: Erasure, wanted: NewErasure, scrub: Scrub, questions: int, seconds: float
    ) -> Receipt:
        rows = await self._store.erasures.referring(erasure)
        unindexed = await self._elsewhere.catch_up(erasure.user_id, erasure.numbers)
        places = {**erasure.places, "questions": questions}
        return Receipt(
            user_id=erasure.user_id,
            at=self._clock.now(),
            asked_by=wanted.asked_by,
            episodes=erasure.episodes,
            facts=erasure.facts,
            ids=erasure.ids,
            places={name: count for name, count in places.items() if count},
            checks=(
                Check("no row refers to the ids", rows == 0, f"{rows} rows do"),
                *_checks_of(scrub),
                Check(
                    "no search index of this process holds them",
                    unindexed,
                    "those of other processes drop them before their next search",
                ),
            ),
            out_of_reach=_out_of_reach(scrub),
            bytes_rewritten=scrub.bytes_rewritten,
            seconds=seconds,
        )

    async def aclose(self) -> None:
        """Finish what was begun; what can't be overwritten yet is taken up at the next opening."""
        here = asyncio.get_running_loop()
        again, self._again = self._again, None
        if again is not None and again.get_loop() is here:
            again.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await again
        begun = [task for task in self._tasks if task.get_loop() is here]
        if begun:
            await asyncio.wait(begun)


def _checks_of(scrub: Scrub) -> tuple[Check, ...]:
    """Return what was found out about freed space, where that can be looked at."""
    if not scrub.reachable:
        return ()
    empty = "it has 0 bytes of what was there" if scrub.log_empty else scrub.told
    return (
        Check("freed space is overwritten", scrub.clean, scrub.told),
        Check("the write-ahead log is empty", scrub.log_empty, empty),
    )


def _out_of_reach(scrub: Scrub) -> tuple[str, ...]:
    return (*(_OF_A_FILE if scrub.reachable else (scrub.told,)), *_OF_ANY)
