"""What comes from a file is told apart, and so is what rests on it."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses

import pytest

from remanence.store.extraction import Reading
from remanence.store.facts import Confirmation, FactChanges, FactQuery
from remanence.store.protocol import Batch, Store
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    EVERYTHING,
    erase,
    new_episode,
    new_fact,
    page_of,
)
from remanence.types import Episode, Fact, Role

__all__ = ["Importing"]


async def told(store: Store, role: Role, *, imported: bool) -> Episode:
    """Append a message, from a file or not."""
    new = dataclasses.replace(new_episode(role=role), imported=imported)
    ((stored,),) = await store.append([Batch(ALICE, (new,))], extract=True)
    return stored


async def stated(store: Store, *sources: Episode, imported: bool = False) -> Fact:
    """Add a statement that rests on these episodes."""
    ids = tuple(episode.id for episode in sources)
    new = dataclasses.replace(new_fact(), sources=ids, imported=imported)
    return (await store.add_facts(ALICE, [new]))[0]


async def fact_of(store: Store) -> Fact:
    """Return the one fact that there is."""
    ((_, fact),) = await store.facts(FactQuery(EVERYTHING), after=0, limit=9)
    return fact


class Importing(Handles):
    """What comes from a file is told apart, and so is what rests on it."""

    async def test_an_imported_episode_says_so(self, store: Store, second: Store) -> None:
        """When it is appended, whenever it is found, and when it is appended again."""
        here = await told(store, "user", imported=False)
        there = await told(store, "user", imported=True)
        assert (here.imported, there.imported) == (False, True)
        assert [item for _, item in await page_of(second)] == [here, there]
        again = dataclasses.replace(new_episode(message_id="m1"), imported=True)
        ((first,), (same,)) = await store.append([Batch(ALICE, (again,)), Batch(ALICE, (again,))])
        assert first == same
        assert same.imported

    async def test_a_fact_is_imported_with_any_of_what_it_was_drawn_from(
        self, store: Store
    ) -> None:
        """It may tell what only that one says; without sources, what is given counts."""
        here = await told(store, "user", imported=False)
        there = await told(store, "user", imported=True)
        facts = [
            await stated(store, here),
            await stated(store, here, there),
            await stated(store, here, imported=True),
            await stated(store),
            await stated(store, imported=True),
        ]
        assert [fact.imported for fact in facts] == [False, True, True, False, True]
        page = [item for _, item in await page_of(store)]
        assert page[2:] == facts

    @pytest.mark.parametrize(
        ("drawn", "again", "stated_by", "imported"),
        [
            (("user", True), ("user", False), "user", False),
            (("user", True), ("assistant", False), "user", True),
            (("tool", True), ("assistant", False), "assistant", False),
            (("tool", False), ("user", True), "user", True),
            (("user", False), ("user", True), "user", False),
        ],
    )
    async def test_who_says_it_again_counts_with_where_it_is_from(
        self,
        store: Store,
        drawn: tuple[Role, bool],
        again: tuple[Role, bool],
        stated_by: Role,
        imported: bool,
    ) -> None:
        """The most trusted role counts, and within a role what was said here.

        Whoever repeats what a file says the user said makes it no more than that. What goes leaves
        it as it was.
        """
        first = await told(store, drawn[0], imported=drawn[1])
        before = await stated(store, first)
        second = await told(store, again[0], imported=again[1])
        changes = FactChanges(confirmed=(Confirmation(before.id, (second.id,)),))
        upto = await store.extraction.last_fact("alice")
        reading = Reading(ALICE, (second.id,), changes, upto)
        assert await store.extraction.keep_reading(reading) == "kept"
        fact = await fact_of(store)
        assert (fact.stated_by, fact.imported) == (stated_by, imported)
        await erase(store, EVERYTHING, [second.id])
        assert await fact_of(store) == before
