"""What is done inside a write transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from remanence.errors import ConflictError
from remanence.store.analysis import Reanalysis
from remanence.store.jobs import NewJob
from remanence.store.protocol import Batch, NewEpisode
from remanence.store.relational.database import Database
from remanence.store.relational.extraction import WAITING
from remanence.store.relational.jobs import follow
from remanence.store.relational.place import Place, next_epoch
from remanence.store.relational.rows import episode_of, to_id
from remanence.store.times import to_microseconds, to_offset
from remanence.types import Episode

__all__ = ["append", "replace_terms"]


def append(
    database: Database, batches: Sequence[Batch], then: Sequence[NewJob], extract: bool
) -> list[list[Episode]]:
    """Store messages; see :meth:`remanence.store.protocol.EpisodeStore.append`."""
    stored: dict[int, list[Episode]] = {}
    # User by user: two transactions that wait for each other's users would wait for ever.
    for number, batch in sorted(enumerate(batches), key=_user_of):
        if not batch.episodes:
            stored[number] = []
            continue
        place = Place(database, batch.scope)
        there = _there(database, place, batch)
        stored[number] = [
            _append_one(database, place, episode, there, extract) for episode in batch.episodes
        ]
        place.save()
    follow(database, then)
    return [stored[number] for number in range(len(batches))]


def _user_of(numbered: tuple[int, Batch]) -> str:
    return numbered[1].scope.user_id


def _there(database: Database, place: Place, batch: Batch) -> dict[str, Episode]:
    """Return what the session holds already of a batch, by message id."""
    ids = [new.message_id for new in batch.episodes if new.message_id is not None]
    if place.is_new or not ids:
        return {}
    wanted = {"user_id": place.user_id, "session": place.session, "message_ids": json.dumps(ids)}
    rows = database.rows("episodes_by_message", wanted)
    found = (episode_of(place.scope, row) for row in rows)
    return {there.message_id: there for there in found if there.message_id is not None}


def _append_one(
    database: Database, place: Place, new: NewEpisode, there: dict[str, Episode], extract: bool
) -> Episode:
    if new.message_id is not None and new.message_id in there:
        return _same(there[new.message_id], new)
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
        new.imported,
    )
    names = ("id", "position", "role", "name", "content", "at", "utc_offset", "recorded_at")
    values: dict[str, Any] = dict(
        zip((*names, "message_id", "metadata", "imported"), row, strict=True),
        user_id=place.user_id,
        seq=place.next_seq(),
        session=place.session,
        extraction=WAITING if extract and new.role != "system" else 0,
    )
    database.run("add_episode", values)
    place.next_position += 1
    place.add_entry(
        0,
        at=at,
        recorded_at=new.recorded_at,
        analysis=new.analysis,
        role=new.role,
        speaker=new.name,
    )
    stored = episode_of(place.scope, row)
    if new.message_id is not None:
        there[new.message_id] = stored
    return stored


def _same(there: Episode, new: NewEpisode) -> Episode:
    """Return the episode that carries the message id already, if it is the same message."""
    if (there.role, there.content) != (new.role, new.content):
        raise ConflictError(
            f"id: message {new.message_id!r} is already stored in session "
            f"{there.scope.session_id or '(unnamed)'!r} with another role or content; give the new "
            "message an id of its own, or forget the stored one first"
        )
    return there


def replace_terms(database: Database, user_id: str, items: Sequence[Reanalysis]) -> None:
    """Store new terms; see :meth:`remanence.store.protocol.IndexFeed.replace_terms`."""
    database.hold(user_id)
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
    epoch = next_epoch(database)
    database.run(
        "raise_epoch",
        {"user_id": user_id, "epoch": epoch, "rebuild_epoch": epoch, "seq_floor": None},
    )
