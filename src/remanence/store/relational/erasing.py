"""What is done inside a transaction with what is to be erased."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from remanence.store.audit import NewAudit
from remanence.store.erasing import Erasure, NewErasure
from remanence.store.relational.audit import record
from remanence.store.relational.database import Database, Row
from remanence.store.relational.facts import drop_supersessions
from remanence.store.relational.jobs import erase_jobs
from remanence.store.relational.place import log_changes
from remanence.store.relational.reads import at_sequence
from remanence.store.relational.rows import filter_parameters, to_id, to_text
from remanence.store.relational.vectors import count_vectors, drop_vectors, erase_vectors
from remanence.store.times import to_microseconds, to_time
from remanence.types import Fact, Filter, Scope

__all__ = [
    "ask",
    "asked",
    "expired",
    "finish",
    "going_along",
    "is_asked",
    "is_overwritten",
    "referring",
    "remove",
    "removed",
]

_OF_A_USER = ("drop_sessions", "drop_removals", "drop_amendments", "drop_all_sources", "drop_user")
"""What goes with the last item of a user."""

_TOLD_FOR = dt.timedelta(hours=1)
"""For so long are the ids of what was erased kept for whoever asked, if they do not come for them.
"""


def ask(database: Database, wanted: Sequence[NewErasure]) -> list[int]:
    """Write down what is to be erased; see the protocol's ``ask``."""
    numbers: list[int] = []
    for each in wanted:
        database.hold(each.where.user_id)
        ids = None if each.ids is None else [data.hex() for data in map(to_id, each.ids) if data]
        parameters = {
            **filter_parameters(each.where),
            "ids": None if ids is None else json.dumps(ids),
            "action": each.action,
            "asked_by": each.asked_by,
            "asked_at": to_microseconds(each.asked_at),
        }
        numbers.append(database.one("ask_erasure", parameters)[0])
    return numbers


def asked(database: Database, user_id: str | None) -> list[int]:
    """Return what was asked for; see the protocol's ``asked``."""
    if user_id is None:
        database.across()
    else:
        database.enter(user_id)
    return [row[0] for row in database.rows("erasures_asked", {"user_id": user_id})]


def is_asked(database: Database, user_id: str) -> bool:
    """Return whether there is something to be removed of a user."""
    database.enter(user_id)
    return database.row("erasures_of_user", {"user_id": user_id}) is not None


def remove(database: Database, number: int, at: dt.datetime) -> Erasure | None:
    """Remove what was asked for; see the protocol's ``remove``."""
    database.across()
    row = database.row("erasure", {"number": number})
    if row is not None:
        database.hold(row[0])
        row = database.row("erasure", {"number": number})  # somebody else may have been at it
    if row is None:
        database.across()
        done = database.row("erasure_result", {"number": number})
        return None if done is None else _erasure(number, json.loads(done[1]))
    where, ids, upto, action, asked_by = _wanted(row)
    erasure = _remove(database, number, where, ids, upto)
    result = json.dumps(_result(erasure))
    database.run("rows_gone", {"number": number, "user_id": where.user_id, "result": result})
    counts = {name: count for name, count in erasure.places.items() if count}
    record(database, NewAudit(at, action, where.user_id, asked_by, counts))
    return erasure


def _wanted(row: Row) -> tuple[Filter, str | None, int, Any, str | None]:
    user_id, agent_id, session_id, since, until, ids, upto, action, asked_by = row
    where = Filter(
        user_id,
        agent_id,
        session_id,
        since=None if since is None else to_time(since),
        until=None if until is None else to_time(until),
    )
    return where, ids, upto, action, asked_by


def _remove(database: Database, number: int, where: Filter, ids: str | None, upto: int) -> Erasure:
    user_id = where.user_id
    user = {"user_id": user_id}
    places: dict[str, int] = {}
    if ids is None:
        places["jobs"] = erase_jobs(database, where)
    numbers = _with_dependents(database, user_id, _numbers(database, where, ids, upto))
    if not numbers:
        return Erasure(number, user_id, places=places)
    there = {**user, "numbers": json.dumps(numbers)}
    seq: int = database.one("user", user)[0]
    reread = _read_again(database, there)
    amended = _amended(database, user_id, numbers)
    doomed = database.rows("doomed", there)
    database.run("drop_items", there)
    for session, gone in Counter(row[2] for row in doomed).items():
        database.run("shrink_session", {**user, "number": session, "gone": gone})
    places["sessions"] = len(database.rows("drop_empty_sessions", user))
    if database.row("any_entry", user) is None:
        database.run("raise_floor", {"seq": seq})
        places["vectors"] = count_vectors(database, user_id)
        for name in _OF_A_USER:
            database.run(name, user)
        drop_vectors(database, user_id)
        places["users"] = 1
    else:
        places["vectors"] = erase_vectors(database, user_id, numbers)
        log_changes(database, user_id, removed=numbers, amended=amended, seq_floor=seq)
    facts = sum(row[1] for row in doomed)
    return Erasure(
        number=number,
        user_id=user_id,
        ids=tuple(to_text(row[3]) for row in doomed),
        numbers=tuple(numbers),
        places={
            "episodes": len(doomed) - facts,
            "facts": facts,
            "index entries": len(doomed),
            **places,
        },
        reread=reread,
    )


def _numbers(database: Database, where: Filter, ids: str | None, upto: int) -> list[int]:
    parameters = filter_parameters(where)
    if ids is None:
        everything = {**parameters, "after": 0, "limit": -1, "origin": None}
        rows = database.rows("page", everything)
    else:
        rows = database.rows("numbers_of_ids", {**parameters, "ids": ids})
    return sorted({row[0] for row in rows if row[0] <= upto})


def _with_dependents(database: Database, user_id: str, numbers: list[int]) -> list[int]:
    """Return numbers of items with those of the facts that go with them.

    That is a fact that was drawn from one of them, as it may tell what only that one said, and one
    that rests on nothing else.
    """
    there = {"user_id": user_id, "numbers": json.dumps(numbers)}
    facts = [
        number
        for name in ("drawn_from", "left_without_sources")
        for (number,) in database.rows(name, there)
    ]
    return sorted({*numbers, *facts})


def _read_again(database: Database, there: dict[str, Any]) -> tuple[Scope, ...]:
    """Let episodes wait to be read again, where a fact that was drawn of them goes."""
    sessions = {session for (session,) in database.rows("read_again", there)}
    if not sessions:
        return ()
    user_id: str = there["user_id"]
    named = {"user_id": user_id, "numbers": json.dumps(sorted(sessions))}
    rows = database.rows("sessions_named", named)
    return tuple(Scope(user_id, agent or None, session or None) for agent, session in rows)


def _amended(database: Database, user_id: str, doomed: Sequence[int]) -> list[int]:
    """Undo what facts that go did to others, and return which facts that stay are others now."""
    changed = drop_supersessions(database, user_id, doomed)
    there = {"user_id": user_id, "numbers": json.dumps(list(doomed))}
    fewer = [number for (number,) in database.rows("left_with_sources", there)]
    return sorted({*changed, *fewer})


def _result(erasure: Erasure) -> dict[str, Any]:
    return {
        "user": erasure.user_id,
        "ids": erasure.ids,
        "numbers": erasure.numbers,
        "places": dict(erasure.places),
        "reread": [(scope.agent_id, scope.session_id) for scope in erasure.reread],
    }


def _erasure(number: int, result: dict[str, Any]) -> Erasure:
    user_id: str = result["user"]
    return Erasure(
        number=number,
        user_id=user_id,
        ids=tuple(result["ids"]),
        numbers=tuple(result["numbers"]),
        places=result["places"],
        reread=tuple(Scope(user_id, agent, session) for agent, session in result["reread"]),
    )


def removed(database: Database, now: dt.datetime) -> list[Erasure]:
    """Return what is to be overwritten; see the protocol's ``removed``."""
    before = to_microseconds(now - _TOLD_FOR)
    database.across()
    return [
        _erasure(number, json.loads(result))
        for number, result in database.rows("erasures_to_scrub", {"before": before})
    ]


def is_overwritten(database: Database, number: int) -> bool:
    """Return whether nothing is left to be done for an erasure whose rows are gone."""
    database.across()
    row = database.row("erasure_result", {"number": number})
    return row is None or row[0] > 1


def finish(database: Database, numbers: Sequence[int]) -> None:
    """Forget erasures; see the protocol's ``finish``."""
    database.across()
    database.run_many("drop_erasure", [{"number": number} for number in numbers])


def referring(database: Database, erasure: Erasure) -> int:
    """Return how many rows are left; see the protocol's ``referring``."""
    ids = [data.hex() for data in map(to_id, erasure.ids) if data]
    numbers = list(erasure.numbers)
    place = {"ids": json.dumps(ids), "numbers": json.dumps(numbers)}
    with database.snapshot():
        database.enter(erasure.user_id)
        rows: int = database.one("referring", {"user_id": erasure.user_id, **place})[0]
        return rows + count_vectors(database, erasure.user_id, numbers)


def going_along(database: Database, where: Filter, ids: Sequence[str]) -> list[Fact]:
    """Return what would go as well; see the protocol's ``going_along``."""
    known = json.dumps([data.hex() for data in map(to_id, ids) if data])
    with database.snapshot():
        database.enter(where.user_id)
        named = database.rows("numbers_of_ids", {**filter_parameters(where), "ids": known})
        numbers = sorted({row[0] for row in named})
        every = _with_dependents(database, where.user_id, numbers)
        along = [number for number in every if number not in numbers]
        items = at_sequence(database, where.user_id, along)
    return [item for item in (items[number] for number in along) if isinstance(item, Fact)]


def expired(database: Database, until: dt.datetime, user_id: str | None) -> list[str]:
    """Return of whom something is older; see the protocol's ``expired``."""
    there = {"until": to_microseconds(until), "user_id": user_id}
    if user_id is None:
        database.across()
    else:
        database.enter(user_id)
    return [user for (user,) in database.rows("expired", there)]
