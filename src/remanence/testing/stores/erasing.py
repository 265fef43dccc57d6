"""What is erased is gone, and nothing else is."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

from remanence.store.protocol import (
    Batch,
    Store,
)
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    BOB,
    EVERYTHING,
    erase,
    is_empty,
    listed,
    new_episode,
    new_fact,
    new_id,
    page_of,
    say,
)
from remanence.types import Filter, Scope

__all__ = ["Erasing"]


class Erasing(Handles):
    """What is erased is gone, and nothing else is."""

    async def test_erasing_ids(self, store: Store) -> None:
        """Ids are erased as far as the filter sees them; the result names them."""
        one, two, three = await say(store, ALICE, "one", "two", "three")
        (fact,) = await store.add_facts(ALICE, [new_fact()])
        elsewhere = Filter("alice", session_id="tuesday")
        assert (await erase(store, elsewhere, [one.id])).ids == ()
        result = await erase(store, EVERYTHING, [two.id, fact.id, two.id, new_id(), "nonsense"])
        assert (result.episodes, result.facts) == (1, 1)
        assert sorted(result.ids) == sorted([two.id, fact.id])
        assert [item for _, item in await page_of(store)] == [one, three]
        assert set(await store.at_sequence("alice", [1, 2, 3, 4])) == {1, 3}
        again = await erase(store, EVERYTHING, [two.id, fact.id])
        assert (again.episodes, again.facts, again.ids) == (0, 0, ())
        assert (await erase(store, EVERYTHING, [])).ids == ()

    async def test_erasing_a_session(self, store: Store) -> None:
        """A session goes with its facts, and begins anew if it is written to again."""
        await say(store, ALICE, "one", "two")
        await store.add_facts(ALICE, [new_fact()])
        (kept,) = await say(store, Scope("alice"), "kept")
        result = await erase(store, Filter("alice", "clerk", "monday"), None)
        assert (result.episodes, result.facts, len(result.ids)) == (2, 1, 3)
        assert [item for _, item in await page_of(store)] == [kept]
        assert (await store.count(EVERYTHING)).sessions == 1
        (anew,) = await say(store, ALICE, "anew")
        assert anew.position == 0
        assert (await store.head("alice")).seq == 5

    async def test_erasing_a_user(self, store: Store) -> None:
        """Nothing of the user is left, and others keep theirs."""
        await say(store, ALICE, "one")
        await say(store, BOB, "his")
        await store.add_facts(Scope("alice"), [new_fact()])
        result = await erase(store, EVERYTHING, None)
        assert (result.episodes, result.facts, len(result.ids)) == (1, 1, 2)
        assert await is_empty(store)
        assert await listed(store, Filter("bob")) == ["his"]
        assert (await store.count(None)).users == 1
        assert (await erase(store, EVERYTHING, None)).ids == ()

    async def test_a_user_whose_last_item_goes_is_forgotten(self, store: Store) -> None:
        """Erasing item by item ends where erasing the user does."""
        (one,) = await say(store, ALICE, "one")
        (fact,) = await store.add_facts(Scope("alice"), [new_fact()])
        await erase(store, EVERYTHING, [one.id])
        left = await store.count(EVERYTHING)
        assert (left.users, left.sessions, left.facts) == (1, 0, 1)
        await erase(store, EVERYTHING, [fact.id])
        assert await is_empty(store)

    async def test_positions_are_not_given_twice(self, store: Store) -> None:
        """What stays keeps its position, and what comes later comes behind it."""
        episodes = await say(store, ALICE, "0", "1", "2")
        await erase(store, EVERYTHING, [episodes[1].id])
        (new,) = await say(store, ALICE, "3")
        left = [item for _, item in await page_of(store)]
        assert left == [episodes[0], episodes[2], new]
        assert new.position > 2

    async def test_an_erased_message_id_is_free(self, store: Store) -> None:
        """The same message, or another one, can be stored under it again."""
        await store.append([Batch(ALICE, (new_episode("one", message_id="m1"), new_episode()))])
        (found,) = await store.episode_ids(ALICE, ["m1"])
        await erase(store, EVERYTHING, [found])
        assert await store.episode_ids(ALICE, ["m1"]) == []
        await store.append([Batch(ALICE, (new_episode("two", message_id="m1"),))])
        assert sorted(await listed(store)) == ["hello", "two"]

    async def test_erasure_raises_the_epoch(self, store: Store) -> None:
        """The user's epoch rises when something went, and only then; others' stay."""
        one, *_ = await say(store, ALICE, "one", "two")
        await say(store, BOB, "his")
        epoch, his = (await store.head("alice")).epoch, await store.head("bob")
        await say(store, ALICE, "three")
        await erase(store, EVERYTHING, [new_id()])
        assert (await store.head("alice")).epoch == epoch
        await erase(store, EVERYTHING, [one.id])
        assert (await store.head("alice")).epoch > epoch
        assert await store.head("bob") == his

    async def test_numbers_are_never_given_twice(self, store: Store) -> None:
        """A number that was looked up before an erasure never finds another item after it."""
        highest = 0
        for _ in range(3):
            await say(store, ALICE, "one", "two")
            seen = [number for number, _ in await page_of(store)]
            assert min(seen) > highest
            highest = max(seen)
            await erase(store, EVERYTHING, None)
            assert await store.at_sequence("alice", seen) == {}

    async def test_epochs_are_never_used_twice(self, store: Store) -> None:
        """Users who were erased and come back have epochs that nobody had."""
        seen: list[int] = []
        for _ in range(3):
            for scope in (ALICE, BOB):
                one, _two = await say(store, scope, "one", "two")
                seen.append((await store.head(scope.user_id)).epoch)
                await erase(store, Filter(scope.user_id), [one.id])
                seen.append((await store.head(scope.user_id)).epoch)
                await erase(store, Filter(scope.user_id), None)
        assert min(seen) > 0
        assert seen == sorted(set(seen))
