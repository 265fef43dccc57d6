"""Which notes a search may find, and what it tells of them."""

from __future__ import annotations

from typing import Any

from remanence.backends.reme.catalog import Catalog, Entry
from remanence.backends.reme.notes import Note, Origin
from remanence.backends.reme.searching import Found
from remanence.backends.request import RecallRequest
from remanence.types import Filter, Recollection, Scope

__all__ = ["is_extracted", "is_seen", "is_wanted", "recollection_of"]


def is_extracted(catalog: Catalog, key: str, scope: Scope | Origin) -> bool:
    """Return whether ReMe's agent has noted something of what was delivered with a key.

    Args:
        catalog: The notes that there are.
        key: The key.
        scope: What tells the agent and the session that it belongs to.
    """
    place = (scope.agent_id, scope.session_id)
    known = (entry.origin for entry in catalog.with_key(key))
    return any(
        origin is not None
        and origin.kind == "extracted"
        and (origin.agent_id, origin.session_id) == place
        for origin in known
    )


def is_wanted(entry: Entry, request: RecallRequest) -> bool:
    """Return whether a note may be seen, and the agent does not see already what it tells."""
    if not is_seen(entry, request.where):
        return False
    return entry.origin is None or not _is_visible(entry.origin, request)


def is_seen(entry: Entry, where: Filter) -> bool:
    """Return whether a filter sees a note.

    One that does not tell where it comes from, as those that people write, is of no session, and
    of whichever agent asks.
    """
    origin = entry.origin
    agent_id = where.agent_id if origin is None else origin.agent_id
    session_id = None if origin is None else origin.session_id
    return (
        where.agent_id in (None, agent_id)
        and where.session_id in (None, session_id)
        and (where.since is None or entry.at >= where.since)
        and (where.until is None or entry.at < where.until)
    )


def _is_visible(origin: Origin, request: RecallRequest) -> bool:
    asking = request.asking
    if (origin.agent_id, origin.session_id) != (asking.agent_id, asking.session_id):
        return False
    if origin.kind == "message":
        return origin.message_id is not None and _is_among(origin.message_id, request.visible)
    if origin.kind == "extracted":
        return bool(origin.keys) and all(_is_among(key, request.visible) for key in origin.keys)
    return False


def _is_among(name: str, visible: frozenset[str]) -> bool:
    """Return whether an id is one of these, or of a part of one of these."""
    return name in visible or name.partition("#")[0] in visible


def recollection_of(entry: Entry, found: Found, request: RecallRequest) -> Recollection:
    """Return what was found in a note as a recollection.

    A note of ours is one memory, told word for word; of others, ReMe's own among them, each part is
    one.
    """
    origin = entry.origin
    scope = Scope(
        request.where.user_id,
        origin.agent_id if origin is not None else None,
        origin.session_id if origin is not None else None,
    )
    whole = origin is not None and origin.kind != "extracted"
    said = origin is not None and origin.kind == "message"
    return Recollection(
        text=entry.note.text if whole else found.text,
        origin="episode" if said else "fact",
        id=found.path if whole else found.place,
        score=found.score,
        at=entry.at,
        scope=scope,
        role=origin.role if said and origin is not None else None,
        speaker=origin.name if said and origin is not None else None,
        metadata=_metadata(found, entry.note),
    )


def _metadata(found: Found, note: Note) -> dict[str, Any]:
    told: dict[str, Any] = {"path": found.path}
    if note.origin is None or note.origin.kind == "extracted":
        for name in ("name", "description"):
            if isinstance(value := note.fields.get(name), str):
                told[name] = value
    return told
