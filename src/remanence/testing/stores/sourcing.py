"""What a fact rests on is kept with it, and what rests on nothing any more goes."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses

import pytest

from remanence.errors import InputError
from remanence.store.protocol import Store
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    BOB,
    EVERYTHING,
    Follower,
    erase,
    is_empty,
    listed,
    new_fact,
    new_id,
    page_of,
    say,
)
from remanence.types import Episode, Fact, Scope

__all__ = ["Sourcing"]


async def state(store: Store, text: str, *sources: Episode) -> Fact:
    """Add a statement that rests on these episodes."""
    new = dataclasses.replace(new_fact(text), sources=tuple(episode.id for episode in sources))
    return (await store.add_facts(ALICE, [new]))[0]


class Sourcing(Handles):
    """What a fact rests on is kept with it, and what rests on nothing any more goes."""

    async def test_sources_are_kept(self, store: Store, second: Store) -> None:
        """In the order the episodes were recorded, as ids of the fact and numbers of the feed."""
        one, two, _three = await say(store, ALICE, "one", "two", "three")
        fact = await state(store, "a fact", two, one)
        assert fact.sources == (one.id, two.id)
        assert (await page_of(second))[-1] == (4, fact)
        assert (await Follower().follow(second))[4].sources == (1, 2)

    async def test_sources_may_be_of_any_session(self, store: Store) -> None:
        """Of the same user."""
        (elsewhere,) = await say(store, Scope("alice", None, "tuesday"), "one")
        assert (await state(store, "a fact", elsewhere)).sources == (elsewhere.id,)

    async def test_what_is_no_episode_of_the_user_is_no_source(self, store: Store) -> None:
        """Another's, a fact, and what never was are refused, and nothing is kept."""
        await say(store, ALICE, "one")
        (his,) = await say(store, BOB, "his")
        fact = await state(store, "a fact")
        for source in (his.id, fact.id, new_id(), "nonsense"):
            new = dataclasses.replace(new_fact("another"), sources=(source,))
            with pytest.raises(InputError, match="sources"):
                await store.add_facts(ALICE, [new_fact("with it"), new])
        assert await listed(store) == ["one", "a fact"]

    async def test_a_fact_goes_with_any_of_its_sources(self, store: Store) -> None:
        """It may tell what only that one said; facts that rest on others stay."""
        one, two, three = await say(store, ALICE, "one", "two", "three")
        both = await state(store, "both", one, two)
        only = await state(store, "only", one)
        other = await state(store, "other", two)
        free = await state(store, "free")
        erasure = await erase(store, EVERYTHING, [one.id])
        assert (erasure.episodes, erasure.facts) == (1, 2)
        assert set(erasure.ids) == {one.id, both.id, only.id}
        assert [item for _, item in await page_of(store)] == [two, three, other, free]
        await erase(store, EVERYTHING, [two.id])
        assert [item for _, item in await page_of(store)] == [three, free]

    async def test_indexes_learn_of_the_facts_that_went(self, store: Store) -> None:
        """As removals, like any other."""
        one, _two = await say(store, ALICE, "one", "two")
        await state(store, "a fact", one)
        follower = Follower()
        await follower.follow(store)
        await erase(store, EVERYTHING, [one.id])
        assert list(await follower.follow(store)) == [2]

    async def test_sources_go_with_their_fact_and_user(self, store: Store) -> None:
        """Nothing is left that tells of them, and the episodes stay."""
        (one,) = await say(store, ALICE, "one")
        fact = await state(store, "a fact", one)
        await erase(store, EVERYTHING, [fact.id])
        assert await listed(store) == ["one"]
        assert (await erase(store, EVERYTHING, [one.id])).facts == 0
        assert await is_empty(store)
