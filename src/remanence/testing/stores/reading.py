"""What is read for facts is read once, and what is found is kept with that mark."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import asyncio
import dataclasses

from remanence.store.extraction import Expense, Reading
from remanence.store.facts import Confirmation, FactChanges, FactQuery, NewFact, Supersession
from remanence.store.protocol import Batch, Store
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    BOB,
    EVERYTHING,
    Follower,
    erase,
    is_empty,
    new_episode,
    new_fact,
    new_id,
)
from remanence.types import Episode, Filter, Scope

__all__ = ["ReadingForFacts"]

TUESDAY = Scope("alice", "clerk", "tuesday")


async def tell(store: Store, scope: Scope, *contents: str, extract: bool = True) -> list[Episode]:
    """Append messages that are to be read."""
    episodes = tuple(new_episode(content) for content in contents)
    return (await store.append([Batch(scope, episodes)], extract=extract))[0]


def drawn(text: str, *sources: Episode) -> NewFact:
    """Return a statement that was drawn from episodes."""
    return dataclasses.replace(new_fact(text), sources=tuple(episode.id for episode in sources))


def read(*episodes: Episode, changes: FactChanges | None = None, upto: int = 0) -> Reading:
    """Return a reading of episodes of one session."""
    ids = tuple(episode.id for episode in episodes)
    return Reading(episodes[0].scope, ids, changes or FactChanges(), upto)


async def waiting(store: Store, scope: Scope = ALICE, **more: bool) -> list[str]:
    """Return what waits to be read in a session."""
    found = await store.extraction.unextracted(scope, limit=100, before=0, **more)
    return [episode.content for episode in found.episodes]


async def facts(store: Store) -> list[str]:
    """Return the statements that are known."""
    found = await store.facts(FactQuery(EVERYTHING), after=0, limit=100)
    return [fact.text for _, fact in found]


class ReadingForFacts(Handles):
    """What is read for facts is read once, and what is found is kept with that mark."""

    async def test_only_what_is_to_be_read_waits(self, store: Store, second: Store) -> None:
        """In its order, apart by session; what the system says never does."""
        await tell(store, ALICE, "before", extract=False)
        one, two = await tell(store, ALICE, "one", "two")
        await tell(store, TUESDAY, "elsewhere")
        system = new_episode("system", role="system")
        await store.append([Batch(ALICE, (system,))], extract=True)
        assert await waiting(second) == ["one", "two"]
        found = await second.extraction.unextracted(ALICE, limit=1, before=5)
        assert found.episodes == (one,)
        assert [episode.content for episode in found.before] == ["before"]
        assert await second.extraction.waiting() == 3
        assert await waiting(store, BOB) == []
        assert two.position == 2

    async def test_what_was_read_is_done_and_its_facts_are_kept(self, store: Store) -> None:
        """They belong to the user and agent, and to no session."""
        one, two = await tell(store, ALICE, "one", "two")
        changes = FactChanges(added=(drawn("a fact", one),))
        assert await store.extraction.keep_reading(read(one, changes=changes)) == "kept"
        assert await waiting(store) == ["two"]
        ((_, fact),) = await store.facts(FactQuery(EVERYTHING), after=0, limit=9)
        assert (fact.text, fact.sources) == ("a fact", (one.id,))
        assert fact.scope == Scope("alice", "clerk")
        assert await store.extraction.last_fact("alice") == 3
        assert await store.extraction.keep_reading(read(two, upto=3)) == "kept"
        assert await store.extraction.waiting() == 0

    async def test_nothing_is_read_twice(self, store: Store, second: Store) -> None:
        """Of two who read the same at the same time one keeps what it found."""
        one, two = await tell(store, ALICE, "one", "two")
        readings = [
            read(one, two, changes=FactChanges(added=(drawn(f"fact {number}", one),)))
            for number in range(2)
        ]
        kept = await asyncio.gather(
            *(
                each.extraction.keep_reading(reading)
                for each, reading in zip((store, second), readings, strict=True)
            )
        )
        assert sorted(kept) == ["kept", "taken"]
        assert len(await facts(store)) == 1

    async def test_what_is_outdated_is_not_kept(self, store: Store) -> None:
        """There are facts by now that were not weighed, or those that were are no more."""
        one, two = await tell(store, ALICE, "one", "two")
        (known,) = await store.add_facts(ALICE, [new_fact("known")])
        late = read(one, changes=FactChanges(added=(drawn("late", one),)), upto=2)
        assert await store.extraction.keep_reading(late) == "outdated"
        upto = await store.extraction.last_fact("alice")
        new = drawn("new", one)
        confirmed = FactChanges(confirmed=(Confirmation(known.id, (one.id,)),))
        replaced = FactChanges((new,), superseded=(Supersession(known.id, new.id, "corrected"),))
        assert await store.extraction.keep_reading(read(one, changes=replaced, upto=upto)) == "kept"
        for changes in (confirmed, replaced):
            again = read(two, changes=changes, upto=99)
            assert await store.extraction.keep_reading(again) == "outdated"
        assert await waiting(store) == ["two"]
        assert await facts(store) == ["new"]

    async def test_a_fact_that_is_confirmed_rests_on_more(self, store: Store) -> None:
        """And is as trusted as the best of those who said it apart; indexes learn of it."""
        tool = new_episode("tool", role="tool")
        ((said,),) = await store.append([Batch(ALICE, (tool,))], extract=True)
        (user,) = await tell(store, ALICE, "user")
        added = FactChanges(added=(drawn("fact", said),))
        await store.extraction.keep_reading(read(said, changes=added))
        follower = Follower()
        await follower.follow(store)
        ((number, fact),) = await store.facts(FactQuery(EVERYTHING), after=0, limit=9)
        assert fact.stated_by == "tool"
        confirmed = FactChanges(confirmed=(Confirmation(fact.id, (user.id,)),))
        await store.extraction.keep_reading(read(user, changes=confirmed, upto=number))
        ((_, fact),) = await store.facts(FactQuery(EVERYTHING), after=0, limit=9)
        assert (fact.sources, fact.stated_by) == ((said.id, user.id), "user")
        known = await follower.follow(store)
        assert known[number].sources == (1, 2)
        assert known == await Follower().follow(store)
        await erase(store, EVERYTHING, [user.id])
        ((_, fact),) = await store.facts(FactQuery(EVERYTHING), after=0, limit=9)
        assert (fact.sources, fact.stated_by) == ((said.id,), "tool")
        assert await follower.follow(store) == await Follower().follow(store)

    async def test_a_fact_may_supersede_one_of_the_same_reading(self, store: Store) -> None:
        """What was told first in a conversation, and then otherwise."""
        (one,) = await tell(store, ALICE, "one")
        first, second = drawn("first", one), drawn("second", one)
        place = Supersession(first.id, second.id, "corrected")
        changes = FactChanges((first, second), superseded=(place,))
        assert await store.extraction.keep_reading(read(one, changes=changes)) == "kept"
        assert await facts(store) == ["second"]

    async def test_what_was_forgotten_meanwhile_leaves_no_fact(self, store: Store) -> None:
        """What is left has to be read anew, as nobody knows what was found without it."""
        one, two, three = await tell(store, ALICE, "one", "two", "three")
        await erase(store, EVERYTHING, [one.id])
        both = FactChanges(added=(drawn("of both", one, two),))
        assert await store.extraction.keep_reading(read(one, two, changes=both)) == "taken"
        assert await store.extraction.keep_reading(read(two, changes=both)) == "taken"
        assert await store.extraction.keep_reading(read(one, two)) == "taken"
        assert await waiting(store) == ["two", "three"]
        assert await facts(store) == []
        alone = FactChanges(added=(drawn("of two", two),))
        assert await store.extraction.keep_reading(read(two, changes=alone)) == "kept"
        await erase(store, EVERYTHING, None)
        late = read(three, changes=FactChanges(added=(drawn("late", three),)))
        assert await store.extraction.keep_reading(late) == "taken"
        assert await is_empty(store)

    async def test_what_is_passed_over_waits_apart(self, store: Store) -> None:
        """It holds up nothing, and can be read later."""
        one, two, three = await tell(store, ALICE, "one", "two", "three")
        past = dataclasses.replace(read(two), passed_over=(one.id,))
        assert await store.extraction.keep_reading(past) == "kept"
        assert await waiting(store) == ["three"]
        assert await waiting(store, passed_over=True) == ["one"]
        assert await store.extraction.waiting() == 2
        assert await store.extraction.keep_reading(read(one)) == "kept"
        assert await store.extraction.keep_reading(read(three)) == "kept"
        assert await store.extraction.waiting() == 0

    async def test_what_was_never_read_can_be_enlisted(self, store: Store) -> None:
        """Of one session, agent or user; what was read or waits is not enlisted again."""
        (one,) = await tell(store, ALICE, "one")
        await store.extraction.keep_reading(read(one))
        await tell(store, ALICE, "two", extract=False)
        await tell(store, TUESDAY, "three", extract=False)
        await tell(store, BOB, "his", extract=False)
        assert await store.extraction.enlist(Filter("alice", None, "tuesday"), limit=9) == [TUESDAY]
        assert await waiting(store) == []
        assert await store.extraction.enlist(EVERYTHING, limit=9) == [ALICE, TUESDAY]
        assert await store.extraction.enlist(EVERYTHING, limit=1) == [ALICE]
        assert await waiting(store) == ["two"]
        assert await waiting(store, TUESDAY) == ["three"]
        assert await store.extraction.enlist(Filter("carol"), limit=9) == []
        assert await store.extraction.waiting() == 2

    async def test_what_models_were_asked_is_added_up(self, store: Store, second: Store) -> None:
        """By all who have the store open; forgetting a user changes nothing about it."""
        assert await store.extraction.spent() == Expense(0, 0, 0)
        await store.extraction.spend(Expense(1, 900, 30))
        await second.extraction.spend(Expense(2, 100, 0))
        assert await store.extraction.spent() == Expense(3, 1000, 30)

    async def test_readings_of_others_are_out_of_reach(self, store: Store) -> None:
        """An id of another user's episode is none of this one's."""
        (his,) = await tell(store, BOB, "his")
        await tell(store, ALICE, "hers")
        reading = Reading(ALICE, (his.id, new_id()), FactChanges(added=(drawn("x", his),)), 0)
        assert await store.extraction.keep_reading(reading) == "taken"
        assert await waiting(store, BOB) == ["his"]
        assert await facts(store) == []
