"""Who sees what: users are apart, filters narrow, nothing is a wildcard."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from remanence.store.protocol import (
    Batch,
    Store,
)
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    BOB,
    EVERYTHING,
    MICROSECOND,
    NOON,
    SECOND,
    START,
    Follower,
    erase,
    is_empty,
    listed,
    new_analysis,
    new_episode,
    new_fact,
    new_id,
    page_of,
    say,
)
from remanence.types import Filter, Scope

__all__ = ["Seeing"]


class Seeing(Handles):
    """Who sees what: users are apart, filters narrow, nothing is a wildcard."""

    async def test_users_do_not_see_one_another(self, store: Store) -> None:
        """Equal ids, sessions and message ids of two users stay two users' own."""
        hers = new_episode("hers", message_id="m1")
        his = dataclasses.replace(hers, content="his", analysis=new_analysis("term_his"))
        fact = new_fact("hers too")
        await store.append([Batch(ALICE, (hers,)), Batch(BOB, (his,))])
        await store.add_facts(ALICE, [fact])
        bob = Filter("bob")
        own = await say(store, Scope("carol"), "one", "two", "three")
        assert await store.find(Filter("carol"), [hers.id, fact.id]) == {}
        assert await store.find(EVERYTHING, [episode.id for episode in own]) == {}
        assert await listed(store, bob) == ["his"]
        found = await store.find(bob, [hers.id, fact.id])
        assert [(number, item.scope) for number, item in found.values()] == [(1, BOB)]
        assert set(await store.at_sequence("bob", [1, 2, 3])) == {1}
        assert await store.episode_ids(Scope("bob", "clerk"), ["m1"]) == []
        assert [e.terms for e in (await Follower("bob").follow(store)).values()] == ["term_his"]
        counts = await store.count(bob)
        assert (counts.users, counts.sessions, counts.episodes, counts.facts) == (1, 1, 1, 0)

    async def test_one_user_can_not_erase_for_another(self, store: Store) -> None:
        """Another user's ids are unknown ids, and erasing a session erases one's own."""
        new = new_episode("hers")
        await store.append([Batch(ALICE, (new,)), Batch(BOB, (dataclasses.replace(new),))])
        fact = new_fact()
        await store.add_facts(ALICE, [fact])
        own = await say(store, Scope("carol"), "one", "two", "three")
        before = await store.head("alice")
        assert (await erase(store, Filter("carol"), [new.id, fact.id])).ids == ()
        assert (await erase(store, Filter("bob"), [fact.id])).ids == ()
        assert (await erase(store, Filter("bob"), [new.id])).episodes == 1
        assert (await erase(store, Filter("bob", session_id="monday"), None)).ids == ()
        assert await is_empty(store, "bob")
        assert await listed(store) == ["hers", "hello"]
        assert await store.head("alice") == before
        assert (await erase(store, EVERYTHING, [episode.id for episode in own])).ids == ()
        assert await listed(store, Filter("carol")) == ["one", "two", "three"]

    @pytest.mark.parametrize("value", ["*", "%", "", "_lice", "al%", "a*", "?????", "[a]lice", "."])
    async def test_no_value_is_a_wildcard(self, store: Store, value: str) -> None:
        """Patterns of SQL, of shells and of regular expressions name only themselves."""
        await say(store, ALICE, "x")
        assert await store.head(value) == START
        assert await store.at_sequence(value, [1]) == {}
        assert await store.stale(value, version=99, limit=9) == []
        assert (await store.changes(value, START, limit=9)).entries == ()
        if value in ("", "*"):
            return  # no scope or filter takes these
        assert await is_empty(store, value)
        for where in (Filter("alice", value), Filter("alice", None, value)):
            assert await page_of(store, where) == []
            assert (await store.count(where)).episodes == 0
            assert (await erase(store, where, None)).ids == ()
        assert await store.episode_ids(ALICE, [value]) == []
        assert (await erase(store, EVERYTHING, [value])).ids == ()
        assert (await erase(store, Filter(value), None)).ids == ()
        await say(store, Scope(value, value, value), "y")
        assert await listed(store, Filter(value, value, value)) == ["y"]
        await erase(store, Filter(value), None)
        assert await listed(store) == ["x"]

    @pytest.mark.parametrize(
        ("one", "other"), [("alice", "Alice"), ("é", "e\u0301"), ("a", "a\u200b"), ("ß", "ss")]
    )
    async def test_ids_are_compared_exactly(self, store: Store, one: str, other: str) -> None:
        """Case, normal form and invisible characters make another user, agent or session."""
        await say(store, Scope(one, one, one), "x")
        assert await is_empty(store, other)
        for where in (Filter(one, other), Filter(one, None, other)):
            assert await page_of(store, where) == []

    async def test_filters_narrow_to_agent_and_session(self, store: Store) -> None:
        """What is absent from a filter is any; what is named is exactly that."""
        scopes = [
            Scope("alice", agent, session) for agent in (None, "a", "b") for session in (None, "s")
        ]
        for scope in scopes:
            await say(store, scope, f"{scope.agent_id} {scope.session_id}")
        for agent, session, seen in (
            (None, None, ["None None", "None s", "a None", "a s", "b None", "b s"]),
            ("a", None, ["a None", "a s"]),
            (None, "s", ["None s", "a s", "b s"]),
            ("b", "s", ["b s"]),
            ("s", "b", []),
        ):
            where = Filter("alice", agent, session)
            assert await listed(store, where) == seen
            assert (await store.count(where)).episodes == len(seen)
            ids = [item.id for _, item in await page_of(store)]
            assert len(await store.find(where, ids)) == len(seen)

    async def test_times_begin_inclusive_and_end_exclusive(self, store: Store) -> None:
        """An item at ``since`` is seen, one at ``until`` is not, in any time zone."""
        east = NOON.astimezone(dt.timezone(dt.timedelta(hours=7)))
        times = [NOON - MICROSECOND, east, NOON + MICROSECOND]
        episodes = tuple(new_episode(str(i), at=at) for i, at in enumerate(times))
        await store.append([Batch(ALICE, episodes)])
        await store.add_facts(ALICE, [new_fact("3", at=east)])
        ids = [item.id for _, item in await page_of(store)]
        for since, until, seen in (
            (NOON, None, ["1", "2", "3"]),
            (None, NOON, ["0"]),
            (NOON, NOON + MICROSECOND, ["1", "3"]),
            (east, east, []),
        ):
            where = Filter("alice", since=since, until=until)
            assert await listed(store, where) == seen
            assert len(await store.find(where, ids)) == len(seen)
            counts = await store.count(where)
            assert counts.episodes + counts.facts == len(seen)
        await erase(store, Filter("alice", since=NOON, until=NOON + MICROSECOND), None)
        assert await listed(store) == ["0", "2"]

    async def test_pages_come_in_the_order_of_recording(self, store: Store) -> None:
        """Pages follow one another without gaps or doubles, whatever the times and sessions."""
        for i in range(7):
            scope = (ALICE, Scope("alice"))[i % 2]
            if i % 3:
                await store.append([Batch(scope, (new_episode(str(i), at=NOON - i * SECOND),))])
            else:
                await store.add_facts(scope, [new_fact(str(i), at=NOON - i * SECOND)])
        seen: list[int] = []
        while part := await store.page(
            EVERYTHING, after=seen[-1] if seen else 0, limit=3, origin=None
        ):
            assert len(part) <= 3
            seen.extend(number for number, _ in part)
        assert seen == [1, 2, 3, 4, 5, 6, 7]
        facts = await store.page(EVERYTHING, after=1, limit=9, origin="fact")
        assert [number for number, _ in facts] == [4, 7]
        episodes = await store.page(EVERYTHING, after=0, limit=2, origin="episode")
        assert [number for number, _ in episodes] == [2, 3]

    async def test_find_and_at_sequence_leave_out_what_is_not_there(self, store: Store) -> None:
        """Unknown ids and numbers, and texts that are no ids, are passed over."""
        (stored,) = await say(store, ALICE, "x")
        wanted = [new_id(), "nonsense", "", stored.id, stored.id]
        assert await store.find(EVERYTHING, wanted) == {stored.id: (1, stored)}
        assert await store.find(EVERYTHING, []) == {}
        assert await store.at_sequence("alice", [0, 1, 1, 2, -1]) == {1: stored}
        assert await store.at_sequence("alice", []) == {}
        assert await store.episode_ids(ALICE, []) == []

    async def test_counts(self, store: Store) -> None:
        """Users, sessions with episodes, these, facts, and the earliest and latest time."""
        empty = await store.count(None)
        assert (empty.users, empty.episodes, empty.first_at, empty.last_at) == (0, 0, None, None)
        late = NOON + SECOND
        await store.append(
            [Batch(ALICE, (new_episode(), new_episode(at=late))), Batch(BOB, (new_episode(),))]
        )
        await store.add_facts(Scope("alice"), [new_fact(at=NOON - SECOND)])
        for where, *expected in (
            (None, 2, 2, 3, 1, NOON - SECOND, late),
            (EVERYTHING, 1, 1, 2, 1, NOON - SECOND, late),
            (Filter("alice", "clerk"), 1, 1, 2, 0, NOON, late),
            (Filter("bob", "clerk", "monday"), 1, 1, 1, 0, NOON, NOON),
            (Filter("carol"), 0, 0, 0, 0, None, None),
        ):
            counts = await store.count(where)
            assert counts.store_bytes > 0
            assert list(dataclasses.astuple(counts))[:-1] == expected
