"""Rows of the database as records, and back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from remanence.store.protocol import Entry, Item
from remanence.store.sqlite.database import Row
from remanence.store.times import to_microseconds, to_time
from remanence.types import Episode, Fact, Filter, Origin, Role, Scope

__all__ = [
    "ORIGINS",
    "ROLES",
    "entry_of",
    "episode_of",
    "filter_parameters",
    "items_of",
    "scope_parameters",
    "to_id",
    "to_text",
]

ORIGINS: tuple[Origin, Origin] = ("episode", "fact")
ROLES: tuple[Role | None, ...] = (None, "user", "assistant", "system", "tool")


def to_id(text: str) -> bytes | None:
    """Return the bytes of a UUID, or ``None`` for a text that is none (and names no item)."""
    try:
        return uuid.UUID(text).bytes
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
    """Return the episode of a row: id, position, role, name, content, times, ids, metadata."""
    found, position, role, name, content, at, offset, recorded_at, message_id, metadata = row
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
    )


def items_of(user_id: str, rows: Sequence[Row]) -> dict[int, Item]:
    """Return the items of rows of ``items_at``, by number."""
    scopes: dict[tuple[str, str], Scope] = {}
    items: dict[int, Item] = {}
    for row in rows:
        seq, origin, agent_id, session_id = row[:4]
        scope = scopes.get((agent_id, session_id))
        if scope is None:
            scope = Scope(user_id, agent_id or None, session_id or None)
            scopes[agent_id, session_id] = scope
        items[seq] = _fact_of(scope, row[14:]) if origin else episode_of(scope, row[4:14])
    return items


def _fact_of(scope: Scope, row: Row) -> Fact:
    found, text, at, offset, recorded_at, metadata, sources = row
    return Fact(
        id=to_text(found),
        scope=scope,
        text=text,
        at=to_time(at, offset),
        recorded_at=to_time(recorded_at),
        metadata=_metadata(metadata),
        sources=tuple(to_text(bytes.fromhex(source)) for source in (sources or "").split()),
    )


def entry_of(row: Row) -> Entry:
    """Return the entry of a row of ``entries_after``."""
    seq, origin, session, agent_id, session_id, at, role, speaker, terms, asks, version, told = row
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
        sources,
    )
