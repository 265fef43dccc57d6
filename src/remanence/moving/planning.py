"""What is to be done with what comes in, in parts that a memory takes in each as a whole."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from remanence.moving.arrivals import Arrival, Skipped
from remanence.moving.known import Known, lineage_of, message_key, says_the_same
from remanence.store.archive import ArchivedEnding, ArchivedEpisode, ArchivedFact, ArchivedItem
from remanence.types import Episode, Fact

__all__ = ["Part", "Plan", "batches", "planned"]

_FLEETING = ("source", "description")

_NO_KEY = (None, None, "")
_WITH_OTHER_WORDS = (
    "is here already, with another role or other words; what is here stays as it was said: forget "
    "it first to have this instead"
)
_OTHERWISE = "is here already, with another time, place or metadata; what is here was kept"


@dataclasses.dataclass(slots=True)
class Part:
    """What has to come in together: a message, or a statement with all that superseded it.

    Attributes:
        items: The items, by number.
        endings: What becomes of facts that are there.
    """

    items: list[ArchivedItem] = dataclasses.field(default_factory=list[ArchivedItem])
    endings: list[ArchivedEnding] = dataclasses.field(default_factory=list[ArchivedEnding])


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        parts: What is to be taken in, in order.
        there: How many items need not be.
        kept: Those of them of which something else is known here.
        refused: Messages that are here with other words, by their ids: why they don't come.
        new: The ids of what is not here yet, as far as that can be told before it comes.
    """

    parts: Sequence[Part]
    there: int
    kept: tuple[Skipped, ...]
    refused: Mapping[str, str]
    new: frozenset[str]


def planned(arrival: Arrival, known: Known) -> Plan:
    """Return what is to be done with what was found of a user.

    What is there, by its id, and says the same, stays as it is: at most it gets an end. Of a thing
    of which several versions would be current, the latest one will be.

    Args:
        arrival: What was found.
        known: What of it is there.
    """
    coming: list[ArchivedItem] = []
    endings: list[ArchivedEnding] = []
    kept: list[Skipped] = []
    refused: dict[str, str] = {}
    arriving: set[str] = set()
    for item in arrival.items:
        there = known.items.get(item.id)
        heard = there or known.messages.get(message_key(item) or _NO_KEY)
        if isinstance(item, ArchivedEpisode) and heard and not says_the_same(item, heard):
            refused[item.id] = f"{item.message_id or item.id} {_WITH_OTHER_WORDS}"
        elif there is None:
            if heard is None:
                arriving.add(item.id)
            new, more = _among_versions(item, known)
            coming.append(new)
            endings += more
        elif not says_the_same(item, there) or _rests_on_more(item, there):
            coming.append(item)  # to be refused, or completed
        elif isinstance(item, ArchivedFact) and item.superseded_at is not None:
            endings += _ending(item, there)
        elif _differs(item, there):
            kept.append(Skipped(arrival.places.get(item.id, item.id), _OTHERWISE))
    there = len(arrival.items) - len(coming) - len(refused)
    return Plan(_parts(coming, endings), there, tuple(kept), refused, frozenset(arriving))


def batches(parts: Sequence[Part], most: int) -> Iterator[list[Part]]:
    """Yield parts in order, together with no more items than that, unless one alone has more."""
    batch: list[Part] = []
    size = 0
    for part in parts:
        amount = len(part.items) + len(part.endings)
        if batch and size + amount > most:
            yield batch
            batch, size = [], 0
        batch.append(part)
        size += amount
    if batch:
        yield batch


def _rests_on_more(item: ArchivedItem, there: Episode | Fact) -> bool:
    """Return whether a fact that is there just as it comes in has sources that are new to it."""
    if not isinstance(item, ArchivedFact) or not isinstance(there, Fact):
        return False
    more = {source.episode for source in item.sources} - {*there.sources}
    return bool(more) and item.recorded_at == there.recorded_at and not _differs(item, there)


def _differs(item: ArchivedItem, there: Episode | Fact) -> bool:
    return (
        (item.agent_id, item.session_id) != (there.scope.agent_id, there.scope.session_id)
        or (item.at, item.at.utcoffset()) != (there.at, there.at.utcoffset())
        or _told(json.loads(item.metadata)) != _told(there.metadata)
    )


def _told(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what metadata tells, but for where it is found and how its note is described now."""
    return {name: value for name, value in metadata.items() if name not in _FLEETING}


def _ending(fact: ArchivedFact, there: Episode | Fact) -> Iterator[ArchivedEnding]:
    """Yield the end of a fact that is there and has none."""
    at, ending = fact.superseded_at, fact.ending
    if isinstance(there, Fact) and there.superseded_at is None and at and ending:
        yield ArchivedEnding(fact.id, at, fact.superseded_by, ending, fact.valid_until)


def _among_versions(
    item: ArchivedItem, known: Known
) -> tuple[ArchivedItem, Sequence[ArchivedEnding]]:
    """Return a new item, and the ends of what it takes the place of; or it comes in with an end."""
    if not isinstance(item, ArchivedFact) or item.superseded_at is not None:
        return item, ()
    lineage = lineage_of(item)
    versions = [] if lineage is None else known.versions.get(lineage, [])
    latest = max(versions, key=lambda fact: fact.at, default=None)
    if latest is not None and latest.at > item.at:
        ended = dataclasses.replace(
            item,
            superseded_at=max(latest.recorded_at, item.recorded_at),
            superseded_by=latest.id,
            ending="ended",
            valid_until=_earlier(item.valid_until, latest.at),
        )
        return ended, ()
    return item, [
        ArchivedEnding(
            fact.id,
            max(item.recorded_at, fact.recorded_at),
            item.id,
            "ended",
            _earlier(fact.valid_until, item.at),
        )
        for fact in versions
    ]


def _earlier(known: dt.datetime | None, ended: dt.datetime) -> dt.datetime:
    """Return until when something was true that ended, and may have been known to end."""
    return ended if known is None else min(known, ended)


def _parts(items: Sequence[ArchivedItem], endings: Sequence[ArchivedEnding]) -> list[Part]:
    """Return what has to come in together, each part where its first item is."""
    facts = {item.id: item for item in items if isinstance(item, ArchivedFact)}
    first = _first_of_lines(facts)
    parts: dict[str, Part] = {}
    for item in items:
        parts.setdefault(first.get(item.id, item.id), Part()).items.append(item)
    for ending in endings:
        by = ending.superseded_by or ending.fact
        parts.setdefault(first.get(by, by), Part()).endings.append(ending)
    return list(parts.values())


def _first_of_lines(facts: dict[str, ArchivedFact]) -> dict[str, str]:
    """Return for each fact the first of those that it took the place of, one after the other."""
    first: dict[str, str] = {}
    for id_ in facts:
        following: str | None = id_
        while following in facts and following not in first:
            first[following] = id_
            following = facts[following].superseded_by
    return first
