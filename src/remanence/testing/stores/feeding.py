"""An index that follows the feed knows exactly what is stored."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from remanence.store.analysis import Analysis, Reanalysis
from remanence.store.protocol import Batch, Entry, FactTimes, Store
from remanence.store.times import to_microseconds
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    EVERYTHING,
    NOON,
    START,
    Follower,
    erase,
    is_empty,
    new_analysis,
    new_episode,
    new_fact,
    say,
)
from remanence.types import Scope

__all__ = ["Feeding"]


class Feeding(Handles):
    """An index that follows the feed knows exactly what is stored."""

    async def test_an_unknown_user_has_no_changes(self, store: Store) -> None:
        """The head is (0, 0), and there is nothing to load."""
        follower = Follower()
        assert await follower.follow(store) == {}
        assert (follower.head, follower.rebuilt) == (START, 0)

    async def test_entries_carry_what_an_index_needs(self, store: Store) -> None:
        """Number, origin, session, time, speaker and terms."""
        analysis = Analysis("how are_you 小猫 _the", asks=True, version=7)
        new = dataclasses.replace(
            new_episode(name="Eva", at=dt.datetime(1970, 1, 1, 1, tzinfo=dt.UTC)), analysis=analysis
        )
        await store.append([Batch(ALICE, (new,)), Batch(Scope("alice"), (new_episode(),))])
        await store.add_facts(ALICE, [new_fact()])
        first, second, third = (await Follower().follow(store)).values()
        hour = 3_600_000_000
        terms, asks, version = analysis.terms, analysis.asks, analysis.version
        assert first == Entry(
            1,
            "episode",
            first.session,
            "clerk",
            "monday",
            hour,
            "user",
            "Eva",
            terms,
            asks,
            version,
            to_microseconds(new.recorded_at),
        )
        assert third.times == FactTimes(
            to_microseconds(NOON), None, None, None, corrected=False, stated_by=None
        )
        assert (second.agent_id, second.session_id, second.speaker) == (None, None, None)
        assert (third.seq, third.origin, third.session) == (3, "fact", first.session)
        assert second.session != first.session

    async def test_changes_tell_only_what_is_new(self, store: Store) -> None:
        """Later writes come as entries, without a rebuild."""
        await say(store, ALICE, "one", "two")
        follower = Follower()
        await follower.follow(store)
        rebuilt = follower.rebuilt
        await say(store, ALICE, "three")
        changes = await store.changes("alice", follower.head, limit=9)
        assert [entry.seq for entry in changes.entries] == [3]
        assert (changes.rebuild, changes.removed, changes.complete) == (False, (), True)
        await follower.follow(store)
        assert list(follower.entries) == [1, 2, 3]
        assert follower.rebuilt == rebuilt

    @pytest.mark.parametrize("limit", [1, 3, 4, 5, 100])
    async def test_changes_come_in_portions(self, store: Store, limit: int) -> None:
        """Portions of any size add up to the whole, also when their number is exact."""
        await say(store, ALICE, *map(str, range(12)))
        follower = Follower(limit=limit)
        assert list(await follower.follow(store)) == list(range(1, 13))
        await say(store, ALICE, *map(str, range(5)))
        assert list(await follower.follow(store)) == list(range(1, 18))

    async def test_removals_reach_an_index_that_knows_them(self, store: Store) -> None:
        """What went since is told; what the index never saw just does not come."""
        episodes = await say(store, ALICE, *map(str, range(5)))
        follower = Follower()
        await follower.follow(store)
        later = await say(store, ALICE, "5", "6")
        await erase(store, EVERYTHING, [episodes[1].id, later[0].id])
        await erase(store, EVERYTHING, [episodes[3].id])
        assert list(await follower.follow(store)) == [1, 3, 5, 7]
        changes = await store.changes("alice", follower.head, limit=9)
        assert (changes.removed, changes.entries, changes.rebuild) == ((), (), False)

    async def test_erasure_between_portions(self, store: Store) -> None:
        """An index that is loading when something goes ends without it."""
        episodes = await say(store, ALICE, *map(str, range(9)))
        follower = Follower(limit=3)
        assert not await follower.step(store)
        await erase(store, EVERYTHING, [episodes[i].id for i in (0, 2, 3, 8)])
        await say(store, ALICE, "9")
        assert list(await follower.follow(store)) == [2, 5, 6, 7, 8, 10]

    async def test_an_erased_user_is_told_as_a_rebuild(self, store: Store) -> None:
        """An index of a user who is gone drops everything, and follows if the user comes back."""
        await say(store, ALICE, "one", "two", "three")
        follower = Follower()
        await follower.follow(store)
        await erase(store, EVERYTHING, None)
        assert await follower.follow(store) == {}
        assert follower.head == START
        await say(store, ALICE, "back")
        ((_, entry),) = (await follower.follow(store)).items()
        assert entry.terms == "term_back"

    async def test_a_user_who_came_back_is_told_as_a_rebuild(self, store: Store) -> None:
        """An index that missed both the erasure and the return has to start over."""
        await say(store, ALICE, "one", "two", "three")
        follower = Follower()
        await follower.follow(store)
        await erase(store, EVERYTHING, None)
        await say(store, ALICE, "four", "five", "six")
        rebuilt = follower.rebuilt
        entries = await follower.follow(store)
        assert follower.rebuilt == rebuilt + 1
        assert [entry.terms for entry in entries.values()] == [
            "term_four",
            "term_five",
            "term_six",
        ]

    async def test_stale_terms_are_found_and_replaced(self, store: Store) -> None:
        """Older analyses are told with their texts, and indexes rebuild with the new terms."""
        await store.append([Batch(ALICE, (new_episode("one"), new_episode("two", version=2)))])
        await store.add_facts(ALICE, [new_fact("three")])
        follower = Follower()
        await follower.follow(store)
        before = follower.head
        stale = await store.stale("alice", version=2, limit=9)
        assert [(item.seq, item.text) for item in stale] == [(1, "one"), (3, "three")]
        assert [item.seq for item in await store.stale("alice", version=2, limit=1)] == [1]
        assert await store.stale("alice", version=1, limit=9) == []
        new = Analysis("new", asks=True, version=2)
        await store.replace_terms("alice", [Reanalysis(1, new), Reanalysis(3, new)])
        assert await store.stale("alice", version=2, limit=9) == []
        assert (await store.head("alice")).epoch > before.epoch
        rebuilt = follower.rebuilt
        entries = await follower.follow(store)
        assert follower.rebuilt == rebuilt + 1
        assert [entry.terms for entry in entries.values()] == ["new", "term_two", "new"]
        assert (entries[1].asks, entries[1].version) == (True, 2)

    async def test_replacing_terms_skips_what_is_gone(self, store: Store) -> None:
        """Neither an erased item nor an erased user comes back by its terms."""
        episodes = await say(store, ALICE, "one", "two")
        await erase(store, EVERYTHING, [episodes[0].id])
        new = [Reanalysis(number, new_analysis("new", version=2)) for number in (1, 2, 3)]
        await store.replace_terms("alice", new)
        assert list(await Follower().follow(store)) == [2]
        await store.replace_terms("bob", new)
        assert await is_empty(store, "bob")
