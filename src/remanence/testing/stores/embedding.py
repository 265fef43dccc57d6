"""Vectors follow what is stored, belong to one embedder, and go with what they are of."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from remanence.store.protocol import Store
from remanence.store.vectors import EmbeddingProgress, VectorBlock
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    BOB,
    EVERYTHING,
    Follower,
    erase,
    new_fact,
    say,
)
from remanence.types import Filter

__all__ = ["Embedding"]

_SIZE = 4


def vector_of(number: int, size: int = _SIZE) -> npt.NDArray[np.float32]:
    """Return what an embedder might make of the item of this number."""
    return np.array([number, *range(1, size)], np.float32)


async def embed(store: Store, user_id: str, embedder: int, *, limit: int = 100) -> list[str]:
    """Embed a user's next items; return their texts."""
    todo = await store.vectors.unembedded(user_id, embedder, limit=limit)
    if todo.numbers:
        data = np.array([vector_of(number) for number in todo.numbers])
        block = VectorBlock(np.array(todo.numbers, np.int64), data)
        assert await store.vectors.add(
            user_id, embedder, block, since=todo.progress, progress=todo.numbers[-1]
        )
    return list(todo.texts)


async def loaded(
    store: Store, user_id: str, embedder: int, *, after: int = 0, limit: int = 100
) -> dict[int, list[float]]:
    """Return a user's vectors by number, loaded a portion at a time."""
    found: dict[int, list[float]] = {}
    while True:
        vectors = await store.vectors.load(user_id, embedder, after=after, limit=limit)
        for block in vectors.blocks:
            numbers: Sequence[int] = block.numbers.tolist()
            found |= dict(zip(numbers, block.data.tolist(), strict=True))
        if vectors.complete:
            return found
        after = vectors.progress


def expected(*numbers: int) -> dict[int, list[float]]:
    """Return what :func:`loaded` gives when these items have vectors."""
    return {number: vector_of(number).tolist() for number in numbers}


class Embedding(Handles):
    """Vectors follow what is stored, belong to one embedder, and go with what they are of."""

    async def test_items_are_embedded_in_order(self, store: Store, second: Store) -> None:
        """Episodes and facts, a portion at a time; what comes later comes after them."""
        embedder = await store.vectors.choose("one", _SIZE)
        await say(store, ALICE, "one", "two")
        await store.add_facts(ALICE, [new_fact("three")])
        assert await embed(store, "alice", embedder, limit=2) == ["one", "two"]
        assert await embed(second, "alice", embedder) == ["three"]
        assert await embed(store, "alice", embedder) == []
        await say(store, ALICE, "four")
        assert await embed(store, "alice", embedder) == ["four"]
        assert await loaded(second, "alice", embedder) == expected(1, 2, 3, 4)

    async def test_vectors_are_given_back_exactly(self, store: Store) -> None:
        """To the last bit, as far as they have half precision."""
        embedder = await store.vectors.choose("one", 3)
        await say(store, ALICE, "one")
        data = np.array([[1 / 3, -6e-8, 65504]], np.float16).astype(np.float32)
        block = VectorBlock(np.array([1], np.int64), data)
        assert await store.vectors.add("alice", embedder, block, since=0, progress=1)
        (found,) = (await store.vectors.load("alice", embedder, after=0, limit=9)).blocks
        assert found.data.tobytes() == data.tobytes()

    async def test_the_head_tells_of_progress(self, store: Store, second: Store) -> None:
        """So that an index sees at once that there is something to load."""
        embedder = await store.vectors.choose("one", _SIZE)
        await say(store, ALICE, "one", "two")
        assert (await second.head("alice", embedder=embedder)).embedded == 0
        await embed(store, "alice", embedder)
        head = await second.head("alice", embedder=embedder)
        assert (head.seq, head.embedded) == (2, 2)
        assert (await second.head("alice")).embedded == 0
        assert (await second.head("bob", embedder=embedder)).embedded == 0

    async def test_many_small_portions(self, store: Store) -> None:
        """However they are packed, all of them are found, from any number on."""
        embedder = await store.vectors.choose("one", _SIZE)
        for number in range(1, 41):
            await say(store, ALICE, str(number))
            await embed(store, "alice", embedder)
        assert await loaded(store, "alice", embedder) == expected(*range(1, 41))
        for limit in (1, 2, 100):
            found = await loaded(store, "alice", embedder, after=17, limit=limit)
            assert expected(*range(18, 41)).items() <= found.items()

    async def test_what_was_embedded_meanwhile_is_not_stored_again(
        self, store: Store, second: Store
    ) -> None:
        """Of two that embed the same items, the later one finds that it was not needed."""
        embedder = await store.vectors.choose("one", _SIZE)
        await say(store, ALICE, "one", "two")
        await embed(second, "alice", embedder)
        late = VectorBlock(np.array([1], np.int64), np.zeros((1, _SIZE), np.float32))
        assert not await store.vectors.add("alice", embedder, late, since=0, progress=1)
        assert await loaded(store, "alice", embedder) == expected(1, 2)

    async def test_items_without_vectors_are_passed_over(self, store: Store) -> None:
        """What could not be embedded is not asked for again."""
        embedder = await store.vectors.choose("one", _SIZE)
        await say(store, ALICE, "one", "two")
        block = VectorBlock(np.array([2], np.int64), vector_of(2)[np.newaxis])
        assert await store.vectors.add("alice", embedder, block, since=0, progress=2)
        assert await embed(store, "alice", embedder) == []
        assert await loaded(store, "alice", embedder) == expected(2)
        none = VectorBlock(np.zeros(0, np.int64), np.zeros((0, _SIZE), np.float32))
        await say(store, ALICE, "three")
        assert await store.vectors.add("alice", embedder, none, since=2, progress=3)
        assert await store.vectors.count(embedder) == EmbeddingProgress(1, 0)

    async def test_another_embedder_begins_anew(self, store: Store, second: Store) -> None:
        """Its vectors stand apart; what the other made stays until it has come as far."""
        first = await store.vectors.choose("one", _SIZE)
        await say(store, ALICE, "one", "two")
        await say(store, BOB, "his")
        await embed(store, "alice", first)
        other = await second.vectors.choose("two", _SIZE)
        assert other != first
        assert await loaded(second, "alice", other) == {}
        assert await loaded(second, "alice", first) == expected(1, 2)
        assert await second.vectors.behind(other, after="", limit=9) == ["alice", "bob"]
        assert await embed(second, "alice", other, limit=1) == ["one"]
        assert await loaded(second, "alice", other) == expected(1)
        await embed(second, "alice", other)
        await second.vectors.drop_others("alice", other)
        assert await loaded(second, "alice", first) == {}
        assert await loaded(second, "alice", other) == expected(1, 2)
        assert await second.vectors.count(other) == EmbeddingProgress(2, 1)

    async def test_an_outdated_embedder_adds_nothing(self, store: Store, second: Store) -> None:
        """Until it is chosen again."""
        first = await store.vectors.choose("one", _SIZE)
        await say(store, ALICE, "one")
        await second.vectors.choose("two", _SIZE)
        todo = await store.vectors.unembedded("alice", first, limit=9)
        assert (todo.outdated, todo.texts) == (True, ())
        block = VectorBlock(np.array([1], np.int64), vector_of(1)[np.newaxis])
        assert not await store.vectors.add("alice", first, block, since=0, progress=1)
        assert await store.vectors.choose("one", _SIZE) == first
        assert await embed(store, "alice", first) == ["one"]

    async def test_choosing_again_changes_nothing(self, store: Store, second: Store) -> None:
        """The same identity and dimension are the same embedder."""
        embedder = await store.vectors.choose("one", _SIZE)
        await say(store, ALICE, "one")
        await embed(store, "alice", embedder)
        assert await second.vectors.choose("one", _SIZE) == embedder
        assert await loaded(second, "alice", embedder) == expected(1)
        assert not (await store.vectors.unembedded("alice", embedder, limit=9)).outdated

    async def test_another_dimension_is_another_embedder(self, store: Store) -> None:
        """Vectors of two lengths are never told together."""
        first = await store.vectors.choose("one", _SIZE)
        await say(store, ALICE, "one")
        await embed(store, "alice", first)
        other = await store.vectors.choose("one", 2)
        assert other != first
        assert await loaded(store, "alice", other) == {}
        assert (await store.vectors.unembedded("alice", first, limit=9)).outdated

    async def test_users_who_are_behind(self, store: Store) -> None:
        """Those with something new, in portions; not those who have all."""
        embedder = await store.vectors.choose("one", _SIZE)
        for user_id in ("carol", "alice", "bob", "dave"):
            await say(store, type(ALICE)(user_id), "hello")
        await embed(store, "bob", embedder)
        assert await store.vectors.behind(embedder, after="", limit=2) == ["alice", "carol"]
        assert await store.vectors.behind(embedder, after="carol", limit=2) == ["dave"]
        assert await store.vectors.behind(embedder, after="dave", limit=2) == []
        assert await store.vectors.count(embedder) == EmbeddingProgress(1, 3)

    async def test_vectors_go_with_what_they_are_of(self, store: Store) -> None:
        """Those packed with them stay, and so do others' users."""
        embedder = await store.vectors.choose("one", _SIZE)
        episodes = await say(store, ALICE, *map(str, range(6)))
        await say(store, BOB, "his")
        await embed(store, "alice", embedder)
        await embed(store, "bob", embedder)
        await erase(store, EVERYTHING, [episodes[1].id, episodes[5].id])
        assert await loaded(store, "alice", embedder) == expected(1, 3, 4, 5)
        assert await store.vectors.count(embedder) == EmbeddingProgress(5, 0)
        await say(store, ALICE, "new")
        assert await embed(store, "alice", embedder) == ["new"]
        await erase(store, EVERYTHING, None)
        assert await loaded(store, "alice", embedder) == {}
        assert await loaded(store, "bob", embedder) == expected(1)
        assert await store.vectors.count(embedder) == EmbeddingProgress(1, 0)

    async def test_what_went_meanwhile_gets_no_vector(self, store: Store, second: Store) -> None:
        """An item, or its user, erased between its reading and its vector."""
        embedder = await store.vectors.choose("one", _SIZE)
        episodes = await say(store, ALICE, "one", "two")
        todo = await store.vectors.unembedded("alice", embedder, limit=9)
        block = VectorBlock(
            np.array(todo.numbers, np.int64), np.array([vector_of(1), vector_of(2)])
        )
        await erase(second, EVERYTHING, [episodes[0].id])
        assert await store.vectors.add("alice", embedder, block, since=0, progress=2)
        assert await loaded(store, "alice", embedder) == expected(2)
        await erase(second, Filter("alice"), None)
        assert not await store.vectors.add("alice", embedder, block, since=2, progress=3)
        assert await loaded(store, "alice", embedder) == {}

    async def test_a_user_who_comes_back_is_embedded_anew(self, store: Store) -> None:
        """Nothing of the earlier life is left, and everything new gets its vector."""
        embedder = await store.vectors.choose("one", _SIZE)
        await say(store, ALICE, "one", "two")
        await embed(store, "alice", embedder)
        await erase(store, EVERYTHING, None)
        await say(store, ALICE, "back")
        assert await embed(store, "alice", embedder) == ["back"]
        (number,) = await Follower().follow(store)
        assert await loaded(store, "alice", embedder) == expected(number)
