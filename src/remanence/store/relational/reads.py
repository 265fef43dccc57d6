"""What is read from the database."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from remanence.store.analysis import StaleText
from remanence.store.protocol import Changes, Counts, Head, Item
from remanence.store.relational.database import Database, Row
from remanence.store.relational.rows import (
    ORIGINS,
    entry_of,
    filter_parameters,
    items_of,
    scope_parameters,
    to_id,
    to_text,
)
from remanence.store.times import to_microseconds, to_time
from remanence.types import Episode, Filter, Origin, Scope

__all__ = [
    "around",
    "at_sequence",
    "changes",
    "count",
    "episode_ids",
    "find",
    "find_within",
    "head",
    "page",
    "stale",
]


def head(database: Database, user_id: str, embedder: int | None) -> Head:
    """Return a user's sequence, epoch, and progress with an embedder."""
    database.enter(user_id)
    row = database.row("head", {"user_id": user_id, "embedder": embedder})
    if row is None:
        return Head(0, 0)
    seq, epoch, embedded, erasing = row
    return Head(seq, epoch, embedded, erasing=bool(erasing))


def changes(database: Database, user_id: str, since: Head, limit: int) -> Changes:
    """Return what is new since ``since``, as of one moment."""
    user = {"user_id": user_id}
    with database.snapshot():
        database.enter(user_id)
        row = database.row("user", user)
        if row is None:
            return Changes(0, 0, since != Head(0, 0), (), (), complete=True)
        seq, epoch, rebuild_epoch, _ = row
        rebuild = since.epoch < rebuild_epoch
        known = 0 if rebuild else since.seq
        removed: tuple[int, ...] = ()
        amended: list[Row] = []
        if not rebuild and since.epoch != epoch:
            past = {**user, "epoch": since.epoch, "seq": known}
            removed = tuple(number for (number,) in database.rows("removed_since", past))
            numbers = [number for (number,) in database.rows("amended_since", past)]
            if numbers:
                amended = database.rows("entries_at", {**user, "numbers": json.dumps(numbers)})
        rows = database.rows("entries_after", {**user, "seq": known, "limit": limit})
    complete = len(rows) < limit
    return Changes(
        epoch=epoch,
        seq=seq if complete else rows[-1][0],
        rebuild=rebuild,
        removed=removed,
        entries=tuple(map(entry_of, rows)),
        complete=complete,
        amended=tuple(map(entry_of, amended)),
    )


def episode_ids(database: Database, scope: Scope, message_ids: Sequence[str]) -> list[str]:
    """Return the ids of the episodes of a session with these message ids or parts of them."""
    parameters = {**scope_parameters(scope), "message_ids": json.dumps(list(message_ids))}
    database.enter(scope.user_id)
    return [to_text(found) for (found,) in database.rows("ids_by_message", parameters)]


def at_sequence(
    database: Database,
    user_id: str,
    numbers: Sequence[int],
    known_at: dt.datetime | None = None,
) -> dict[int, Item]:
    """Return items by number, facts as they were known at a time."""
    known = None if known_at is None else to_microseconds(known_at)
    place = {"user_id": user_id, "numbers": json.dumps(list(numbers))}
    database.enter(user_id)
    rows = database.rows("episodes_at", place)
    facts: list[Row] = []
    if len(rows) < len(set(numbers)):
        facts = database.rows("facts_at", {**place, "known_at": known})
    return items_of(user_id, rows, facts, known)


def find(database: Database, where: Filter, ids: Sequence[str]) -> dict[str, tuple[int, Item]]:
    """Return number and item by id, as far as ``where`` sees them."""
    with database.snapshot():
        return find_within(database, where, ids)


def find_within(
    database: Database, where: Filter, ids: Sequence[str]
) -> dict[str, tuple[int, Item]]:
    """Do what :func:`find` does, within a transaction."""
    known = [data.hex() for data in map(to_id, ids) if data is not None]
    parameters = {**filter_parameters(where), "ids": json.dumps(known)}
    database.enter(where.user_id)
    numbers = [number for (number,) in database.rows("numbers_of_ids", parameters)]
    items = at_sequence(database, where.user_id, numbers)
    return {item.id: (number, item) for number, item in items.items()}


def around(
    database: Database, where: Filter, ids: Sequence[str], before: int, after: int
) -> dict[str, tuple[Episode, ...]]:
    """Return episodes with their neighbours, by id, as far as ``where`` sees them."""
    known = [data.hex() for data in map(to_id, ids) if data is not None]
    parameters = {
        **filter_parameters(where),
        "ids": json.dumps(known),
        "before": before,
        "after": after,
    }
    with database.snapshot():
        database.enter(where.user_id)
        pairs = database.rows("around", parameters)
        items = at_sequence(database, where.user_id, list({number for _, number in pairs}))
    found: dict[str, list[Episode]] = {}
    for data, number in pairs:
        item = items[number]
        if isinstance(item, Episode):
            found.setdefault(to_text(data), []).append(item)
    return {episode_id: tuple(told) for episode_id, told in found.items()}


def page(
    database: Database, where: Filter, after: int, limit: int, origin: Origin | None
) -> list[tuple[int, Item]]:
    """Return items numbered above ``after``, by number."""
    parameters: dict[str, Any] = {
        **filter_parameters(where),
        "after": after,
        "limit": limit,
        "origin": None if origin is None else ORIGINS.index(origin),
    }
    with database.snapshot():
        database.enter(where.user_id)
        numbers = [number for (number,) in database.rows("page", parameters)]
        items = at_sequence(database, where.user_id, numbers)
    return [(number, items[number]) for number in numbers]


def count(database: Database, where: Filter | None) -> Counts:
    """Count what ``where`` sees, or everything."""
    if where is None:
        database.across()
        row = database.one("count_all", {})
    else:
        database.enter(where.user_id)
        row = database.one("count", filter_parameters(where))
    users, sessions, episodes, facts, first_at, last_at = row
    return Counts(
        users=users,
        sessions=sessions,
        episodes=episodes,
        facts=facts,
        first_at=None if first_at is None else to_time(first_at),
        last_at=None if last_at is None else to_time(last_at),
        store_bytes=database.stored_bytes(),
    )


def stale(database: Database, user_id: str, version: int, limit: int) -> list[StaleText]:
    """Return items read by an older analyser, with their texts."""
    parameters = {"user_id": user_id, "version": version, "limit": limit}
    database.enter(user_id)
    return [StaleText(seq, text) for seq, text in database.rows("stale", parameters)]
