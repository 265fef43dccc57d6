"""How much there is of whom."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses

import numpy as np

from remanence.store.jobs import NewJob
from remanence.store.protocol import Batch, Store
from remanence.store.usage import Usage
from remanence.store.vectors import VectorBlock
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    BOB,
    NOON,
    SECOND,
    erase,
    new_episode,
    new_fact,
    new_id,
    say,
)
from remanence.types import Filter, Scope

__all__ = ["Using"]


class Using(Handles):
    """How much there is of whom."""

    async def test_nobody(self, store: Store) -> None:
        """An empty store has no users."""
        assert await store.usage.users(after="", limit=10) == []
        assert await store.usage.by_user(order="episodes", limit=10) == []

    async def test_users_come_page_by_page(self, store: Store) -> None:
        """Names come by their code points, whatever script they are in; each once."""
        names = ["Zoë", "alice", "bob", "Ωmega", "李雷", "😀"]
        for name in reversed(names):
            await say(store, Scope(name), "hello")
        found: list[str] = []
        while page := await store.usage.users(after=found[-1] if found else "", limit=4):
            assert len(page) <= 4
            found += page
        assert found == sorted(names)

    async def test_everything_is_counted(self, store: Store) -> None:
        """Each user's numbers are their own."""
        await say(store, ALICE, "one", "zwölf")
        await say(store, Scope("alice", "clerk", "tuesday"), "three")
        later = dataclasses.replace(new_episode("much more"), recorded_at=NOON + SECOND)
        await store.append([Batch(BOB, (later,))])
        await store.add_facts(BOB, [new_fact("He skis.")])
        embedder = await store.vectors.choose("test", 2)
        block = VectorBlock(np.array([1, 2]), np.ones((2, 2), np.float32))
        assert await store.vectors.add("alice", embedder, block, since=0, progress=2)
        id_ = new_id()
        await store.jobs.follow([NewJob(id_, "test", "somewhere", BOB, id_, "{}", NOON)])

        alice, bob = await store.usage.by_user(order="episodes", limit=10)

        assert alice == Usage(
            user_id="alice",
            sessions=2,
            episodes=3,
            facts=0,
            vectors=2,
            unfinished_jobs=0,
            text_bytes=len("onezwölfthree".encode()) + 3 * len("{}"),
            last_recorded_at=NOON,
        )
        assert bob == Usage(
            user_id="bob",
            sessions=1,
            episodes=1,
            facts=1,
            vectors=0,
            unfinished_jobs=1,
            text_bytes=len("much moreHe skis.") + len('{}{"kind":"plan"}'),
            last_recorded_at=NOON + SECOND,
        )

    async def test_most_first(self, store: Store) -> None:
        """Who has the most of what is asked for comes first, and equal ones by their names."""
        for name, episodes, facts in (("a", 1, 0), ("b", 3, 1), ("c", 1, 2), ("d", 0, 2)):
            if episodes:
                await say(store, Scope(name), *(str(number) for number in range(episodes)))
            if facts:
                scope, length = Scope(name), 100 if name == "d" else 1
                await store.add_facts(scope, [new_fact("x" * length) for _ in range(facts)])

        async def ordered(order: str, limit: int = 10) -> str:
            assert order in ("episodes", "facts", "bytes")
            return "".join(
                each.user_id for each in await store.usage.by_user(order=order, limit=limit)
            )

        assert await ordered("episodes") == "bacd"
        assert await ordered("episodes", 2) == "ba"
        assert await ordered("facts") == "cdba"
        assert await ordered("bytes") == "dcba"

    async def test_who_was_erased_is_not_there(self, store: Store) -> None:
        """Nothing tells of a user that was forgotten."""
        await say(store, ALICE, "one")
        await say(store, BOB, "one")
        await erase(store, Filter("alice"), None)
        assert await store.usage.users(after="", limit=10) == ["bob"]
        assert [each.user_id for each in await store.usage.by_user(order="bytes", limit=9)] == [
            "bob"
        ]
