"""What is done inside a write transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from remanence.errors import ConflictError
from remanence.store.analysis import Reanalysis
from remanence.store.jobs import NewJob
from remanence.store.protocol import Batch, Erasure, NewEpisode
from remanence.store.sqlite.database import Database, Row
from remanence.store.sqlite.extraction import WAITING
from remanence.store.sqlite.facts import drop_supersessions
from remanence.store.sqlite.jobs import erase_jobs, follow
from remanence.store.sqlite.place import Place, log_changes, next_epoch
from remanence.store.sqlite.rows import episode_of, filter_parameters, to_id, to_text
from remanence.store.sqlite.vectors import drop_vectors, erase_vectors
from remanence.store.times import to_microseconds, to_offset
from remanence.types import Episode, Filter, Scope

__all__ = ["append", "erase", "replace_terms"]

_OF_A_USER = ("drop_sessions", "drop_removals", "drop_amendments", "drop_all_sources", "drop_user")
"""What goes with the last item of a user."""


def append(
    database: Database, batches: Sequence[Batch], then: Sequence[NewJob], extract: bool
) -> list[list[Episode]]:
    """Store messages; see :meth:`remanence.store.protocol.EpisodeStore.append`."""
    stored: list[list[Episode]] = []
    for batch in batches:
        if not batch.episodes:
            stored.append([])
            continue
        place = Place(database, batch.scope)
        stored.append(
            [_append_one(database, place, episode, extract) for episode in batch.episodes]
        )
        place.save()
    follow(database, then)
    return stored


def _append_one(database: Database, place: Place, new: NewEpisode, extract: bool) -> Episode:
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
    epoch = next_epoch(database)
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
    amended = _amended(database, where.user_id, numbers)
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
        for name in _OF_A_USER:
            database.run(name, user)
        drop_vectors(database, where.user_id)
    else:
        erase_vectors(database, where.user_id, numbers)
        log_changes(database, where.user_id, removed=numbers, amended=amended, seq_floor=seq)
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


def _amended(database: Database, user_id: str, doomed: Sequence[int]) -> list[int]:
    """Undo what facts that go did to others, and return which facts that stay are others now."""
    changed = drop_supersessions(database, user_id, doomed)
    there = {"user_id": user_id, "numbers": json.dumps(list(doomed))}
    fewer = [number for (number,) in database.rows("left_with_sources", there)]
    return sorted({*changed, *fewer})


def _with_dependents(database: Database, user_id: str, numbers: list[int]) -> list[int]:
    """Return numbers of items with those of the facts that rest on nothing else."""
    place = {"user_id": user_id, "numbers": json.dumps(numbers)}
    facts = [number for (number,) in database.rows("left_without_sources", place)]
    return sorted({*numbers, *facts})
