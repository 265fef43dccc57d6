"""All of one user's memory in tables: how it leaves, and who takes it in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TypeVar

from remanence.store.archive import (
    ArchivedEpisode,
    ArchivedFact,
    ArchivedSession,
    ArchivedSource,
    Contents,
    ExtractionState,
    Incoming,
    TakenIn,
)
from remanence.store.relational.database import Database, Row, Runs
from remanence.store.relational.rows import ENDINGS, KINDS, ROLES, to_text
from remanence.store.relational.taking_in import take_in
from remanence.store.times import to_time

__all__ = ["RelationalArchive"]

T = TypeVar("T")

_AT_ONCE = 500
"""So many rows are read at once; one may be megabytes."""

_STATES: dict[int, ExtractionState] = {0: "unasked", 1: "waiting", 2: "passed over", -1: "done"}


class RelationalArchive:
    """Hands out and takes in a user's memory; see :class:`remanence.store.archive.ArchiveStore`.

    Calls may come from any event loop, while the store is open.

    Args:
        write: Runs work in a write transaction.
        read: Runs work that reads.
    """

    def __init__(self, *, write: Runs, read: Runs) -> None:
        """Keep the ways to the store's threads."""
        self._write = write
        self._read = read

    async def read_out(self, user_id: str, take: Callable[[Contents], T]) -> T:
        """Hand out all that is kept of a user; see the protocol."""
        return await self._read(_read_out, user_id, take)

    async def take_in(self, user_id: str, incoming: Incoming) -> TakenIn:
        """Store what left a store; see the protocol."""
        return await self._write(take_in, user_id, incoming, holds=user_id)


def _read_out(database: Database, user_id: str, take: Callable[[Contents], T]) -> T:
    with database.snapshot():
        database.enter(user_id)
        return take(_Rows(database, user_id))


class _Rows:
    """What the rows of one user say, within one transaction."""

    def __init__(self, database: Database, user_id: str) -> None:
        self._database = database
        self._user_id = user_id
        self.schema = database.schema

    def sessions(self) -> Iterator[ArchivedSession]:
        for agent_id, session_id, position in self._database.rows(
            "archived_sessions", {"user_id": self._user_id}
        ):
            yield ArchivedSession(agent_id or None, session_id or None, position)

    def episodes(self) -> Iterator[ArchivedEpisode]:
        for rows in self._parts("archived_episodes"):
            yield from map(_episode, rows)

    def facts(self) -> Iterator[ArchivedFact]:
        for rows in self._parts("archived_facts"):
            there = {"user_id": self._user_id, "first": rows[0][0], "last": rows[-1][0]}
            sources: dict[int, list[ArchivedSource]] = {}
            for fact, episode, stated_by, drawn in self._database.rows("archived_sources", there):
                source = ArchivedSource(to_text(episode), ROLES[int(stated_by)], drawn=bool(drawn))
                sources.setdefault(fact, []).append(source)
            for row in rows:
                yield _fact(row, tuple(sources.get(row[0], ())))

    def _parts(self, name: str) -> Iterator[list[Row]]:
        """Yield the rows of a statement, some at a time; each begins with its number."""
        after = 0
        while True:
            place = {"user_id": self._user_id, "after": after, "limit": _AT_ONCE}
            rows = self._database.rows(name, place)
            if not rows:
                return
            yield rows
            after = rows[-1][0]


def _episode(row: Row) -> ArchivedEpisode:
    number, found, agent_id, session_id, position, role, name, content, at, offset = row[:10]
    recorded_at, message_id, metadata, imported, extraction = row[10:]
    return ArchivedEpisode(
        number=number,
        id=to_text(found),
        agent_id=agent_id or None,
        session_id=session_id or None,
        position=position,
        role=role,
        name=name,
        content=content,
        at=to_time(at, offset),
        recorded_at=to_time(recorded_at),
        message_id=message_id,
        metadata=metadata,
        imported=bool(imported),
        extraction=_STATES[extraction],
    )


def _fact(row: Row, sources: tuple[ArchivedSource, ...]) -> ArchivedFact:
    number, found, agent_id, session_id, text, at, offset, recorded_at, metadata, imported = row[
        :10
    ]
    kind, attribute, stated_by, confidence = row[10:14]
    superseded_at, superseded_by, ending = row[20:]
    return ArchivedFact(
        number=number,
        id=to_text(found),
        agent_id=agent_id or None,
        session_id=session_id or None,
        text=text,
        at=to_time(at, offset),
        recorded_at=to_time(recorded_at),
        metadata=metadata,
        imported=bool(imported),
        kind=None if kind is None else KINDS[int(kind)],
        attribute=attribute,
        stated_by=None if stated_by is None else ROLES[int(stated_by)],
        confidence=confidence,
        valid_from=_time(*row[14:16]),
        valid_until=_time(*row[16:18]),
        stated_until=_time(*row[18:20]),
        superseded_at=_time(superseded_at),
        superseded_by=None if superseded_by is None else to_text(superseded_by),
        ending=None if ending is None else ENDINGS[int(ending)],
        sources=sources,
    )


def _time(microseconds: int | None, offset: int | None = None) -> dt.datetime | None:
    return None if microseconds is None else to_time(microseconds, offset or 0)
