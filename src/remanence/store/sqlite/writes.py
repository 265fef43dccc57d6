"""What is done inside a write transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from remanence.errors import ConflictError, InputError
from remanence.store.jobs import NewJob
from remanence.store.protocol import Analysis, Batch, Erasure, NewEpisode, NewFact, Reanalysis
from remanence.store.sqlite.database import Database, Row
from remanence.store.sqlite.jobs import erase_jobs, follow
from remanence.store.sqlite.rows import (
    ROLES,
    episode_of,
    filter_parameters,
    scope_parameters,
    to_id,
    to_text,
)
from remanence.store.sqlite.vectors import drop_vectors, erase_vectors
from remanence.store.times import to_microseconds, to_offset
from remanence.types import Episode, Fact, Filter, Role, Scope

__all__ = ["add_facts", "append", "erase", "replace_terms"]

_LOGGED_REMOVALS = 10_000
"""More removals of one user than this, and indexes that are behind rebuild instead."""


class _Place:
    """A session being written to: its counters, and its user's."""

    def __init__(self, database: Database, scope: Scope) -> None:
        """Find or make the user and the session."""
        self.scope = scope
        self._database = database
        self._key = scope_parameters(scope)
        self.user_id = scope.user_id
        user = database.row("user", {"user_id": self.user_id})
        if user is None:
            epoch = _next_epoch(database)
            user = database.one("add_user", {"user_id": self.user_id, "epoch": epoch})
        self.seq: int = user[0]
        session = database.row("session", self._key)
        if session is None:
            number: int = user[3] + 1
            session = (number, 0)
            database.run("count_sessions", {"user_id": self.user_id, "sessions": number})
            database.run("add_session", {**self._key, "number": number})
        self.session: int = session[0]
        self.next_position: int = session[1]
        self._added = 0

    def next_seq(self) -> int:
        """Return the number of the item that comes next."""
        self.seq += 1
        self._added += 1
        return self.seq

    def add_entry(
        self, origin: int, at: int, role: Role | None, speaker: str | None, analysis: Analysis
    ) -> None:
        """Give the terms of the item whose row was inserted last to the indexes."""
        self._database.run(
            "add_entry",
            {
                "user_id": self.user_id,
                "seq": self.seq,
                "origin": origin,
                "session": self.session,
                "at": at,
                "role": ROLES.index(role),
                "speaker": speaker,
                "asks": analysis.asks,
                "terms": analysis.terms,
                "analyzer": analysis.version,
            },
        )

    def save(self) -> None:
        """Write the session's counters back."""
        self._database.run(
            "advance_session",
            {**self._key, "next_position": self.next_position, "added": self._added},
        )


def _next_epoch(database: Database) -> int:
    return database.one("next_epoch", {})[0]


def append(
    database: Database, batches: Sequence[Batch], then: Sequence[NewJob]
) -> list[list[Episode]]:
    """Store messages; see :meth:`remanence.store.protocol.EpisodeStore.append`."""
    stored: list[list[Episode]] = []
    for batch in batches:
        if not batch.episodes:
            stored.append([])
            continue
        place = _Place(database, batch.scope)
        stored.append([_append_one(database, place, episode) for episode in batch.episodes])
        place.save()
    follow(database, then)
    return stored


def _append_one(database: Database, place: _Place, new: NewEpisode) -> Episode:
    if new.message_id is not None:
        key = {
            "user_id": place.user_id,
            "session": place.session,
            "message_id": new.message_id,
        }
        row = database.row("episode_by_message", key)
        if row is not None:
            return _same(place.scope, row, new)
    at = to_microseconds(new.at)
    row = (
        to_id(new.id),
        place.next_position,
        new.role,
        new.name,
        new.content,
        at,
        to_offset(new.at),
        to_microseconds(new.recorded_at),
        new.message_id,
        new.metadata,
    )
    names = ("id", "position", "role", "name", "content", "at", "utc_offset", "recorded_at")
    values: dict[str, Any] = dict(
        zip((*names, "message_id", "metadata"), row, strict=True),
        user_id=place.user_id,
        seq=place.next_seq(),
        session=place.session,
    )
    database.run("add_episode", values)
    place.next_position += 1
    place.add_entry(0, at, new.role, new.name, new.analysis)
    return episode_of(place.scope, row)


def _same(scope: Scope, row: Row, new: NewEpisode) -> Episode:
    """Return the episode that carries the message id already, if it is the same message."""
    there = episode_of(scope, row[1:])
    if (there.role, there.content) != (new.role, new.content):
        raise ConflictError(
            f"id: message {new.message_id!r} is already stored in session "
            f"{scope.session_id or '(unnamed)'!r} with another role or content; give the new "
            "message an id of its own, or forget the stored one first"
        )
    return there


def add_facts(
    database: Database, scope: Scope, facts: Sequence[NewFact], then: Sequence[NewJob]
) -> list[Fact]:
    """Store statements; see :meth:`remanence.store.protocol.FactStore.add_facts`."""
    if not facts:
        return []
    place = _Place(database, scope)
    stored: list[Fact] = []
    for new in facts:
        sources = _sources(database, place.user_id, new.sources)
        at = to_microseconds(new.at)
        database.run(
            "add_fact",
            {
                "user_id": place.user_id,
                "id": to_id(new.id),
                "seq": place.next_seq(),
                "session": place.session,
                "text": new.text,
                "at": at,
                "utc_offset": to_offset(new.at),
                "recorded_at": to_microseconds(new.recorded_at),
                "metadata": new.metadata,
            },
        )
        place.add_entry(1, at, None, None, new.analysis)
        database.run_many(
            "add_source",
            [{"user_id": place.user_id, "fact": place.seq, "source": number} for number in sources],
        )
        stored.append(
            Fact(
                new.id,
                scope,
                new.text,
                new.at,
                new.recorded_at,
                json.loads(new.metadata),
                tuple(sources.values()),
            )
        )
    place.save()
    follow(database, then)
    return stored


def _sources(database: Database, user_id: str, ids: Sequence[str]) -> dict[int, str]:
    """Return the ids of episodes by their numbers, ascending."""
    found: dict[int, str] = {}
    for source in ids:
        row = database.row("source", {"user_id": user_id, "id": to_id(source)})
        if row is None:
            raise InputError(
                "sources", f"names {source!r}, which is no episode of the user's", "leave it out"
            )
        found[row[0]] = source
    return dict(sorted(found.items()))


def replace_terms(database: Database, user_id: str, items: Sequence[Reanalysis]) -> None:
    """Store new terms; see :meth:`remanence.store.protocol.IndexFeed.replace_terms`."""
    database.run_many(
        "replace_terms",
        [
            {
                "user_id": user_id,
                "seq": item.seq,
                "terms": item.analysis.terms,
                "asks": item.analysis.asks,
                "analyzer": item.analysis.version,
            }
            for item in items
        ],
    )
    epoch = _next_epoch(database)
    database.run(
        "raise_epoch",
        {"user_id": user_id, "epoch": epoch, "rebuild_epoch": epoch, "seq_floor": None},
    )


def erase(database: Database, where: Filter, ids: Sequence[str] | None) -> Erasure:
    """Erase items; see :meth:`remanence.store.protocol.ItemStore.erase`.

    With everything that ``where`` sees go the jobs that carry some of it.
    """
    if ids is None:
        erase_jobs(database, where)
    user = {"user_id": where.user_id}
    numbers = _with_dependents(database, where.user_id, _numbers(database, where, ids))
    if not numbers:
        return Erasure(0, 0, (), log_truncated=False)
    seq: int = database.one("user", user)[0]
    doomed = database.rows("doomed", {**user, "numbers": json.dumps(numbers)})
    for origin, name in ((0, "drop_episode"), (1, "drop_fact")):
        database.run_many(name, [{**user, "item": row[2]} for row in doomed if row[1] == origin])
    for name in ("drop_entry", "drop_sources"):
        database.run_many(name, [{**user, "seq": row[0]} for row in doomed])
    for number, gone in Counter(row[3] for row in doomed).items():
        database.run("shrink_session", {**user, "number": number, "gone": gone})
    database.run("drop_empty_sessions", user)
    if database.row("any_entry", user) is None:
        database.run("raise_floor", {"seq": seq})
        for name in ("drop_sessions", "drop_removals", "drop_all_sources", "drop_user"):
            database.run(name, user)
        drop_vectors(database, where.user_id)
    else:
        erase_vectors(database, where.user_id, numbers)
        _log_removals(database, where.user_id, numbers, seq)
    facts = sum(row[1] for row in doomed)
    return Erasure(
        episodes=len(doomed) - facts,
        facts=facts,
        ids=tuple(to_text(row[4]) for row in doomed),
        log_truncated=False,
    )


def _numbers(database: Database, where: Filter, ids: Sequence[str] | None) -> list[int]:
    parameters = filter_parameters(where)
    if ids is None:
        everything = {**parameters, "after": 0, "limit": -1, "origin": None}
        return [row[0] for row in database.rows("page", everything)]
    known = [data.hex() for data in map(to_id, ids) if data is not None]
    rows = database.rows("numbers_of_ids", {**parameters, "ids": json.dumps(known)})
    return sorted({row[0] for row in rows})


def _with_dependents(database: Database, user_id: str, numbers: list[int]) -> list[int]:
    """Return numbers of items with those of the facts that rest on nothing else."""
    place = {"user_id": user_id, "numbers": json.dumps(numbers)}
    facts = [number for (number,) in database.rows("left_without_sources", place)]
    return sorted({*numbers, *facts})


def _log_removals(database: Database, user_id: str, numbers: Sequence[int], seq_floor: int) -> None:
    """Tell indexes of other processes what went, or that they have to rebuild."""
    user = {"user_id": user_id}
    epoch = _next_epoch(database)
    logged: int = database.one("count_removals", user)[0]
    rebuild = logged + len(numbers) > _LOGGED_REMOVALS
    if rebuild:
        database.run("drop_removals", user)
    else:
        database.run_many("add_removal", [{**user, "epoch": epoch, "seq": seq} for seq in numbers])
    database.run(
        "raise_epoch",
        {
            **user,
            "epoch": epoch,
            "rebuild_epoch": epoch if rebuild else None,
            "seq_floor": seq_floor,
        },
    )
