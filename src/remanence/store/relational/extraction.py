"""What is done inside a transaction with what is read for facts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from remanence.store.extraction import Expense, Kept, Reading, Unextracted
from remanence.store.facts import FactChanges
from remanence.store.jobs import NewJob
from remanence.store.relational.database import Database
from remanence.store.relational.facts import add, confirm, is_current, supersede
from remanence.store.relational.jobs import follow
from remanence.store.relational.place import log_changes
from remanence.store.relational.reads import at_sequence
from remanence.store.relational.rows import filter_parameters, scope_parameters, to_id
from remanence.types import Episode, Filter, Scope

__all__ = [
    "WAITING",
    "enlist",
    "keep_reading",
    "last_fact",
    "spend",
    "spent",
    "unextracted",
    "waiting",
]

WAITING = 1
_PASSED_OVER = 2
_DONE = -1


def unextracted(
    database: Database, scope: Scope, limit: int, before: int, passed_over: bool
) -> Unextracted:
    """Return what comes next; see the protocol's ``unextracted``."""
    place = scope_parameters(scope)
    state = _PASSED_OVER if passed_over else WAITING
    with database.snapshot():
        database.enter(scope.user_id)
        rows = database.rows("unextracted", {**place, "limit": limit, "extraction": state})
        earlier: list[tuple[Any, ...]] = []
        if rows:
            there = {**place, "position": rows[0][1], "limit": before}
            earlier = database.rows("said_before", there)
        numbers = [row[0] for row in rows]
        context = sorted(row[0] for row in earlier)
        items = at_sequence(database, scope.user_id, [*context, *numbers])
    return Unextracted(
        _episodes(items[number] for number in numbers),
        _episodes(items[number] for number in context),
    )


def _episodes(items: Iterable[object]) -> tuple[Episode, ...]:
    return tuple(item for item in items if isinstance(item, Episode))


def last_fact(database: Database, user_id: str) -> int:
    """Return the number of a user's last fact; 0 if there is none."""
    database.enter(user_id)
    return database.one("last_fact", {"user_id": user_id})[0]


def keep_reading(database: Database, reading: Reading, then: Sequence[NewJob]) -> Kept:
    """Store what was found; see :meth:`remanence.store.extraction.ExtractionStore.keep_reading`."""
    user_id = reading.scope.user_id
    database.hold(user_id)
    states = {
        id_: row[0]
        for id_ in (*reading.episodes, *reading.passed_over)
        if (row := database.row("extraction", {"user_id": user_id, "id": to_id(id_)})) is not None
    }
    read = {*reading.episodes, *reading.passed_over}
    if len(states) < len(read) or not all(state > 0 for state in states.values()):
        return "taken"
    changes = reading.changes
    if not _is_there(database, user_id, changes):
        return "taken"
    if last_fact(database, user_id) > reading.facts_upto:
        return "outdated"
    new = {fact.id for fact in changes.added}
    touched = {each.fact for each in (*changes.confirmed, *changes.superseded)} - new
    if not all(is_current(database, user_id, fact) for fact in touched):
        return "outdated"
    if changes.added:
        add(database, Scope(user_id, reading.scope.agent_id), changes.added)
    amended = {
        *confirm(database, user_id, changes.confirmed),
        *supersede(database, user_id, changes.superseded, changes.added),
    }
    log_changes(database, user_id, amended=sorted(amended))
    for ids, state in ((reading.episodes, _DONE), (reading.passed_over, _PASSED_OVER)):
        rows = [{"user_id": user_id, "id": to_id(id_), "extraction": state} for id_ in ids]
        database.run_many("set_extraction", rows)
    follow(database, then)
    return "kept"


def _is_there(database: Database, user_id: str, changes: FactChanges) -> bool:
    """Return whether all that facts are to rest on is still there."""
    named = {source for each in (*changes.added, *changes.confirmed) for source in each.sources}
    return all(
        database.row("source", {"user_id": user_id, "id": to_id(source)}) is not None
        for source in named
    )


def enlist(database: Database, where: Filter, limit: int) -> list[Scope]:
    """Let wait what was never read; see the protocol's ``enlist``."""
    parameters = filter_parameters(where)
    database.hold(where.user_id)
    database.run("enlist", parameters)
    place = {name: parameters[name] for name in ("user_id", "agent_id", "session_id")}
    rows = database.rows("sessions_waiting", {**place, "limit": limit})
    return [Scope(where.user_id, agent or None, session or None) for agent, session in rows]


def waiting(database: Database) -> int:
    """Return how many episodes are still to be read, of all users."""
    database.across()
    return database.one("count_unextracted", {})[0]


def spend(database: Database, expense: Expense) -> None:
    """Add to what models were asked."""
    database.across()
    database.run("spend", dataclasses.asdict(expense))


def spent(database: Database) -> Expense:
    """Return what models were asked so far."""
    database.across()
    return Expense(*database.one("spent", {}))
