"""When facts were true, when that was known, and what took their place."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from remanence.errors import InputError
from remanence.store.facts import FactQuery, NewFact, Supersession
from remanence.store.protocol import Batch, Store
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    BOB,
    EVERYTHING,
    Follower,
    erase,
    is_empty,
    new_episode,
    new_fact,
    new_id,
    say,
)
from remanence.types import Ending, Episode, Fact, Filter, Scope

__all__ = ["Stating"]

MARCH, MAY, JUNE, JULY, SEPTEMBER = (
    dt.datetime(2026, month, 10, 9, tzinfo=dt.UTC) for month in (3, 5, 6, 7, 9)
)


def told(text: str, when: dt.datetime, *sources: Episode, **more: Any) -> NewFact:
    """Return a statement that was made and recorded at a time."""
    ids = tuple(episode.id for episode in sources)
    return dataclasses.replace(new_fact(text, at=when), recorded_at=when, sources=ids, **more)


async def supersede(
    store: Store,
    old: Fact,
    text: str,
    when: dt.datetime,
    *sources: Episode,
    ending: Ending = "ended",
    until: dt.datetime | None = None,
) -> Fact:
    """Store a statement that takes the place of another."""
    new = told(text, when, *sources, valid_from=until)
    place = Supersession(old.id, new.id, ending, until)
    return (await store.add_facts(ALICE, [new], superseded=[place]))[0]


async def texts(store: Store, where: Filter = EVERYTHING, **query: Any) -> list[str]:
    """Return the statements that a query finds."""
    found = await store.facts(FactQuery(where, **query), after=0, limit=100)
    return [fact.text for _, fact in found]


class Stating(Handles):
    """When facts were true, when that was known, and what took their place."""

    async def test_all_that_is_told_of_a_fact_is_kept(self, store: Store, second: Store) -> None:
        """Kind, attribute, whose words, confidence, and both times with their offsets."""
        lisbon = dt.timezone(dt.timedelta(hours=1))
        new = dataclasses.replace(
            new_fact("Eva lives in Faro."),
            kind="profile",
            attribute="eva: home city",
            stated_by="assistant",
            confidence=0.75,
            valid_from=dt.datetime(2026, 1, 1, tzinfo=lisbon),
            valid_until=dt.datetime(2027, 1, 1, tzinfo=lisbon),
        )
        (stored,) = await store.add_facts(ALICE, [new])
        assert (stored.kind, stored.attribute) == ("profile", "eva: home city")
        assert (stored.stated_by, stored.confidence) == ("assistant", 0.75)
        assert (stored.valid_from, stored.valid_until) == (new.valid_from, new.valid_until)
        assert stored.valid_from is not None
        assert stored.valid_from.utcoffset() == dt.timedelta(hours=1)
        assert await second.facts(FactQuery(EVERYTHING), after=0, limit=9) == [(1, stored)]

    async def test_a_fact_is_as_trusted_as_the_least_of_its_sources(self, store: Store) -> None:
        """Also when it is given as the words of somebody better; found apart, the best counts."""
        roles = ("user", "assistant", "tool")
        episodes = [new_episode(role, role=role) for role in roles]
        (said,) = await store.append([Batch(ALICE, tuple(episodes))])
        user, assistant, tool = said
        facts = await store.add_facts(
            ALICE,
            [
                told("by the user", MARCH, user),
                told("by both", MARCH, user, assistant),
                told("by a tool", MARCH, tool, stated_by="user"),
                told("by the user, it is said", MARCH, user, stated_by="tool"),
                told("by nobody", MARCH),
            ],
        )
        stated = [fact.stated_by for fact in facts]
        assert stated == ["user", "assistant", "tool", "tool", None]

    async def test_what_ended_is_told_of_the_time_when_it_was_true(self, store: Store) -> None:
        """And, as of when it was still believed, without an end."""
        (berlin,) = await store.add_facts(ALICE, [told("Berlin", MARCH)])
        lisbon = await supersede(store, berlin, "Lisbon", JUNE, until=MAY)
        assert await texts(store) == ["Lisbon"]
        day = dt.timedelta(days=1)
        assert await texts(store, as_of=MARCH - day) == []
        assert await texts(store, as_of=MARCH) == ["Berlin"]
        assert await texts(store, as_of=MAY - day) == ["Berlin"]
        assert await texts(store, as_of=MAY) == ["Lisbon"]
        assert await texts(store, known_at=MARCH - day) == []
        assert await texts(store, known_at=MAY) == ["Berlin"]
        assert await texts(store, known_at=JUNE) == ["Lisbon"]
        assert await texts(store, as_of=MAY, known_at=MAY) == ["Berlin"]
        assert await texts(store, as_of=MARCH, known_at=JUNE) == ["Berlin"]
        ended = await store.history(EVERYTHING, berlin.id)
        assert ended == [
            dataclasses.replace(
                berlin,
                valid_until=MAY,
                superseded_at=JUNE,
                superseded_by=lisbon.id,
                ending="ended",
            ),
            lisbon,
        ]
        ((_, then),) = await store.facts(FactQuery(EVERYTHING, known_at=MAY), after=0, limit=9)
        assert then == berlin

    async def test_what_was_corrected_was_never_true(self, store: Store) -> None:
        """Only as of when it was believed is it told."""
        (wrong,) = await store.add_facts(ALICE, [told("seven", MARCH)])
        await supersede(store, wrong, "nine", JUNE, ending="corrected")
        assert await texts(store) == ["nine"]
        assert await texts(store, as_of=MAY) == []
        assert await texts(store, known_at=MAY) == ["seven"]
        assert await texts(store, as_of=MAY, known_at=MAY) == ["seven"]

    async def test_a_known_end_holds_until_it_is_known_better(self, store: Store) -> None:
        """What was to end in September ended in May, and that was learned in June."""
        (job,) = await store.add_facts(ALICE, [told("job", MARCH, valid_until=SEPTEMBER)])
        assert await texts(store, as_of=JULY) == ["job"]
        assert await texts(store, as_of=SEPTEMBER) == []
        await supersede(store, job, "quit", JUNE, until=MAY)
        assert await texts(store, as_of=JULY) == ["quit"]
        assert await texts(store, as_of=JULY, known_at=MAY) == ["job"]
        ((_, then),) = await store.facts(FactQuery(EVERYTHING, known_at=MAY), after=0, limit=9)
        assert then.valid_until == SEPTEMBER

    async def test_sources_are_told_as_they_were_known(self, store: Store) -> None:
        """A source that was recorded later is not told of before."""
        episodes = [dataclasses.replace(new_episode(), recorded_at=when) for when in (MARCH, JUNE)]
        ((one, two),) = await store.append([Batch(ALICE, tuple(episodes))])
        await store.add_facts(ALICE, [told("fact", MARCH, one, two)])
        ((number, then),) = await store.facts(FactQuery(EVERYTHING, known_at=MAY), after=0, limit=9)
        assert then.sources == (one.id,)
        items = await store.at_sequence("alice", [number], known_at=MAY)
        assert items[number] == then
        assert (await store.at_sequence("alice", [number]))[number] != then

    async def test_only_what_is_there_is_superseded(self, store: Store) -> None:
        """What is gone, superseded already, or another's is passed over."""
        (berlin,) = await store.add_facts(ALICE, [told("Berlin", MARCH)])
        (his,) = await store.add_facts(BOB, [told("his", MARCH)])
        lisbon = await supersede(store, berlin, "Lisbon", MAY, until=MAY)
        await supersede(store, berlin, "Rome", JUNE, until=JUNE)
        await supersede(store, his, "hers", JUNE)
        first, *_ = await store.history(EVERYTHING, berlin.id)
        assert (first.superseded_by, first.valid_until) == (lisbon.id, MAY)
        assert await texts(store) == ["Lisbon", "Rome", "hers"]
        assert await texts(store, Filter("bob")) == ["his"]
        with pytest.raises(InputError, match="superseded"):
            await store.add_facts(
                ALICE,
                [told("x", JULY)],
                superseded=[Supersession(lisbon.id, new_id(), "ended", JULY)],
            )
        assert await texts(store) == ["Lisbon", "Rome", "hers"]

    async def test_history_goes_both_ways(self, store: Store) -> None:
        """From any of a line to all of it, as far as it may be seen."""
        (one,) = await store.add_facts(ALICE, [told("one", MARCH)])
        two = await supersede(store, one, "two", MAY, until=MAY)
        await supersede(store, two, "three", JUNE, until=JUNE)
        await store.add_facts(ALICE, [told("other", MARCH)])
        for fact in (one, two):
            line = await store.history(EVERYTHING, fact.id)
            assert [each.text for each in line] == ["one", "two", "three"]
        assert await store.history(Filter("bob"), one.id) == []
        assert await store.history(EVERYTHING, new_id()) == []
        assert await store.history(EVERYTHING, "nonsense") == []
        (said,) = await say(store, ALICE, "hello")
        assert await store.history(EVERYTHING, said.id) == []
        assert [each.text for each in await store.history(Filter("alice", until=MAY), one.id)] == [
            "one"
        ]

    async def test_facts_are_found_by_place_kind_and_attribute(self, store: Store) -> None:
        """A session also sees what rests on something that was said in it."""
        tuesday = Scope("alice", "clerk", "tuesday")
        (said,) = await say(store, tuesday, "on tuesday")
        new = [
            told("plan", MARCH, kind="plan", attribute="a: b"),
            told("event", MARCH, kind="event"),
        ]
        await store.add_facts(ALICE, new)
        await store.add_facts(Scope("alice", "clerk"), [told("drawn", JUNE, said)])
        await store.add_facts(Scope("alice", "other"), [told("other", JUNE)])
        assert await texts(store) == ["plan", "event", "drawn", "other"]
        assert await texts(store, Filter("alice", "clerk")) == ["plan", "event", "drawn"]
        assert await texts(store, Filter("alice", None, "monday")) == ["plan", "event"]
        assert await texts(store, Filter("alice", "clerk", "tuesday")) == ["drawn"]
        assert await texts(store, Filter("alice", since=MAY)) == ["drawn", "other"]
        assert await texts(store, kinds=("event",)) == ["event"]
        assert await texts(store, kinds=()) == []
        assert await texts(store, attributes=("a: b", "c: d")) == ["plan"]
        first = await store.facts(FactQuery(EVERYTHING), after=0, limit=2)
        rest = await store.facts(FactQuery(EVERYTHING), after=first[-1][0], limit=9)
        assert [fact.text for _, fact in (*first, *rest)] == await texts(store)

    async def test_what_a_forgotten_fact_did_is_undone(self, store: Store) -> None:
        """With the message that told of the move goes what it did to the fact before."""
        one, two = await say(store, ALICE, "one", "two")
        (berlin,) = await store.add_facts(ALICE, [told("Berlin", MARCH, one, valid_until=JULY)])
        await supersede(store, berlin, "Lisbon", JUNE, two, until=MAY)
        follower = Follower()
        await follower.follow(store)
        await erase(store, EVERYTHING, [two.id])
        assert await store.facts(FactQuery(EVERYTHING), after=0, limit=9) == [(3, berlin)]
        assert await follower.follow(store) == await Follower().follow(store)

    async def test_a_later_fact_takes_the_place_of_a_forgotten_one(self, store: Store) -> None:
        """The first then lasted until the third."""
        (one,) = await store.add_facts(ALICE, [told("Berlin", MARCH)])
        two = await supersede(store, one, "Lisbon", MAY, until=MAY)
        three = await supersede(store, two, "Rome", JULY, until=JULY)
        await erase(store, EVERYTHING, [two.id])
        first, last = await store.history(EVERYTHING, one.id)
        assert last == three
        assert (first.superseded_by, first.superseded_at) == (three.id, JULY)
        assert (first.ending, first.valid_until) == ("ended", JULY)
        assert await texts(store, as_of=JUNE) == ["Berlin"]

    async def test_what_was_never_true_leaves_the_end_as_it_was(self, store: Store) -> None:
        """Berlin ended in May, whether for Lisbon, as was said first, or for Porto."""
        (one,) = await store.add_facts(ALICE, [told("Berlin", MARCH)])
        two = await supersede(store, one, "Lisbon", MAY, until=MAY)
        await supersede(store, two, "Porto", JULY, ending="corrected")
        await erase(store, EVERYTHING, [two.id])
        first, last = await store.history(EVERYTHING, one.id)
        assert (first.ending, first.valid_until, last.text) == ("ended", MAY, "Porto")

    async def test_several_of_a_line_may_go_at_once(self, store: Store) -> None:
        """What is left holds again."""
        (one,) = await store.add_facts(ALICE, [told("one", MARCH)])
        two = await supersede(store, one, "two", MAY, until=MAY)
        three = await supersede(store, two, "three", JUNE, until=JUNE)
        await erase(store, EVERYTHING, [two.id, three.id])
        assert await store.facts(FactQuery(EVERYTHING), after=0, limit=9) == [(1, one)]
        await erase(store, EVERYTHING, [one.id])
        assert await is_empty(store)

    async def test_indexes_learn_what_became_of_a_fact(self, store: Store) -> None:
        """Those that know it are told anew; those that don't learn it as it is."""
        (one,) = await store.add_facts(ALICE, [told("one", MARCH)])
        follower = Follower()
        await follower.follow(store)
        await supersede(store, one, "two", JUNE, until=MAY)
        changes = await store.changes("alice", follower.head, limit=9)
        assert [entry.seq for entry in changes.amended] == [1]
        known = await follower.follow(store)
        assert known == await Follower().follow(store)
        times = known[1].times
        assert times is not None
        assert (times.superseded_at is not None, times.corrected) == (True, False)
        assert follower.rebuilt <= 1
