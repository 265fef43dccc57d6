"""All memories of a store, copied into another one, user by user, and compared afterwards."""

from __future__ import annotations

import dataclasses
import logging
import shlex
from collections.abc import AsyncIterator, Sequence
from typing import Literal

from remanence.clock import Clock
from remanence.engine.fingerprint import Fingerprint, Taking, fingerprint_of, items_of
from remanence.erasure import Elsewhere, Eraser
from remanence.errors import ConflictError
from remanence.index.text import analyze
from remanence.store.analysis import Analysis
from remanence.store.archive import (
    ArchivedEpisode,
    ArchivedItem,
    ArchivedSession,
    Contents,
    Incoming,
    TakenIn,
)
from remanence.store.audit import NewAudit
from remanence.store.jobs import NewJob
from remanence.store.protocol import Store
from remanence.telemetry import Faults, count, span
from remanence.types import Scope

__all__ = ["CopiedUser", "Copier", "CopyState"]

_log = logging.getLogger(__name__)

_USERS_AT_ONCE = 500

CopyState = Literal["copied", "there", "to copy", "different", "refused"]
"""``to copy`` is what a comparison finds; the last two are not as they should be."""

_NOTHING = TakenIn(0, 0, 0, 0, 0, 0)

_Items = Sequence[tuple[ArchivedItem, Analysis]]


@dataclasses.dataclass(frozen=True, slots=True)
class CopiedUser:
    """What became of a user's memory.

    Attributes:
        user_id: Whose.
        state: What became of it.
        source: What the source holds, as of when it was read.
        target: What the target holds afterwards.
        told: What is not as it should be, and what to do; empty if nothing is.
        stored: What was new to the target, and is stored there now.
    """

    user_id: str
    state: CopyState
    source: Fingerprint
    target: Fingerprint
    told: str = ""
    stored: TakenIn = _NOTHING


class Copier:
    """Copies memories from one store to another; both are open, and stay the caller's to close.

    Each user comes in one transaction, with ids, times, order, and all that is kept of facts. What
    is there already is not stored again, so that a copy that was interrupted goes on where it was,
    and a later one brings what is new. Nothing is removed from the target.

    Vectors are not copied: they belong to numbers of items, which are others in the target, and to
    an embedder, which it may not have; whoever opens it with one makes them. Neither is what was
    written down of who asked for what: each store tells of itself, the source of an export and the
    target of an import. Jobs are not copied, but what waits to be read for facts waits there.

    Args:
        source: Where memories are.
        target: Where they are to be as well.
        clock: Where the time of records comes from.
        asked_by: Who asked for it, for the audit.
    """

    def __init__(
        self, source: Store, target: Store, *, clock: Clock, asked_by: str | None = None
    ) -> None:
        """Nothing is read yet."""
        self._source = source
        self._target = target
        self._clock = clock
        self._asked_by = asked_by
        self._erasers = [_eraser(store, clock) for store in (source, target)]

    async def prepare(self) -> int:
        """Carry out on both sides what was asked to be erased, before anything is copied.

        Returns:
            How many erasures that were.
        """
        asked = [await store.erasures.asked(None) for store in (self._source, self._target)]
        for eraser in self._erasers:
            await eraser.resume()
        return sum(map(len, asked))

    async def aclose(self) -> None:
        """End what goes on in the background; the stores stay open."""
        for eraser in self._erasers:
            await eraser.aclose()

    async def users(self) -> AsyncIterator[str]:
        """Yield the users of the source, by their names."""
        after = ""
        while page := await self._source.usage.users(after=after, limit=_USERS_AT_ONCE):
            for user_id in page:
                yield user_id
            after = page[-1]

    async def compare(self, user_id: str) -> CopiedUser:
        """Return what there is of a user on both sides; nothing is changed."""
        source = await _fingerprint(self._source, user_id)
        target = await _fingerprint(self._target, user_id)
        return CopiedUser(user_id, "there" if source == target else "to copy", source, target)

    async def outgoing(self, user_id: str) -> CopiedUser:
        """Return what there is of a user at the source, for a target that is still to be made."""
        source = await _fingerprint(self._source, user_id)
        return CopiedUser(user_id, "to copy", source, Taking().result())

    async def copy(self, user_id: str) -> CopiedUser:
        """Copy a user's memory, unless it is there, and compare what is there then.

        Raises:
            StoreError: One of the stores can't; of this user nothing was kept.
        """
        for eraser in self._erasers:
            await eraser.take_up(user_id)
        target = await _fingerprint(self._target, user_id)
        if target.items and target == await _fingerprint(self._source, user_id):
            return CopiedUser(user_id, "there", target, target)
        with span("copy"):
            source, sessions, items = await self._source.archive.read_out(user_id, _taken_along)
            try:
                stored = await self._take_in(user_id, source, sessions, items)
            except ConflictError as error:
                target = await _fingerprint(self._target, user_id)
                told = f"{error}; or {_anew(user_id)}"
                return CopiedUser(user_id, "refused", source, target, told)
            target = await _fingerprint(self._target, user_id)
        count("copied", stored.episodes + stored.facts)
        if source != target:
            told = _difference(user_id, source, target)
            return CopiedUser(user_id, "different", source, target, told, stored)
        return CopiedUser(user_id, "copied", source, target, stored=stored)

    async def _take_in(
        self,
        user_id: str,
        source: Fingerprint,
        sessions: Sequence[ArchivedSession],
        items: _Items,
    ) -> TakenIn:
        """Store what was read, and write down on both sides that it was.

        Raises:
            ConflictError: The target holds something else in its place.
            StoreError: One of the stores can't.
        """
        now = self._clock.now()
        counts = {
            "sessions": source.sessions,
            "episodes": source.episodes,
            "facts": source.facts,
        }
        # Before it is there: what is written down too much is no harm.
        await self._source.audit.record(NewAudit(now, "export", user_id, self._asked_by, counts))
        incoming = Incoming(
            sessions=sessions,
            items=items,
            at=now,
            asked_by=self._asked_by,
            then=self._reading_jobs(user_id, items),
            extract=True,
        )
        return await self._target.archive.take_in(user_id, incoming)

    def _reading_jobs(self, user_id: str, items: _Items) -> list[NewJob]:
        """Return what has the sessions read in which something waits to be read for facts."""
        waiting = {
            Scope(user_id, item.agent_id, item.session_id): None
            for item, _ in items
            if isinstance(item, ArchivedEpisode) and item.extraction in ("waiting", "passed over")
        }
        if not waiting:
            return []
        # What validates a model's answers takes a while to load, and is needed by nobody else.
        from remanence.extraction.jobs import reading_job

        return [reading_job(scope, now=self._clock.now()) for scope in waiting]


def _taken_along(contents: Contents) -> tuple[Fingerprint, list[ArchivedSession], _Items]:
    """Return all of a user's memory, analysed, and its fingerprint, as of one moment."""
    taking, sessions = Taking(), list(contents.sessions())
    taking.add_sessions(sessions)
    items: list[tuple[ArchivedItem, Analysis]] = []
    for item in items_of(contents):
        taking.add(item)
        text = item.content if isinstance(item, ArchivedEpisode) else item.text
        items.append((item, analyze(text)))
    return taking.result(), sessions, items


async def _fingerprint(store: Store, user_id: str) -> Fingerprint:
    return await store.archive.read_out(user_id, fingerprint_of)


def _difference(user_id: str, source: Fingerprint, target: Fingerprint) -> str:
    """Return in which way two memories differ, and what to do about it."""
    counts = (
        ("sessions", source.sessions, target.sessions),
        ("episodes", source.episodes, target.episodes),
        ("facts", source.facts, target.facts),
    )
    differing = [
        f"{there:,} {name} where the source has {here:,}"
        for name, here, there in counts
        if here != there
    ]
    if not differing:
        return f"the target has as much as the source, and not the same; {_anew(user_id)}"
    told = f"the target has {', '.join(differing)}"
    if any(there > here for _, here, there in counts):
        told += "; if that was forgotten at the source, forget it there too; else"
        return f"{told} {_anew(user_id)}"
    return f"{told}; {_anew(user_id)}"


def _anew(user_id: str) -> str:
    """Return what makes two memories the same, whatever keeps them apart."""
    name = shlex.quote(user_id)
    return (
        f"forget that user in one store ('remanence forget --user {name} --everything'), and "
        "copy again"
    )


def _eraser(store: Store, clock: Clock) -> Eraser:
    """Return what carries out erasures of a store in which nobody searches here."""

    async def let_go(user_id: str, numbers: Sequence[int]) -> bool:
        del user_id, numbers
        return True

    async def read_again(scopes: Sequence[Scope]) -> None:
        from remanence.extraction.jobs import reading_job

        await store.jobs.follow([reading_job(scope, now=clock.now()) for scope in scopes])

    return Eraser(
        store, clock=clock, faults=Faults(_log), elsewhere=Elsewhere(let_go, lambda: 0, read_again)
    )
