"""What is told before anything comes in is what comes of it."""

from __future__ import annotations

from remanence import Filter, Memory, Message
from remanence.moving.arrivals import Arrivals, Gathering
from remanence.moving.looking import look
from remanence.moving.moving import move_in
from tests.moving.test_moving import ALICE, MAY, NOW, SCOPE, counts, moved, stored


async def test_a_message_that_was_edited_elsewhere_stays_as_it_was_said(memory: Memory) -> None:
    """Nobody said what somebody made of it; that is told, before it comes as well."""
    told: list[Arrivals] = []
    for key, words in (("m", "I live in Ghent."), ("m", "I live in Ghent!"), ("n", "In Bruges.")):
        gathering = Gathering("elsewhere", NOW)
        said = gathering.message(
            ALICE, key, where="note", role="user", content=words, at=MAY, message_id="m1"
        )
        gathering.statement(ALICE, "f", where="2", text="So.", at=MAY, sources=[str(said)])
        told.append(gathering.arrivals())
    await move_in(told[0], memory)
    there = await stored(memory)
    for edited in told[1:]:
        (outlook,) = await look(edited, memory)
        outcome = await moved(edited, memory)
        assert counts(outcome) == (0, 0, 1, 1, 1)
        assert (outlook.new, outlook.there) == (0, 1)
        (skipped,) = outcome.skipped
        assert outlook.skipped == outcome.skipped
        assert (skipped.where, skipped.amount) == ("note", 1)
        assert "m1 is here already, with another role or other words" in skipped.why
        assert await stored(memory) == there
    await memory.forget([there[0].id], scope=Filter("alice"))
    outcome = await moved(told[2], memory)
    assert (outcome.episodes, outcome.skipped) == (1, ())


async def test_what_was_heard_here_is_not_new(memory: Memory) -> None:
    await memory.observe(Message("user", "Hello.", id="m1"), scope=SCOPE)
    gathering = Gathering("elsewhere", NOW)
    for key, words in (("m1", "Hello."), ("m2", "Bye.")):
        gathering.message(ALICE, key, where=key, role="user", content=words, at=MAY, message_id=key)
    arrivals = gathering.arrivals()
    (before,) = await look(arrivals, None)
    assert (before.new, before.there) == (2, 0)
    (outlook,) = await look(arrivals, memory)
    outcome = await moved(arrivals, memory)
    assert (outlook.new, outlook.there) == (outcome.episodes, outcome.there) == (1, 1)


async def test_what_stays_since_its_successor_cannot_come_is_not_left_out(memory: Memory) -> None:
    """It is told, and counts as nothing; the successor does count."""
    told: list[Arrivals] = []
    for until, words in ((None, "Something else."), (NOW, "new")):
        gathering = Gathering("elsewhere", NOW)
        newest = gathering.statement(ALICE, "new", where="new", text=words, at=MAY)
        gathering.statement(
            ALICE,
            "old",
            where="old",
            text="old",
            at=MAY,
            superseded_at=until,
            superseded_by=newest if until else None,
            ending="ended" if until else None,
        )
        told.append(gathering.arrivals())
    await move_in(told[0], memory)
    outcome = await moved(told[1], memory)
    assert {each.where: each.amount for each in outcome.skipped} == {"new": 1, "old": 0}
