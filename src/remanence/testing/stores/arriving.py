"""A user's memory comes in by several calls, each of which builds on those before."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses

import pytest

from remanence.errors import ConflictError
from remanence.store.archive import (
    ArchivedEnding,
    ArchivedEpisode,
    ArchivedFact,
    ArchivedSource,
    TakenIn,
    sessions_of,
)
from remanence.store.facts import Supersession
from remanence.store.protocol import Batch, Store
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.packing import ELSEWHERE, Packed, pack, unpack
from remanence.testing.stores.records import (
    ALICE,
    NOON,
    SECOND,
    Follower,
    new_episode,
    new_fact,
    new_id,
    page_of,
    say,
)
from remanence.types import Fact, Scope

__all__ = ["Arriving"]


async def told(store: Store) -> tuple[ArchivedEpisode, ArchivedFact, ArchivedFact]:
    """Store a message, what rested on it, and what took the place of that; return them packed."""
    (one,) = await say(store, ALICE, "one")
    old = dataclasses.replace(new_fact("old"), sources=(one.id,))
    await store.add_facts(ALICE, [old])
    new = new_fact("new")
    ending = Supersession(old.id, new.id, "ended", NOON + SECOND)
    await store.add_facts(ALICE, [new], superseded=[ending])
    episode, first, second = (await pack(store)).items
    assert isinstance(episode, ArchivedEpisode)
    assert isinstance(first, ArchivedFact)
    assert isinstance(second, ArchivedFact)
    assert (first.superseded_by, len(first.sources)) == (second.id, 1)
    return episode, first, second


async def come(
    store: Store, *items: ArchivedEpisode | ArchivedFact, endings: tuple[ArchivedEnding, ...] = ()
) -> TakenIn:
    """Take in some of it for Carol."""
    return await unpack(store, Packed(sessions_of(items), items), endings=endings)


async def hers(store: Store) -> dict[str, Fact]:
    """Return Carol's facts by their ids."""
    return {item.id: item for _, item in await page_of(store, ELSEWHERE) if isinstance(item, Fact)}


class Arriving(Handles):
    """A user's memory comes in by several calls."""

    async def test_it_may_come_in_parts(self, store: Store) -> None:
        """What a fact rests on, and what superseded it, may be there already."""
        episode, old, new = await told(store)
        await come(store, episode)
        await come(store, new)
        follower = Follower("carol")
        await follower.follow(store)
        assert await come(store, old) == TakenIn(0, 0, 1, 0, 0, 0)
        assert await follower.follow(store) == await Follower("carol").follow(store)
        there = (await hers(store))[old.id]
        assert (there.sources, there.superseded_by) == ((episode.id,), new.id)
        assert (there.ending, there.valid_until) == ("ended", NOON + SECOND)

    async def test_a_session_goes_on_where_the_part_before_left_it(self, store: Store) -> None:
        """So that in parts it has the positions that it has in one."""
        await say(store, ALICE, "0", "1", "2", "3")
        packed = await pack(store)
        for item in packed.items:
            await unpack(store, Packed(sessions_of([item]), [item]))
        came = await pack(store, "carol")
        places = [item.position for item in came.items if isinstance(item, ArchivedEpisode)]
        assert places == [0, 1, 2, 3]
        assert came.sessions == packed.sessions

    async def test_what_is_named_has_to_be_somewhere(self, store: Store) -> None:
        """Else nothing is kept, and the error names it."""
        episode, old, new = await told(store)
        await come(store, new)
        before = await page_of(store, ELSEWHERE)
        nobody = new_id()
        ending = ArchivedEnding(new.id, NOON, nobody, "ended", None)
        for field, wrong, endings in (
            ("sources", [old], ()),
            ("superseded_by", [episode, dataclasses.replace(old, superseded_by=nobody)], ()),
            ("superseded_by", [episode], (ending,)),
            ("endings", [], (dataclasses.replace(ending, fact=nobody, superseded_by=new.id),)),
            (  # a fact is no source
                "sources",
                [dataclasses.replace(old, sources=(ArchivedSource(new.id, None, drawn=True),))],
                (),
            ),
        ):
            with pytest.raises(ConflictError, match=field):
                await come(store, *wrong, endings=endings)
            assert await page_of(store, ELSEWHERE) == before

    async def test_a_fact_that_is_there_ends_without_being_told_again(self, store: Store) -> None:
        """Once: what has an end keeps it. Indexes hear of it."""
        _, old, new = await told(store)
        old = dataclasses.replace(
            old, sources=(), superseded_at=None, superseded_by=None, ending=None, valid_until=None
        )
        await come(store, old)
        follower = Follower("carol")
        await follower.follow(store)
        ending = ArchivedEnding(old.id, NOON + SECOND, new.id, "ended", NOON)
        assert await come(store, new, endings=(ending,)) == TakenIn(0, 0, 1, 0, 0, 1)
        assert await follower.follow(store) == await Follower("carol").follow(store)
        there = (await hers(store))[old.id]
        assert (there.superseded_at, there.superseded_by) == (NOON + SECOND, new.id)
        assert (there.ending, there.valid_until) == ("ended", NOON)
        later = dataclasses.replace(ending, superseded_at=NOON + 2 * SECOND, ending="corrected")
        assert (await come(store, endings=(later,))).facts_completed == 0
        assert (await hers(store))[old.id] == there
        back = ArchivedEnding(new.id, NOON, old.id, "ended", None)
        with pytest.raises(ConflictError, match="superseded"):
            await come(store, endings=(back,))

    async def test_it_tells_as_what_a_message_is_known(self, store: Store) -> None:
        """So that what comes in later can rest on it."""
        new = new_episode("one", message_id="m1")
        await store.append([Batch(ALICE, (new,))])
        (there,) = (
            await store.append(
                [
                    Batch(
                        Scope("carol", "clerk", "monday"),
                        (dataclasses.replace(new, id=new_id()),),
                    )
                ]
            )
        )[0]
        (item,) = (await pack(store)).items
        assert isinstance(item, ArchivedEpisode)
        assert (await come(store, item)).known_as == {item.id: there.id}
