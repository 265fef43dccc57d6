"""What would come of moving in, and what is here that was deleted where it came from."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterable

from remanence.engine import Memory
from remanence.moving.arrivals import Arrivals, Skipped
from remanence.moving.known import Known, known_of, lineage_in
from remanence.moving.planning import planned
from remanence.types import Fact, Filter

__all__ = ["Outlook", "look", "outliving"]

_AT_ONCE = 2_000


@dataclasses.dataclass(frozen=True, slots=True)
class Outlook:
    """What would become of what was found of one user.

    Attributes:
        user_id: Whose it is.
        new: How many items would be new.
        there: How many are there already.
        skipped: What would not be taken in, because something else is there.
        kept: What is there already, with something else beside it.
    """

    user_id: str
    new: int
    there: int
    skipped: tuple[Skipped, ...]
    kept: tuple[Skipped, ...]


async def look(arrivals: Arrivals, memory: Memory | None) -> tuple[Outlook, ...]:
    """Return what would come of it, by user; nothing is written.

    Args:
        arrivals: What was found.
        memory: Where it would go; ``None`` where there is nothing yet.

    Raises:
        StoreError: The store can't be read.
    """
    outlooks: list[Outlook] = []
    for arrival in arrivals.users:
        known = Known({}, {}, {}) if memory is None else await known_of(memory, arrival)
        plan = planned(arrival, known)
        skipped = tuple(
            Skipped(arrival.places.get(id_, id_), why) for id_, why in plan.refused.items()
        )
        there = len(arrival.items) - len(plan.new) - len(skipped)
        outlooks.append(Outlook(arrival.user_id, len(plan.new), there, skipped, plan.kept))
    return tuple(outlooks)


async def outliving(
    arrivals: Arrivals, memory: Memory, users: Iterable[str]
) -> dict[str, list[Fact]]:
    """Return what is known here of things that were deleted where they came from, by user.

    Args:
        arrivals: What was found, and what was deleted.
        memory: Where it went earlier.
        users: Of whom to look.

    Returns:
        Each of these things that is current, with all that it said before.

    Raises:
        StoreError: The store can't be read.
    """
    found: dict[str, list[Fact]] = {}
    for user_id in dict.fromkeys(users) if arrivals.deleted else ():
        where = Filter(user_id)
        here = [
            version
            async for fact in _current(memory, where)
            if _is_of(fact, arrivals.source, arrivals.deleted)
            for version in await memory.history(fact.id, scope=where)
        ]
        if here:
            found[user_id] = here
    return found


async def _current(memory: Memory, where: Filter) -> AsyncIterator[Fact]:
    cursor: str | None = None
    while True:
        page = await memory.facts(scope=where, limit=_AT_ONCE, cursor=cursor)
        for fact in page.items:
            yield fact
        cursor = page.cursor
        if cursor is None:
            return


def _is_of(fact: Fact, source: str, ids: frozenset[str]) -> bool:
    lineage = lineage_in(fact.metadata) if fact.imported else None
    return lineage is not None and lineage[0] == source and lineage[1] in ids
