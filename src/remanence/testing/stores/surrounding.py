"""What was said around an episode: the turns next to it in its session, and nobody else's."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses

import pytest

from remanence.store.protocol import Batch, Store
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    BOB,
    EVERYTHING,
    NOON,
    SECOND,
    erase,
    new_episode,
    new_fact,
    new_id,
    say,
)
from remanence.types import Episode, Filter, Scope

__all__ = ["Surrounding"]


def _contents(around: dict[str, tuple[Episode, ...]]) -> list[list[str]]:
    return [[episode.content for episode in told] for told in around.values()]


class Surrounding(Handles):
    """What was said around an episode: the turns next to it in its session, and nobody else's."""

    @pytest.mark.parametrize(
        ("before", "after", "seen"),
        [(1, 1, "bcd"), (0, 0, "c"), (2, 0, "abc"), (0, 1, "cd"), (9, 9, "abcde")],
    )
    async def test_places_before_and_after(
        self, store: Store, before: int, after: int, seen: str
    ) -> None:
        """The episode itself stands among them, all in order, whole as everywhere else."""
        told = await say(store, ALICE, *"abcde")
        around = await store.around(EVERYTHING, [told[2].id], before=before, after=after)
        assert around == {told[2].id: tuple(each for each in told if each.content in seen)}

    async def test_several_episodes_each_have_their_own(self, store: Store) -> None:
        """Also where they share a turn, stand at an end, or are asked for twice."""
        told = await say(store, ALICE, *"abc")
        ids = [told[0].id, told[1].id, told[0].id]
        around = await store.around(EVERYTHING, ids, before=1, after=1)
        assert around == {told[0].id: tuple(told[:2]), told[1].id: tuple(told)}

    async def test_sessions_that_are_mixed_stay_apart(self, store: Store) -> None:
        """What another session, agent or user said in between is not around it."""
        tuesday = Scope("alice", "clerk", "tuesday")
        scopes = (ALICE, tuesday, Scope("alice", "cook", "monday"), Scope("alice"), BOB)
        said: dict[Scope, list[Episode]] = {scope: [] for scope in scopes}
        for part in "abc":
            for number, scope in enumerate(scopes):
                said[scope] += await say(store, scope, f"{part}{number}")
        for scope, told in said.items():
            where = Filter(scope.user_id)
            around = await store.around(where, [told[1].id], before=9, after=9)
            assert around == {told[1].id: tuple(told)}

    async def test_what_is_not_seen_is_not_told(self, store: Store) -> None:
        """Neither to other users and sessions, nor outside of the time that is asked for."""
        times = [NOON - SECOND, NOON, NOON + SECOND]
        episodes = tuple(new_episode(str(i), at=at) for i, at in enumerate(times))
        ((first, middle, last),) = await store.append([Batch(ALICE, episodes)])
        for where, seen in (
            (EVERYTHING, ["0", "1", "2"]),
            (Filter("alice", "clerk", "monday"), ["0", "1", "2"]),
            (Filter("alice", since=NOON), ["1", "2"]),
            (Filter("alice", until=NOON + SECOND), ["0", "1"]),
        ):
            around = await store.around(where, [middle.id], before=9, after=9)
            assert _contents(around) == [seen]
        for where in (
            Filter("bob"),
            Filter("alice", "cook"),
            Filter("alice", None, "tuesday"),
            Filter("alice", since=NOON + SECOND),
        ):
            assert await store.around(where, [middle.id, first.id], before=9, after=9) == {}
        assert set(await store.around(Filter("alice", since=NOON), [last.id], before=1, after=1))

    async def test_what_was_erased_leaves_its_place_empty(self, store: Store) -> None:
        """What stood behind it does not come nearer, and it is not found any more itself."""
        told = await say(store, ALICE, *"abcd")
        await erase(store, EVERYTHING, [told[1].id])
        asked = [each.id for each in told[1:3]]
        around = await store.around(EVERYTHING, asked, before=1, after=1)
        assert around == {told[2].id: tuple(told[2:])}

    async def test_what_is_no_episode_has_nothing_around_it(self, store: Store) -> None:
        """Facts, unknown ids and texts that are no ids are left out, and facts are no turns."""
        (first,) = await say(store, ALICE, "a")
        (fact,) = await store.add_facts(ALICE, [new_fact("b")])
        (last,) = await say(store, ALICE, "c")
        ids = [fact.id, new_id(), "nonsense", "", first.id]
        around = await store.around(EVERYTHING, ids, before=3, after=3)
        assert around == {first.id: (first, last)}
        assert await store.around(EVERYTHING, [], before=3, after=3) == {}

    async def test_equal_ids_of_two_users_are_each_ones_own(self, store: Store) -> None:
        """An id says nothing about whose it is."""
        hers = new_episode("hers")
        his = dataclasses.replace(hers, content="his")
        await store.append([Batch(ALICE, (hers,)), Batch(BOB, (his,))])
        around = await store.around(Filter("bob"), [hers.id], before=1, after=1)
        assert _contents(around) == [["his"]]
