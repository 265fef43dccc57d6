"""All of a user's memory leaves a store, and comes in again."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Sequence

import pytest

from remanence.errors import ConflictError
from remanence.store.archive import (
    ArchivedEpisode,
    ArchivedFact,
    ArchivedItem,
    ArchivedSession,
    Contents,
    TakenIn,
)
from remanence.store.erasing import NewErasure
from remanence.store.extraction import Reading
from remanence.store.facts import Confirmation, FactChanges, NewFact, Supersession
from remanence.store.jobs import NewJob
from remanence.store.protocol import Batch, Store
from remanence.testing.stores.arriving import Arriving
from remanence.testing.stores.packing import ELSEWHERE, Packed, pack, unpack
from remanence.testing.stores.records import (
    ALICE,
    EVERYTHING,
    MICROSECOND,
    NOON,
    SECOND,
    Follower,
    erase,
    listed,
    new_analysis,
    new_episode,
    new_fact,
    new_id,
    page_of,
    say,
)
from remanence.types import Episode, Fact, Scope

__all__ = ["Archiving"]


def alike(packed: Packed) -> tuple[Sequence[ArchivedSession], list[ArchivedItem]]:
    """Return what has to be the same wherever it is: all but the numbers, in their order."""
    return packed.sessions, [dataclasses.replace(item, number=0) for item in packed.items]


async def live(store: Store) -> None:
    """Store a bit of everything: what was confirmed, ended, corrected, read and erased."""
    berlin = NOON.astimezone(tz=None)
    first, second, third = (
        new_episode("one", name="Alice", at=berlin, message_id="m1", metadata={"a": [1, None]}),
        new_episode("two", role="assistant", at=NOON + SECOND),
        new_episode("three", role="tool", at=NOON - SECOND, message_id="m3"),
    )
    one, two, three = (await store.append([Batch(ALICE, (first, second, third))], extract=True))[0]
    (elsewhere,) = await say(store, Scope("alice"), "elsewhere")
    home, job = (
        NewFact(
            id=new_id(),
            text=text,
            at=NOON,
            recorded_at=NOON + number * SECOND,
            metadata='{"kind":"plan"}',
            analysis=new_analysis(text),
            sources=(one.id, two.id),
            kind="profile",
            attribute=f"alice: {text}",
            stated_by="user",
            confidence=0.75,
            valid_from=NOON + SECOND,
            valid_until=None if number else NOON + 60 * SECOND,
        )
        for number, text in enumerate(("home", "job"))
    )
    reading = Reading(ALICE, (one.id, two.id), FactChanges(added=(home, job)), 0, (three.id,))
    assert await store.extraction.keep_reading(reading) == "kept"
    later = [new_fact("another home"), new_fact("another job"), gone := new_fact("gone")]
    endings = [
        Supersession(home.id, later[0].id, "ended", NOON + 30 * SECOND),
        Supersession(job.id, later[1].id, "corrected"),
    ]
    await store.add_facts(Scope("alice", "clerk"), later, superseded=endings)
    (four,) = await say(store, ALICE, "four")
    confirmed = FactChanges(confirmed=(Confirmation(later[0].id, (elsewhere.id, four.id)),))
    upto = await store.extraction.last_fact("alice")
    waiting = (await store.append([Batch(ALICE, (new_episode("five"),))], extract=True))[0]
    reading = Reading(ALICE, (waiting[0].id,), confirmed, upto)
    assert await store.extraction.keep_reading(reading) == "kept"
    (last,) = (await store.append([Batch(ALICE, (new_episode("last"),))], extract=True))[0]
    (brief,) = await say(store, Scope("alice", None, "brief"), "six")
    await erase(store, EVERYTHING, [gone.id, waiting[0].id, brief.id, last.id])
    await store.append([Batch(ALICE, (new_episode("waits"),))], extract=True)


def of(user_id: str, item: Episode | Fact) -> Episode | Fact:
    """Return an item as if it were somebody else's."""
    scope = Scope(user_id, item.scope.agent_id, item.scope.session_id)
    return dataclasses.replace(item, scope=scope)


class Archiving(Arriving):
    """All of a user's memory leaves a store, and comes in again."""

    async def test_what_left_comes_in_as_it_was(self, store: Store, second: Store) -> None:
        """Every field, in order, and what indexes are told; for another user here."""
        await live(store)
        packed = await pack(store)
        taken = await unpack(second, packed, extract=True)
        began = [(each.agent_id, each.session_id) for each in packed.sessions]
        assert began == [("clerk", "monday"), (None, None), ("clerk", None)]
        facts = [item for item in packed.items if isinstance(item, ArchivedFact)]
        assert (taken.sessions, taken.episodes, taken.facts) == (3, 6, 4)
        assert {fact.ending for fact in facts} == {"ended", "corrected", None}
        assert {source.drawn for fact in facts for source in fact.sources} == {True, False}
        assert (taken.episodes_there, taken.facts_there, taken.facts_completed) == (0, 0, 0)
        came = await pack(store, "carol")
        states = [i.extraction for i in packed.items if isinstance(i, ArchivedEpisode)]
        assert states == ["done", "done", "passed over", "unasked", "unasked", "waiting"]
        again = [i.extraction for i in came.items if isinstance(i, ArchivedEpisode)]
        assert again == ["done", "done", "waiting", "unasked", "unasked", "waiting"]
        assert alike(_unread(came)) == alike(_unread(packed))
        there = [item for _, item in await page_of(store)]
        assert [item for _, item in await page_of(store, ELSEWHERE)] == [
            of("carol", item) for item in there
        ]
        hers = dict(enumerate((await Follower().follow(store)).values()))
        told = await Follower("carol").follow(store)
        for i, entry in enumerate(told.values()):
            assert (entry.at, entry.role, entry.recorded_at, entry.speaker) == (
                hers[i].at,
                hers[i].role,
                hers[i].recorded_at,
                hers[i].speaker,
            )
            assert entry.times == hers[i].times
            assert len(entry.sources) == len(hers[i].sources)

    async def test_a_session_goes_on_after_what_was_erased(self, store: Store) -> None:
        """Positions that were given once are not given again, there either."""
        *_, last = await say(store, ALICE, "0", "1", "2")
        await erase(store, EVERYTHING, [last.id])
        await unpack(store, await pack(store))
        (new,) = await say(store, Scope("carol", "clerk", "monday"), "3")
        assert new.position == 3

    async def test_nobody_has_nothing(self, store: Store) -> None:
        """An unknown user's contents are empty, and taking them in makes no user."""
        await say(store, ALICE, "one")
        packed = await pack(store, "nobody")
        assert packed == Packed([], [])
        assert await unpack(store, packed) == TakenIn(0, 0, 0, 0, 0, 0)
        assert (await store.count(None)).users == 1

    async def test_it_is_as_of_one_moment(self, store: Store, second: Store) -> None:
        """What is written while it is read is not in it, and nobody has to wait."""
        one, _ = await say(store, ALICE, "one", "two")
        loop = asyncio.get_running_loop()

        async def write() -> None:
            (number,) = await second.erasures.ask([NewErasure(EVERYTHING, (one.id,), NOON)])
            await second.erasures.remove(number, at=NOON)
            await say(second, ALICE, "three")

        def take(contents: Contents) -> list[str]:
            assert len(list(contents.sessions())) == 1
            asyncio.run_coroutine_threadsafe(write(), loop).result(60)
            return [episode.content for episode in contents.episodes()]

        assert await store.archive.read_out("alice", take) == ["one", "two"]
        assert await listed(store) == ["two", "three"]

    async def test_twice_changes_nothing(self, store: Store) -> None:
        """What is there is recognised, and jobs are put in only for what is new."""
        await live(store)
        packed = await pack(store)
        id_ = new_id()
        job = NewJob(id_, "embed", "somewhere", Scope("carol"), id_, "{}", NOON)
        await unpack(store, packed, then=[job])
        assert len(await store.jobs.jobs(destination="somewhere")) == 1
        await store.jobs.drop([id_], now=NOON)
        there, head = await page_of(store, ELSEWHERE), await store.head("carol")
        assert await unpack(store, packed, then=[job]) == TakenIn(0, 0, 0, 6, 4, 0)
        assert await store.jobs.jobs(destination="somewhere") == []
        assert await page_of(store, ELSEWHERE) == there
        assert await store.head("carol") == head
        assert (await unpack(store, packed, "alice")).episodes_there == 6

    async def test_it_comes_after_what_is_there(self, store: Store) -> None:
        """In numbers, and within a session in positions, with the gaps that there were."""
        one, two, three = await say(store, ALICE, "one", "two", "three")
        await erase(store, EVERYTHING, [two.id])
        packed = await pack(store)
        carols = Scope("carol", "clerk", "monday")
        await say(store, carols, "hers", "hers, too")
        taken = await unpack(store, packed)
        assert (taken.sessions, taken.episodes) == (0, 2)
        listing = [item for _, item in await page_of(store, ELSEWHERE)]
        assert [item.id for item in listing[2:]] == [one.id, three.id]
        positions = [item.position for item in listing if isinstance(item, Episode)]
        assert positions == [0, 1, 2, 4]
        (last,) = await say(store, carols, "last")
        assert last.position == 5

    async def test_a_message_that_is_there_is_not_stored_again(self, store: Store) -> None:
        """It is known by its message id; facts rest on the episode that is there."""
        new = new_episode("one", message_id="m1")
        (one,) = (await store.append([Batch(ALICE, (new,))]))[0]
        await store.add_facts(ALICE, [dataclasses.replace(new_fact(), sources=(one.id,))])
        packed = await pack(store)
        again = dataclasses.replace(new, id=new_id())
        (there,) = (await store.append([Batch(Scope("carol", "clerk", "monday"), (again,))]))[0]
        taken = await unpack(store, packed)
        assert taken == TakenIn(0, 0, 1, 1, 0, 0, {one.id: there.id})
        episode, fact = (item for _, item in await page_of(store, ELSEWHERE))
        assert episode == there
        assert isinstance(fact, Fact)
        assert fact.sources == (there.id,)

    @pytest.mark.parametrize(
        "other",
        [
            {"content": "other"},
            {"role": "assistant"},
            {"at": NOON + MICROSECOND},
            {"metadata": '{"a":1}'},
            {"message_id": "m2"},
            {"id": new_id()},  # the same message id, and below other content
        ],
    )
    async def test_an_id_that_is_taken_is_a_conflict(
        self, store: Store, other: dict[str, object]
    ) -> None:
        """Nothing of it is stored then, and the error names what it is about."""
        await store.append([Batch(ALICE, (new_episode("one", message_id="m1"),))])
        packed = await pack(store)
        await say(store, ALICE, "two")
        more = dataclasses.replace(
            (await pack(store)).items[-1],
            id=new_id(),
            number=1,
            agent_id=None,
            session_id=None,
            position=0,
        )
        changed = packed.changed(**other, number=2)
        if "id" in other:
            changed = changed.changed(content="other")
        sessions = [*packed.sessions, ArchivedSession(None, None, 1)]
        before = await page_of(store)
        named = "m1" if "id" in other else changed.items[0].id
        with pytest.raises(ConflictError, match=named):
            await unpack(store, Packed(sessions, [more, *changed.items]), "alice")
        assert await page_of(store) == before
        assert (await store.count(EVERYTHING)).sessions == 1

    async def test_another_fact_under_an_id_is_a_conflict(self, store: Store) -> None:
        """As is an episode under that of a fact, and the other way round."""
        (fact,) = await store.add_facts(ALICE, [new_fact()])
        (episode,) = await say(store, Scope("alice", None, "tuesday"), "one")
        packed = await pack(store)
        there, here = packed.items
        for wrong in (
            dataclasses.replace(there, text="other"),
            dataclasses.replace(there, confidence=0.5),
            dataclasses.replace(there, id=episode.id),
            dataclasses.replace(here, id=fact.id),
        ):
            with pytest.raises(ConflictError, match=wrong.id):
                await unpack(store, Packed(packed.sessions, [wrong]), "alice")
        assert [item for _, item in await page_of(store)] == [fact, episode]

    async def test_a_fact_that_is_there_is_completed(self, store: Store) -> None:
        """By what it rests on, and by its end; what has an end here keeps it."""
        one, two = await say(store, ALICE, "one", "two")
        known = dataclasses.replace(new_fact("known"), sources=(one.id,))
        await store.add_facts(ALICE, [known])
        early = await pack(store)
        later = new_fact("later")
        await store.add_facts(
            ALICE, [later], superseded=[Supersession(known.id, later.id, "ended", NOON)]
        )
        upto = await store.extraction.last_fact("alice")
        three = (await store.append([Batch(ALICE, (new_episode("three"),))], extract=True))[0][0]
        confirmed = FactChanges(confirmed=(Confirmation(later.id, (two.id,)),))
        assert await store.extraction.keep_reading(Reading(ALICE, (three.id,), confirmed, upto))
        late = await pack(store)
        follower = Follower("carol")
        await unpack(store, early)
        await follower.follow(store)
        assert await unpack(store, late) == TakenIn(0, 1, 1, 2, 1, 1)
        assert await follower.follow(store) == await Follower("carol").follow(store)
        there = [of("carol", item) for _, item in await page_of(store)]
        hers = {item.id: item for _, item in await page_of(store, ELSEWHERE)}
        assert hers == {item.id: item for item in there}
        assert await unpack(store, early) == TakenIn(0, 0, 0, 2, 1, 0)
        assert {item.id: item for _, item in await page_of(store, ELSEWHERE)} == hers

    async def test_facts_in_a_circle_are_refused(self, store: Store) -> None:
        """Here one superseded the other, there the other way round."""
        facts = [new_fact("one"), new_fact("two")]
        await store.add_facts(ALICE, facts)
        packed = await pack(store)
        one, two = packed.items
        assert isinstance(one, ArchivedFact)
        assert isinstance(two, ArchivedFact)
        ended = {"superseded_at": NOON, "ending": "ended"}
        here = dataclasses.replace(one, superseded_by=two.id, **ended)
        there = dataclasses.replace(two, superseded_by=one.id, **ended)
        await unpack(store, Packed(packed.sessions, [here, two]))
        before = await page_of(store, ELSEWHERE)
        with pytest.raises(ConflictError, match="superseded"):
            await unpack(store, Packed(packed.sessions, [one, there]))
        assert await page_of(store, ELSEWHERE) == before

    async def test_without_a_reader_nothing_waits(self, store: Store) -> None:
        """What nobody reads yet waits for nobody; what was read stays so."""
        await live(store)
        await unpack(store, await pack(store))
        came = await pack(store, "carol")
        states = [i.extraction for i in came.items if isinstance(i, ArchivedEpisode)]
        assert states == ["done", "done", "unasked", "unasked", "unasked", "unasked"]

    async def test_it_is_written_down_who_asked(self, store: Store) -> None:
        """With how much of what, by the transaction that stores it."""
        await live(store)
        await unpack(store, await pack(store))
        (entry,) = await store.audit.entries("carol", after=0, limit=10)
        assert (entry.action, entry.asked_by, entry.at) == ("import", "an auditor", NOON)
        assert dict(entry.counts) == {"episodes": 6, "facts": 4, "already there": 0}
        assert "one" not in json.dumps(dict(entry.counts))

    async def test_what_is_erased_after_it_came_in_is_gone(self, store: Store) -> None:
        """It is like anything else that was stored."""
        await live(store)
        await unpack(store, await pack(store))
        alices = await page_of(store)
        erasure = await erase(store, ELSEWHERE, None)
        assert (erasure.episodes, erasure.facts) == (6, 4)
        assert await page_of(store, ELSEWHERE) == []
        assert await page_of(store) == alices


def _unread(packed: Packed) -> Packed:
    """Return the same without whether it was read for facts."""
    items = [
        dataclasses.replace(item, extraction="unasked")
        if isinstance(item, ArchivedEpisode)
        else item
        for item in packed.items
    ]
    return Packed(packed.sessions, items)
