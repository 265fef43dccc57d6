"""Messages and facts go in: in order, once, all or none."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import asyncio

import pytest

from remanence.errors import ConflictError
from remanence.store.protocol import (
    Batch,
    NewEpisode,
    Store,
)
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    BOB,
    EVERYTHING,
    NOON,
    SECOND,
    is_empty,
    listed,
    new_episode,
    new_fact,
    page_of,
    say,
)
from remanence.types import Episode, Fact, Filter, Scope

__all__ = ["Appending"]


class Appending(Handles):
    """Messages go in: in order, once, all or none."""

    async def test_appended_episodes_come_back_as_given(self, store: Store) -> None:
        """What append returns, and what is found later, is what was handed in."""
        new = new_episode(
            "Hi", role="assistant", name="Eva", message_id="m1", metadata={"a": [1, None]}
        )
        ((stored,),) = await store.append([Batch(ALICE, (new,))])
        assert stored == Episode(
            new.id, ALICE, 0, "assistant", "Hi", "Eva", NOON, NOON, "m1", {"a": [1, None]}
        )
        assert await page_of(store) == [(1, stored)]

    async def test_positions_count_from_zero_in_each_session(self, store: Store) -> None:
        """Sessions of other names, of other agents and without a name count by themselves."""
        scopes = [
            Scope("alice"),
            Scope("alice", "clerk"),
            Scope("alice", None, "monday"),
            Scope("alice", "clerk", "monday"),
            Scope("alice", "monday", "clerk"),
        ]
        for _ in range(2):
            await store.append([Batch(scope, (new_episode(), new_episode())) for scope in scopes])
        items = [item for _, item in await page_of(store)]
        assert len(items) == 20
        for scope in scopes:
            own = [item for item in items if item.scope == scope]
            assert [item.position for item in own if isinstance(item, Episode)] == [0, 1, 2, 3]

    async def test_numbers_of_a_user_are_consecutive(self, store: Store) -> None:
        """Each stored item takes the user's next number, whatever its session or kind."""
        await store.append(
            [Batch(ALICE, (new_episode(), new_episode())), Batch(BOB, (new_episode(),))]
        )
        await store.add_facts(ALICE, [new_fact()])
        await say(store, Scope("alice"), "x")
        assert [number for number, _ in await page_of(store)] == [1, 2, 3, 4]
        assert [number for number, _ in await page_of(store, Filter("bob"))] == [1]
        assert (await store.head("alice")).seq == 4

    async def test_a_message_id_is_stored_once(self, store: Store) -> None:
        """A repeated message returns the episode that is there, in any mix with new ones."""
        first = new_episode("one", message_id="m1")
        ((stored,),) = await store.append([Batch(ALICE, (first,))])
        again = new_episode("one", message_id="m1", name="Eva", at=NOON + SECOND)
        new, twin = new_episode("two", message_id="m2"), new_episode("two", message_id="m2")
        ((same, second, third),) = await store.append([Batch(ALICE, (again, new, twin))])
        assert same == stored
        assert (second.id, second.position) == (new.id, 1)
        assert third == second
        assert await listed(store) == ["one", "two"]

    async def test_message_ids_belong_to_their_session(self, store: Store) -> None:
        """The same message id in another session, or another agent's, is another message."""
        scopes = [ALICE, Scope("alice", "clerk"), Scope("alice", None, "monday"), BOB]
        await store.append(
            [Batch(scope, (new_episode(f"in {scope}", message_id="m1"),)) for scope in scopes]
        )
        for scope in scopes:
            (found,) = await store.episode_ids(scope, ["m1", "m2"])
            _, item = (await store.find(Filter(scope.user_id), [found]))[found]
            assert isinstance(item, Episode)
            assert (item.scope, item.content) == (scope, f"in {scope}")

    async def test_the_parts_of_a_message_are_found_with_it(self, store: Store) -> None:
        """A part's id is its message's, ``#``, and anything; other beginnings are other ids."""
        ids = ["m1", "m1#1", "m1#2#b", "m1#é", 'm1"', "m1$", "m10", "m1\U0010ffff", "M1#1", "#1"]
        await store.append([Batch(ALICE, tuple(new_episode(x, message_id=x) for x in ids))])
        elsewhere = Scope("alice", "clerk", "tuesday")
        await store.append([Batch(elsewhere, (new_episode("there", message_id="m1#3"),))])
        for wanted, found in (
            (["m1"], ids[:4]),
            (["m1#2"], ["m1#2#b"]),
            (["m1", "m1#1", "m10"], [*ids[:4], "m10"]),
            (["m", "m1#", "1", ""], []),
        ):
            known = await store.find(EVERYTHING, await store.episode_ids(ALICE, wanted))
            items = sorted(known.values(), key=lambda each: each[0])
            assert [item.message_id for _, item in items if isinstance(item, Episode)] == found

    @pytest.mark.parametrize(
        "other",
        [
            new_episode("two", message_id="m1"),
            new_episode("one", message_id="m1", role="assistant"),
        ],
    )
    async def test_a_conflict_leaves_nothing(self, store: Store, other: NewEpisode) -> None:
        """A taken message id refuses the whole call, batches before and after it included."""
        await store.append([Batch(ALICE, (new_episode("one", message_id="m1"),))])
        before = await store.head("alice")
        fresh = Scope("alice", "clerk", "tuesday")
        with pytest.raises(ConflictError):
            await store.append(
                [
                    Batch(BOB, (new_episode(),)),
                    Batch(fresh, (new_episode(message_id="m2"),)),
                    Batch(ALICE, (new_episode("new"), other)),
                    Batch(Scope("carol"), (new_episode(),)),
                ]
            )
        assert await store.head("alice") == before
        assert await listed(store) == ["one"]
        assert await store.episode_ids(fresh, ["m2"]) == []
        assert await is_empty(store, "bob")
        assert await is_empty(store, "carol")
        (after,) = await say(store, ALICE, "after")
        assert after.position == 1

    async def test_a_conflict_within_one_call_leaves_nothing(self, store: Store) -> None:
        """Two messages of one call with the same id and other contents are both refused."""
        twins = (new_episode("one", message_id="m1"), new_episode("two", message_id="m1"))
        with pytest.raises(ConflictError):
            await store.append([Batch(ALICE, twins)])
        assert await is_empty(store)

    async def test_a_refused_write_does_not_take_others_along(self, store: Store) -> None:
        """Of writes that come at the same time, only the one in conflict fails."""
        await store.append([Batch(ALICE, (new_episode("one", message_id="m1"),))])
        refused = (new_episode("not kept"), new_episode("two", message_id="m1"))
        writes = [say(store, ALICE, str(number)) for number in range(20)]
        *told, conflict = await asyncio.gather(
            *writes, store.append([Batch(ALICE, refused)]), return_exceptions=True
        )
        assert isinstance(conflict, ConflictError)
        assert not any(isinstance(outcome, BaseException) for outcome in told)
        assert sorted(await listed(store)) == sorted(["one", *map(str, range(20))])

    async def test_writers_at_the_same_time_share_a_session(
        self, store: Store, second: Store
    ) -> None:
        """Positions and numbers have neither gaps nor doubles when two stores write at once."""
        await asyncio.gather(
            *(say((store, second)[i % 2], ALICE, f"{i} a", f"{i} b") for i in range(30))
        )
        items = await page_of(second)
        assert [number for number, _ in items] == list(range(1, 61))
        episodes = [item for _, item in items if isinstance(item, Episode)]
        assert [episode.position for episode in episodes] == list(range(60))
        for left, right in zip(episodes[::2], episodes[1::2], strict=True):
            assert left.content.split()[0] == right.content.split()[0]

    async def test_nothing_to_append_leaves_no_trace(self, store: Store) -> None:
        """Neither users nor sessions come into being without messages."""
        assert await store.append([]) == []
        assert await store.append([Batch(ALICE, ())]) == [[]]
        assert await store.add_facts(ALICE, []) == []
        assert await is_empty(store)

    async def test_facts_are_kept_beside_episodes(self, store: Store) -> None:
        """A fact comes back as given, takes a number, and no place in a session."""
        await say(store, ALICE, "one")
        new = new_fact("Nora likes tea")
        (stored,) = await store.add_facts(ALICE, [new])
        (after,) = await say(store, ALICE, "two")
        assert stored == Fact(new.id, ALICE, new.text, NOON, NOON, {"kind": "plan"})
        assert after.position == 1
        assert [item for _, item in await page_of(store)][1] == stored
        assert await store.find(EVERYTHING, [new.id]) == {new.id: (2, stored)}
