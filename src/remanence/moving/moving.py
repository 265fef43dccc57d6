"""Moving in: what a reader found is taken in, part by part, and looked for afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from remanence.engine import Memory
from remanence.errors import ConflictError, RecordError
from remanence.moving.arrivals import Arrival, Arrivals, Skipped
from remanence.moving.known import items_of, known_of, says_the_same
from remanence.moving.outcome import Moved
from remanence.moving.planning import Part, batches, planned
from remanence.store.archive import ArchivedFact, ArchivedItem, ArchivedSource
from remanence.types import Episode, Fact

__all__ = ["move_in"]

_AT_ONCE = 500

Progress = Callable[[int, int], None]


async def move_in(
    arrivals: Arrivals,
    memory: Memory,
    *,
    asked_by: str | None = None,
    progress: Progress | None = None,
) -> tuple[Moved, ...]:
    """Take in what a reader found, and look whether it is there.

    It is done in transactions of a few hundred items. Whatever ends it early, done again it goes on
    where it was, and done twice it changes nothing. What can't be taken in because something else
    is there is left out, and told.

    Args:
        arrivals: What was found.
        memory: Where it goes.
        asked_by: Who asked for it, for the audit.
        progress: Called with how many items were done, and how many there are.

    Returns:
        What came of it, by user.

    Raises:
        InputError: A user's name, or ``asked_by``, is not acceptable.
        StoreError: The store can't; what was taken in before stays.
    """
    total = sum(len(arrival.items) for arrival in arrivals.users)
    done = 0

    def advance(amount: int) -> None:
        nonlocal done
        done += amount
        if progress is not None:
            progress(done, total)

    return tuple(
        [await _Move(arrival, memory, asked_by, advance).all() for arrival in arrivals.users]
    )


class _Move:
    """Takes in what was found of one user."""

    def __init__(
        self,
        arrival: Arrival,
        memory: Memory,
        asked_by: str | None,
        advance: Callable[[int], None],
    ) -> None:
        self._arrival = arrival
        self._memory = memory
        self._asked_by = asked_by
        self._advance = advance
        self._known_as: dict[str, str] = {}
        self._skipped: dict[str, str] = {}
        self._staying: set[str] = set()  # told of, and not left out
        self._episodes = self._facts = self._there = 0

    async def all(self) -> Moved:
        """Take it in, and look for it."""
        plan = planned(self._arrival, await known_of(self._memory, self._arrival))
        self._there = plan.there
        self._skipped |= plan.refused
        self._advance(plan.there + len(plan.refused))
        for batch in batches(plan.parts, _AT_ONCE):
            await self._take(batch)
        expected = [item for item in self._arrival.items if item.id not in self._skipped]
        return Moved(
            user_id=self._arrival.user_id,
            episodes=self._episodes,
            facts=self._facts,
            there=self._there,
            skipped=tuple(
                Skipped(self._arrival.places.get(id_, id_), why, int(id_ not in self._staying))
                for id_, why in self._skipped.items()
            ),
            kept=plan.kept,
            expected=len(expected),
            verified=await self._count(expected),
        )

    async def _take(self, parts: Sequence[Part]) -> None:
        """Take in some parts; if one of them can't be, all others."""
        items = [item for part in parts for item in part.items]
        items.sort(key=lambda item: item.number)
        try:
            taken = await self._memory.take_in(
                self._arrival.user_id,
                [self._resting(item) for item in items],
                endings=[ending for part in parts for ending in part.endings],
                asked_by=self._asked_by,
            )
        except (ConflictError, RecordError) as error:
            if len(parts) > 1:
                middle = len(parts) // 2
                await self._take(parts[:middle])
                await self._take(parts[middle:])
                return
            self._skip(parts[0], str(error))
        else:
            self._episodes += taken.episodes
            self._facts += taken.facts
            self._there += taken.episodes_there + taken.facts_there
            self._known_as.update(taken.known_as)
        self._advance(len(items))

    def _skip(self, part: Part, why: str) -> None:
        for item in part.items:
            self._skipped[item.id] = why
        for ending in part.endings:
            if ending.fact not in self._skipped:
                self._staying.add(ending.fact)
            self._skipped.setdefault(ending.fact, f"it stays as it is here; {why}")

    def _resting(self, item: ArchivedItem) -> ArchivedItem:
        """Return an item that rests on what is here, under the ids that it has here."""
        if not isinstance(item, ArchivedFact):
            return item
        sources: dict[str, ArchivedSource] = {}
        for source in item.sources:
            if source.episode in self._skipped:
                continue
            here = self._known_as.get(source.episode, source.episode)
            sources.setdefault(here, dataclasses.replace(source, episode=here))
        return dataclasses.replace(item, sources=tuple(sources.values()))

    async def _count(self, expected: Sequence[ArchivedItem]) -> int:
        """Return how many items a memory has, as it tells them when it is asked."""
        wanted = {self._known_as.get(item.id, item.id): item for item in expected}
        twice = len(expected) - len(wanted)  # messages that are one here
        found = 0
        async for there in items_of(self._memory, self._arrival.user_id):
            item = wanted.get(there.id)
            found += item is not None and _is_there(item, there)
        return found + twice if found == len(wanted) else found


def _is_there(item: ArchivedItem, there: Episode | Fact) -> bool:
    if not says_the_same(item, there):
        return False
    ended = isinstance(item, ArchivedFact) and item.superseded_at is not None
    return not ended or (isinstance(there, Fact) and there.superseded_at is not None)
