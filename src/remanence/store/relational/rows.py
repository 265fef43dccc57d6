"""Rows of the database as records, and back."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from typing import Any, TypeVar

from remanence.store.protocol import Entry, FactTimes, Item
from remanence.store.relational.database import Row
from remanence.store.times import to_microseconds, to_time
from remanence.types import Ending, Episode, Fact, FactKind, Filter, Origin, Role, Scope

__all__ = [
    "ENDINGS",
    "KINDS",
    "ORIGINS",
    "ROLES",
    "Id",
    "entry_of",
    "episode_of",
    "filter_parameters",
    "items_of",
    "scope_parameters",
    "to_id",
    "to_text",
]

T = TypeVar("T")

ORIGINS: tuple[Origin, Origin] = ("episode", "fact")
ROLES: tuple[Role | None, ...] = (None, "user", "assistant", "system", "tool")
KINDS: tuple[FactKind | None, ...] = (
    None,
    "profile",
    "preference",
    "event",
    "plan",
    "relationship",
    "instruction",
    "procedure",
)
ENDINGS: tuple[Ending | None, ...] = (None, "ended", "corrected")


class Id(bytes):
    """The bytes of a UUID, told from other bytes by a database that has a type for them."""

    __slots__ = ()


def to_id(text: str) -> Id | None:
    """Return the bytes of a UUID, or ``None`` for a text that is none (and names no item)."""
    try:
        return Id(uuid.UUID(text).bytes)
    except ValueError:
        return None


def to_text(data: bytes) -> str:
    """Return the usual form of a UUID."""
    digits = data.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _metadata(text: str) -> dict[str, Any]:
    return json.loads(text) if text != "{}" else {}


def scope_parameters(scope: Scope) -> dict[str, str]:
    """Return a scope as it is stored: an absent agent or session is ``''``."""
    return {
        "user_id": scope.user_id,
        "agent_id": scope.agent_id or "",
        "session_id": scope.session_id or "",
    }


def filter_parameters(where: Filter) -> dict[str, Any]:
    """Return a filter as parameters; ``None`` lets everything pass."""
    return {
        "user_id": where.user_id,
        "agent_id": where.agent_id,
        "session_id": where.session_id,
        "since": None if where.since is None else to_microseconds(where.since),
        "until": None if where.until is None else to_microseconds(where.until),
    }


def episode_of(scope: Scope, row: Row) -> Episode:
    """Return the episode of a row: id, position, role, name, content, times, ids, and so on."""
    found, position, role, name, content, at, offset, recorded_at = row[:8]
    message_id, metadata, imported = row[8:]
    return Episode(
        id=to_text(found),
        scope=scope,
        position=position,
        role=role,
        content=content,
        name=name,
        at=to_time(at, offset),
        recorded_at=to_time(recorded_at),
        message_id=message_id,
        metadata=_metadata(metadata),
        imported=bool(imported),
    )


def items_of(
    user_id: str, rows: Sequence[Row], facts: Sequence[Row], known_at: int | None
) -> dict[int, Item]:
    """Return items by number: of the rows of ``episodes_at``, and of those of ``facts_at``.

    Facts are told as they were known at a time; ``None`` for now.
    """
    scopes: dict[tuple[str, str], Scope] = {}

    def scope_of(agent_id: str, session_id: str) -> Scope:
        scope = scopes.get((agent_id, session_id))
        if scope is None:
            scope = Scope(user_id, agent_id or None, session_id or None)
            scopes[agent_id, session_id] = scope
        return scope

    items: dict[int, Item] = {row[0]: episode_of(scope_of(row[1], row[2]), row[3:]) for row in rows}
    items |= {row[0]: _fact_of(scope_of(row[1], row[2]), row[3:], known_at) for row in facts}
    return items


def _fact_of(scope: Scope, row: Row, known_at: int | None) -> Fact:
    found, text, at, offset, recorded_at, metadata, sources = row[:7]
    kind, attribute, authority, confidence = row[7:11]
    stated_by, imported = divmod(authority, 2)
    superseded_at, superseded_by, ending = row[17:]
    valid_from, valid_until, stated_until = row[11:13], row[13:15], row[15:17]
    if superseded_at is not None and known_at is not None and superseded_at > known_at:
        superseded_at, superseded_by, ending, valid_until = None, None, None, stated_until
    return Fact(
        id=to_text(found),
        scope=scope,
        text=text,
        at=to_time(at, offset),
        recorded_at=to_time(recorded_at),
        metadata=_metadata(metadata),
        sources=tuple(to_text(bytes.fromhex(source)) for source in (sources or "").split()),
        kind=_named(KINDS, kind),
        attribute=attribute,
        stated_by=_named(ROLES, stated_by),
        confidence=confidence,
        valid_from=_time(valid_from),
        valid_until=_time(valid_until),
        superseded_at=None if superseded_at is None else to_time(superseded_at),
        superseded_by=None if superseded_by is None else to_text(superseded_by),
        ending=_named(ENDINGS, ending),
        imported=bool(imported),
    )


def _named(names: Sequence[T | None], number: int | None) -> T | None:
    return None if number is None else names[number]


def _time(pair: Row) -> dt.datetime | None:
    return None if pair[0] is None else to_time(*pair)


def entry_of(row: Row) -> Entry:
    """Return the entry of a row of ``entries_after``."""
    seq, origin, session, agent_id, session_id, at, role, speaker, terms, asks, version = row[:11]
    recorded_at, told = row[11:13]
    sources = tuple(sorted(map(int, told.split()))) if told else ()
    return Entry(
        seq,
        ORIGINS[int(origin)],
        session,
        agent_id or None,
        session_id or None,
        at,
        ROLES[role],
        speaker,
        terms,
        bool(asks),
        version,
        recorded_at,
        sources,
        _times_of(row[13:]) if origin else None,
    )


def _times_of(row: Row) -> FactTimes:
    valid_from, valid_until, stated_until, superseded_at, ending, stated_by = row
    return FactTimes(
        valid_from,
        valid_until,
        stated_until,
        superseded_at,
        corrected=ending == ENDINGS.index("corrected"),
        stated_by=_named(ROLES, stated_by),
    )
