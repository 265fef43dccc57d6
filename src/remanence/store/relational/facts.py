"""What is done with facts inside a transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from remanence.errors import InputError
from remanence.store.audit import NewAudit
from remanence.store.facts import Confirmation, FactQuery, NewFact, Supersession
from remanence.store.jobs import NewJob
from remanence.store.relational.audit import record
from remanence.store.relational.database import Database
from remanence.store.relational.jobs import follow
from remanence.store.relational.place import Place, log_changes
from remanence.store.relational.reads import at_sequence, find_within
from remanence.store.relational.rows import ENDINGS, KINDS, ROLES, filter_parameters, to_id, to_text
from remanence.store.times import to_microseconds, to_offset
from remanence.types import Fact, Filter, Scope

__all__ = [
    "add",
    "add_facts",
    "confirm",
    "drop_supersessions",
    "facts",
    "history",
    "supersede",
]


def add_facts(
    database: Database,
    scope: Scope,
    new: Sequence[NewFact],
    superseded: Sequence[Supersession],
    then: Sequence[NewJob],
    audit: NewAudit | None,
) -> list[Fact]:
    """Store statements; see :meth:`remanence.store.facts.FactStore.add_facts`."""
    if not new:
        return []
    database.hold(scope.user_id)
    numbers = add(database, scope, new)
    current = [each for each in superseded if is_current(database, scope.user_id, each.fact)]
    changed = supersede(database, scope.user_id, current, new)
    log_changes(database, scope.user_id, amended=changed)
    follow(database, then)
    if audit is not None:
        record(database, audit)
    stored = at_sequence(database, scope.user_id, numbers)
    return [fact for fact in (stored[number] for number in numbers) if isinstance(fact, Fact)]


def add(database: Database, scope: Scope, new: Sequence[NewFact]) -> list[int]:
    """Insert statements with what they rest on; return their numbers.

    Raises:
        InputError: A source is no episode of the user's.
    """
    place = Place(database, scope)
    numbers: list[int] = []
    for fact in new:
        told = _sources(database, place.user_id, fact.sources)
        imported = fact.imported or any(source.imported for source in told.values())
        numbers.append(place.next_seq())
        database.run("add_fact", {**_values(fact), **_place_of(place), "imported": imported})
        place.add_entry(
            1,
            at=to_microseconds(fact.at),
            recorded_at=fact.recorded_at,
            analysis=fact.analysis,
        )
        given = 0 if fact.stated_by is None else ROLES.index(fact.stated_by)
        _add_sources(database, place.user_id, place.seq, told, given, drawn=True)
    place.save()
    return numbers


def _place_of(place: Place) -> dict[str, Any]:
    return {"user_id": place.user_id, "seq": place.seq, "session": place.session}


def _values(fact: NewFact) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": to_id(fact.id),
        "text": fact.text,
        "at": to_microseconds(fact.at),
        "utc_offset": to_offset(fact.at),
        "recorded_at": to_microseconds(fact.recorded_at),
        "metadata": fact.metadata,
        "kind": None if fact.kind is None else KINDS.index(fact.kind),
        "attribute": fact.attribute,
        "stated_by": None if fact.stated_by is None else ROLES.index(fact.stated_by),
        "confidence": fact.confidence,
    }
    for name, time in (("valid_from", fact.valid_from), ("valid_until", fact.valid_until)):
        values[name] = None if time is None else to_microseconds(time)
        values[f"{name}_offset"] = None if time is None else to_offset(time)
    return values


class _Source(NamedTuple):
    """An episode that a fact rests on: as what it was said, and whether it comes from a file."""

    role: int
    imported: bool


def _sources(database: Database, user_id: str, ids: Iterable[str]) -> dict[int, _Source]:
    """Return episodes by their numbers, ascending.

    Raises:
        InputError: One of them is no episode of the user's.
    """
    found: dict[int, _Source] = {}
    for source in ids:
        row = database.row("source", {"user_id": user_id, "id": to_id(source)})
        if row is None:
            raise InputError(
                "sources", f"names {source!r}, which is no episode of the user's", "leave it out"
            )
        found[row[0]] = _Source(row[1], bool(row[2]))
    return dict(sorted(found.items()))


def _add_sources(
    database: Database,
    user_id: str,
    fact: int,
    told: Mapping[int, _Source],
    given: int,
    *,
    drawn: bool,
) -> None:
    """Let a fact rest on episodes: together they are worth what the least trusted is.

    It is drawn from them, or else they say the same again.
    """
    least = max((*(source.role for source in told.values()), given))
    database.run_many(
        "add_source",
        [
            {
                "user_id": user_id,
                "fact": fact,
                "source": number,
                "stated_by": least,
                "drawn": drawn,
            }
            for number in told
        ],
    )


def is_current(database: Database, user_id: str, fact: str) -> bool:
    """Return whether there is a fact of this id that was not superseded."""
    row = database.row("fact_by_id", {"user_id": user_id, "id": to_id(fact)})
    return row is not None and not row[1]


def confirm(database: Database, user_id: str, confirmed: Sequence[Confirmation]) -> list[int]:
    """Let known facts rest on more episodes; return the facts' numbers."""
    numbers: list[int] = []
    for each in confirmed:
        number: int = database.one("fact_by_id", {"user_id": user_id, "id": to_id(each.fact)})[0]
        told = _sources(database, user_id, each.sources)
        _add_sources(database, user_id, number, told, 0, drawn=False)
        numbers.append(number)
    return numbers


def supersede(
    database: Database, user_id: str, superseded: Sequence[Supersession], new: Sequence[NewFact]
) -> list[int]:
    """Let new facts, which are stored by now, take the place of known ones; return their numbers.

    Raises:
        InputError: One that takes the place of another is not among ``new``.
    """
    recorded = {fact.id: fact.recorded_at for fact in new}
    numbers: list[int] = []
    for each in superseded:
        if each.by not in recorded:
            raise InputError("superseded", f"names {each.by!r}, which is not added", "add it")
        until = None if each.ending == "corrected" else each.until
        seq: int = database.one("fact_by_id", {"user_id": user_id, "id": to_id(each.fact)})[0]
        by: int = database.one("fact_by_id", {"user_id": user_id, "id": to_id(each.by)})[0]
        database.run(
            "supersede",
            {
                "user_id": user_id,
                "seq": seq,
                "superseded_at": to_microseconds(recorded[each.by]),
                "superseded_by": by,
                "ending": ENDINGS.index(each.ending),
                "valid_until": None if until is None else to_microseconds(until),
                "valid_until_offset": None if until is None else to_offset(until),
            },
        )
        numbers.append(seq)
    return numbers


def drop_supersessions(database: Database, user_id: str, doomed: Sequence[int]) -> list[int]:
    """Undo what facts that are about to go did to others; return the numbers of those others.

    What had superseded a fact that goes, if it stays, takes its place.
    """
    there = {"user_id": user_id, "numbers": json.dumps(list(doomed))}
    going = frozenset(doomed)
    changed = database.rows("superseded_by_doomed", there)
    for seq, by in changed:
        place = {"user_id": user_id, "seq": seq}
        names = ("superseded_at", "superseded_by", "ending", "valid_until", "valid_until_offset")
        own = dict(zip(names, database.one("supersession", place), strict=True))
        next_by = by
        while next_by in going:
            row = database.one("supersession", {"user_id": user_id, "seq": next_by})
            later = dict(zip(names, row, strict=True))
            if later["ending"] == ENDINGS.index("corrected"):  # it never was: the end stays
                later.update({name: own[name] for name in names[2:]})
            own, next_by = later, later["superseded_by"]
        database.run("hand_down", {**place, **own})
    return [seq for seq, _ in changed]


def facts(database: Database, query: FactQuery, after: int, limit: int) -> list[tuple[int, Fact]]:
    """Return facts by number; see :meth:`remanence.store.facts.FactStore.facts`."""
    known_at = None if query.known_at is None else to_microseconds(query.known_at)
    parameters: dict[str, Any] = {
        **filter_parameters(query.where),
        "after": after,
        "limit": limit,
        "as_of": None if query.as_of is None else to_microseconds(query.as_of),
        "known_at": known_at,
        "now": None if query.now is None else to_microseconds(query.now),
        "kinds": None if query.kinds is None else json.dumps(list(map(KINDS.index, query.kinds))),
        "attributes": None if query.attributes is None else json.dumps(list(query.attributes)),
    }
    user_id = query.where.user_id
    with database.snapshot():
        database.enter(user_id)
        numbers = [number for (number,) in database.rows("facts", parameters)]
        items = at_sequence(database, user_id, numbers, query.known_at)
    return [
        (number, fact)
        for number, fact in ((number, items[number]) for number in numbers)
        if isinstance(fact, Fact)
    ]


def history(database: Database, where: Filter, id_: str) -> list[Fact]:
    """Return a fact's line; see :meth:`remanence.store.facts.FactStore.history`."""
    with database.snapshot():
        database.enter(where.user_id)
        rows = database.rows("line", {"user_id": where.user_id, "id": to_id(id_)})
        found = find_within(database, where, [to_text(data) for (data,) in rows])
    if id_ not in found:
        return []
    return [fact for _, fact in sorted(found.values(), key=_number) if isinstance(fact, Fact)]


def _number(numbered: tuple[int, object]) -> int:
    return numbered[0]
