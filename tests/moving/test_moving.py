"""Moving in: all of it, once, whatever comes in between."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from remanence import ConflictError, Episode, Fact, Filter, InputError, Memory, Message, Scope
from remanence.errors import RecordError
from remanence.moving.arrivals import Arrivals, Gathering, Place
from remanence.moving.moving import move_in
from remanence.moving.outcome import Moved
from remanence.store.archive import ArchivedItem
from remanence.testing.embedder import ScriptedEmbedder
from tests.facts.stories import Reader
from tests.facts.stories import fact as found

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MAY = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
ALICE = Place("alice", "clerk", "monday")
SCOPE = Scope("alice", "clerk", "monday")


def conversation(amount: int, *, facts: int = 0, user: str = "alice") -> Arrivals:
    """Return messages of one session, and statements that each rest on two of them."""
    gathering = Gathering("elsewhere", NOW)
    place = Place(user, "clerk", "monday")
    said = [
        gathering.message(
            place,
            f"m{i}",
            where=f"line {i}",
            role="user",
            content=f"This is message {i}.",
            at=MAY + i * MINUTE,
        )
        for i in range(amount)
    ]
    for i in range(facts):
        gathering.statement(
            place,
            f"f{i}",
            where=f"note {i}",
            text=f"This is statement {i}.",
            at=MAY,
            sources=[str(said[i % amount]), str(said[-1])],
        )
    return gathering.arrivals()


def versions(*texts: str, first: int = 0, thing: str = "thing") -> Arrivals:
    """Return versions of one thing, each of which but the last was superseded by the next."""
    gathering = Gathering("elsewhere", NOW)
    for place, text in enumerate(texts, start=first):
        at, until = MAY + place * MINUTE, MAY + (place + 1) * MINUTE
        last = place == first + len(texts) - 1
        gathering.statement(
            ALICE,
            f"{place} {text}",
            where=f"version {place}",
            text=text,
            at=at,
            metadata={"source": {"from": "elsewhere", "id": thing}},
            superseded_at=None if last else until,
            superseded_by=None
            if last
            else gathering.id_of("alice", f"{place + 1} {texts[place + 1 - first]}"),
            ending=None if last else "ended",
        )
    return gathering.arrivals()


async def stored(memory: Memory, user: str = "alice") -> list[Episode | Fact]:
    return list((await memory.list(scope=Filter(user), limit=10_000)).items)


async def current(memory: Memory) -> list[str]:
    return [fact.text for fact in (await memory.facts(scope=Filter("alice"))).items]


async def moved(arrivals: Arrivals, memory: Memory) -> Moved:
    (outcome,) = await move_in(arrivals, memory)
    return outcome


def counts(outcome: Moved) -> tuple[int, int, int, int, int]:
    return (
        outcome.episodes,
        outcome.facts,
        outcome.there,
        outcome.expected,
        outcome.verified,
    )


async def test_all_of_it_comes_and_twice_changes_nothing(memory: Memory) -> None:
    """In several parts, with the positions and sources that it would have in one."""
    arrivals = conversation(1_100, facts=600)
    steps: list[tuple[int, int]] = []
    (outcome,) = await move_in(
        arrivals, memory, asked_by="Alice", progress=lambda done, total: steps.append((done, total))
    )
    assert counts(outcome) == (1_100, 600, 0, 1_700, 1_700)
    assert (outcome.complete, outcome.skipped, outcome.kept) == (True, (), ())
    assert steps[-1] == (1_700, 1_700)
    assert len(steps) > 3
    there = await stored(memory)
    episodes = [item for item in there if isinstance(item, Episode)]
    facts = [item for item in there if isinstance(item, Fact)]
    assert [episode.position for episode in episodes] == [*range(1_100)]
    assert all(item.imported for item in there)
    assert facts[599].sources == (episodes[599].id, episodes[-1].id)
    assert [item.id for item in there] == [item.id for item in arrivals.users[0].items]
    entries = await memory.audit(user_id="alice")
    assert {(entry.action, entry.asked_by) for entry in entries} == {("import", "Alice")}
    again = await moved(arrivals, memory)
    assert counts(again) == (0, 0, 1_700, 1_700, 1_700)
    assert await stored(memory) == there
    assert len(await memory.audit(user_id="alice")) == len(entries)


async def test_it_goes_on_after_what_interrupted_it(memory: Memory) -> None:
    arrivals = conversation(900, facts=700)

    def stop(done: int, _: int) -> None:
        if done >= 800:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await move_in(arrivals, memory, progress=stop)
    began = len(await stored(memory))
    assert 800 <= began < 1_600
    outcome = await moved(arrivals, memory)
    assert outcome.there == began
    assert counts(outcome)[3:] == (1_600, 1_600)
    there = await stored(memory)
    assert len(there) == 1_600
    assert len({item.id for item in there}) == 1_600
    places = [item.position for item in there if isinstance(item, Episode)]
    assert places == [*range(900)]


async def test_each_user_has_what_is_theirs(memory: Memory) -> None:
    both = Arrivals(
        "elsewhere",
        (*conversation(3).users, *conversation(2, user="bob").users),
        (),
    )
    alice, bob = await move_in(both, memory)
    assert (alice.user_id, alice.episodes) == ("alice", 3)
    assert (bob.user_id, bob.episodes) == ("bob", 2)
    assert len(await stored(memory, "bob")) == 2


async def test_what_is_taken_by_something_else_is_left_out_and_told(memory: Memory) -> None:
    """With its place; all else comes, and what rests on it does without it."""
    gathering = Gathering("elsewhere", NOW)
    other = gathering.message(
        ALICE, "m7", where="?", role="user", content="Something else.", at=MAY
    )
    await move_in(gathering.arrivals(), memory)
    outcome = await moved(conversation(20, facts=20), memory)
    assert counts(outcome) == (19, 20, 0, 39, 39)
    (skipped,) = outcome.skipped
    assert skipped.where == "line 7"
    assert str(other) in skipped.why
    there = await stored(memory)
    assert len(there) == 40
    (seventh,) = (
        item for item in there if isinstance(item, Fact) and item.text == "This is statement 7."
    )
    assert len(seventh.sources) == 1


async def test_a_message_that_was_heard_here_is_what_facts_rest_on(memory: Memory) -> None:
    """It is known by its message id, also by what comes in a later part."""
    (heard,) = await memory.observe(Message("user", "Hello.", id="m1"), scope=SCOPE)
    gathering = Gathering("elsewhere", NOW)
    hello = gathering.message(
        ALICE, "1", where="1", role="user", content="Hello.", at=MAY, message_id="m1"
    )
    wrong = gathering.message(
        ALICE, "2", where="2", role="user", content="Bye.", at=MAY, message_id="m1"
    )
    for i in range(600):
        gathering.message(ALICE, f"x{i}", where="3", role="user", content=f"{i}", at=MAY)
    gathering.statement(
        ALICE, "f", where="4", text="They greeted.", at=MAY, sources=[str(hello), str(wrong)]
    )
    arrivals = gathering.arrivals()
    outcome = await moved(arrivals, memory)
    assert counts(outcome) == (600, 1, 1, 602, 602)
    assert [skipped.where for skipped in outcome.skipped] == ["2"]
    (fact,) = (await memory.facts(scope=SCOPE)).items
    assert fact.sources == (heard.id,)
    there = await stored(memory)
    assert counts(await moved(arrivals, memory))[3:] == (602, 602)
    assert await stored(memory) == there


async def test_what_says_the_same_is_kept_as_it_is(memory: Memory) -> None:
    """Also if something else is told of it by now; that is told."""
    told: list[Arrivals] = []
    for mood in ("glad", "sad"):
        gathering = Gathering("elsewhere", NOW)
        gathering.message(
            ALICE, "m", where="1", role="user", content="Hi.", at=MAY, metadata={"mood": mood}
        )
        gathering.statement(ALICE, "f", where="2", text="It is so.", at=MAY, metadata={"m": mood})
        told.append(gathering.arrivals())
    await move_in(told[0], memory)
    there = await stored(memory)
    outcome = await moved(told[1], memory)
    assert counts(outcome) == (0, 0, 2, 2, 2)
    assert [kept.where for kept in outcome.kept] == ["1", "2"]
    assert await stored(memory) == there


async def test_what_lies_in_the_future_is_known_again(memory: Memory) -> None:
    for minutes in (0, 1):
        gathering = Gathering("elsewhere", NOW + minutes * MINUTE)
        gathering.message(ALICE, "m", where="1", role="user", content="Hi.", at=NOW + 9 * MINUTE)
        outcome = await moved(gathering.arrivals(), memory)
        assert (outcome.skipped, outcome.kept, outcome.verified) == ((), (), 1)
    assert len(await stored(memory)) == 1


async def test_a_fact_that_rests_on_more_is_completed(memory: Memory) -> None:
    for amount in (1, 2):
        gathering = Gathering("elsewhere", NOW)
        said = [
            gathering.message(ALICE, f"{i}", where="1", role="user", content=f"{i}", at=MAY)
            for i in range(amount)
        ]
        gathering.statement(
            ALICE, "f", where="2", text="So.", at=MAY, sources=[str(each) for each in said]
        )
        await move_in(gathering.arrivals(), memory)
    (fact,) = (await memory.facts(scope=SCOPE)).items
    assert len(fact.sources) == 2


async def test_of_a_thing_one_version_is_current(memory: Memory) -> None:
    await move_in(versions("one"), memory)
    outcome = await moved(versions("one", "two", "three"), memory)
    assert counts(outcome) == (0, 2, 1, 3, 3)
    assert await current(memory) == ["three"]
    (last,) = (await memory.facts(scope=SCOPE)).items
    told = [fact.text for fact in await memory.history(last.id, scope=SCOPE)]
    assert told == ["one", "two", "three"]


async def test_also_where_nothing_tells_what_it_said_before(memory: Memory) -> None:
    await move_in(versions("one"), memory)
    await move_in(versions("two", first=1), memory)
    assert await current(memory) == ["two"]
    (last,) = (await memory.facts(scope=SCOPE)).items
    one, two = await memory.history(last.id, scope=SCOPE)
    assert (one.superseded_by, one.ending, one.valid_until) == (two.id, "ended", MAY + MINUTE)


async def test_an_older_copy_makes_nothing_current(memory: Memory) -> None:
    await move_in(versions("two", first=1), memory)
    await move_in(versions("one"), memory)
    assert await current(memory) == ["two"]


async def test_other_things_stay(memory: Memory) -> None:
    """And so does what was corrected here, until there is something newer."""
    await move_in(versions("one", thing="other"), memory)
    await move_in(versions("two"), memory)
    assert await current(memory) == ["one", "two"]
    (one, _) = (await memory.facts(scope=SCOPE)).items
    await memory.correct(one.id, "right", scope=SCOPE)
    outcome = await moved(versions("one", thing="other"), memory)
    assert counts(outcome) == (0, 0, 1, 1, 1)
    assert await current(memory) == ["two", "right"]


async def test_what_was_forgotten_comes_back(memory: Memory) -> None:
    arrivals = conversation(5)
    await move_in(arrivals, memory)
    await memory.forget([arrivals.users[0].items[2].id], scope=SCOPE)
    outcome = await moved(arrivals, memory)
    assert counts(outcome) == (1, 0, 4, 5, 5)


async def test_what_is_missing_afterwards_is_told(memory: Memory) -> None:
    """Somebody forgets something while the rest comes in."""
    arrivals = conversation(1_000)
    gone = arrivals.users[0].items[10].id
    tasks: list[asyncio.Task[object]] = []

    def forget(done: int, _: int) -> None:
        if done == 500:
            tasks.append(asyncio.create_task(memory.forget([gone], scope=SCOPE)))

    (outcome,) = await move_in(arrivals, memory, progress=forget)
    await asyncio.gather(*tasks)
    assert not outcome.complete
    assert (outcome.expected, outcome.verified) == (1_000, 999)


async def test_it_is_embedded(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db", embedder=ScriptedEmbedder()) as memory:
        for amount in (1, 3):
            await move_in(conversation(amount), memory)
            async with asyncio.timeout(20):  # settling would look for work by itself
                while (await memory.stats()).embedded < amount:  # noqa: ASYNC110 - of another thread
                    await asyncio.sleep(0.02)


async def test_it_is_read_for_facts(tmp_path: Path) -> None:
    reader = Reader([{"facts": [found("This is so.")]}])
    async with Memory.open(tmp_path / "memory.db", chat_model=reader) as memory:
        await move_in(conversation(1), memory)
        assert await memory.settle(20)
        assert len(reader.questions) == 1
        assert await current(memory) == ["This is so."]


async def test_a_line_comes_in_one_part(memory: Memory) -> None:
    """However much was noted between two versions; what is interrupted leaves no two current."""
    gathering = Gathering("elsewhere", NOW)
    newest = gathering.id_of("alice", "new")
    for key in ("old", "older"):
        gathering.statement(
            ALICE,
            key,
            where=key,
            text=key,
            at=MAY,
            superseded_at=NOW,
            superseded_by=newest,
            ending="ended",
        )
    for i in range(600):
        gathering.statement(ALICE, f"{i}", where="x", text=f"{i}", at=MAY + MINUTE)
    gathering.statement(ALICE, "new", where="new", text="new", at=NOW)

    def stop(done: int, _: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await move_in(gathering.arrivals(), memory, progress=stop)
    told = [fact.text for fact in await memory.history(newest, scope=SCOPE)]
    assert told == ["old", "older", "new"]
    outcome = await moved(gathering.arrivals(), memory)
    assert counts(outcome)[3:] == (603, 603)


def items(amount: int = 2) -> Sequence[ArchivedItem]:
    return conversation(amount).users[0].items


async def test_a_call_takes_in_all_or_nothing(memory: Memory) -> None:
    one, two = items()
    for field, wrong in (
        ("id", [one, one]),
        ("position", [two, one]),
        ("item", [one, "two"]),
        ("content", [one, dataclasses.replace(two, content="")]),
        ("at", [one, dataclasses.replace(two, at=MAY.replace(tzinfo=None))]),
        ("item", [one, dataclasses.replace(two, metadata=None)]),
        (
            "message_id",
            [dataclasses.replace(each, message_id="m") for each in (one, two)],
        ),
    ):
        with pytest.raises(RecordError, match=field):
            await memory.take_in("alice", wrong)  # pyright: ignore[reportArgumentType] - that is what is tried
    with pytest.raises(InputError, match="user_id"):
        await memory.take_in("", [one])
    (first, second) = versions("one", "two").users[0].items
    circle = [first, dataclasses.replace(second, **_ended(first))]
    with pytest.raises(RecordError, match="leads back"):
        await memory.take_in("alice", circle)
    with pytest.raises(ConflictError, match="superseded_by"):
        await memory.take_in("alice", [one, first])
    assert await stored(memory) == []
    taken = await memory.take_in("alice", [one, two])
    assert (taken.episodes, taken.sessions) == (2, 1)
    assert (await memory.take_in("alice", [])).episodes == 0


def _ended(by: ArchivedItem) -> dict[str, object]:
    return {"superseded_at": NOW, "superseded_by": by.id, "ending": "ended"}
