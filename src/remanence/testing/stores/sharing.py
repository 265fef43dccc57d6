"""Two stores on the same data, and one after another."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from remanence.errors import ConflictError
from remanence.store.protocol import (
    Batch,
    Store,
)
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    EVERYTHING,
    Follower,
    erase,
    listed,
    new_episode,
    new_fact,
    page_of,
    say,
)
from remanence.types import Episode

__all__ = ["Sharing"]


class Sharing(Handles):
    """Two stores on the same data, and one after another."""

    async def test_a_second_store_sees_writes_at_once(self, store: Store, second: Store) -> None:
        """What one acknowledged, the other reads, in both directions."""
        for i in range(3):
            await say(store, ALICE, f"{i} one")
            assert (await listed(second))[-1] == f"{i} one"
            await say(second, ALICE, f"{i} two")
            assert (await listed(store))[-1] == f"{i} two"
        assert await store.head("alice") == await second.head("alice")
        assert [item.position for _, item in await page_of(store) if isinstance(item, Episode)] == [
            *range(6)
        ]

    async def test_a_second_store_knows_message_ids(self, store: Store, second: Store) -> None:
        """A message is stored once, whoever stores it."""
        new = new_episode("one", message_id="m1")
        await store.append([Batch(ALICE, (new,))])
        ((same,),) = await second.append([Batch(ALICE, (new_episode("one", message_id="m1"),))])
        assert same.id == new.id
        with pytest.raises(ConflictError):
            await second.append([Batch(ALICE, (new_episode("two", message_id="m1"),))])

    async def test_a_second_store_tells_removals(self, store: Store, second: Store) -> None:
        """An index on one store follows what the other erases."""
        one, *_ = await say(store, ALICE, "one", "two", "three")
        follower = Follower()
        await follower.follow(store)
        await erase(second, EVERYTHING, [one.id])
        assert list(await follower.follow(store)) == [2, 3]
        await erase(second, EVERYTHING, None)
        await say(second, ALICE, "back")
        (entry,) = (await follower.follow(store)).values()
        assert entry.terms == "term_back"

    async def test_everything_is_there_after_closing(
        self, store: Store, connect: Callable[[], Store]
    ) -> None:
        """Items, numbers and epochs outlive the store that wrote them."""
        await say(store, ALICE, "one", "two")
        await store.add_facts(ALICE, [new_fact()])
        items, head = await page_of(store), await store.head("alice")
        await store.aclose()
        await store.aclose()
        again = connect()
        await again.open()
        try:
            assert await page_of(again) == items
            assert await again.head("alice") == head
            (next_one,) = await say(again, ALICE, "three")
            assert next_one.position == 2
        finally:
            await again.aclose()

    async def test_commits_count_write_transactions(self, store: Store) -> None:
        """Reading commits nothing; writes that come together may share a commit."""
        before = store.commits
        await say(store, ALICE, "one")
        assert store.commits == before + 1
        await asyncio.gather(*(say(store, ALICE, str(i)) for i in range(20)))
        assert before + 2 <= store.commits <= before + 21
        commits = store.commits
        await page_of(store)
        await Follower().follow(store)
        assert store.commits == commits
