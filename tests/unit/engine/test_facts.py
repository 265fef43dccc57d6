"""What can be told of a statement, listed and asked for, and what is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from remanence import Fact, InputError, Memory, MemoryClosedError, Message, Scope

ALICE = Scope("alice", "clerk", "monday")
MAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
NAIVE = MAY.replace(tzinfo=None)


@dataclasses.dataclass
class Clock:
    time: dt.datetime = MAY

    def now(self) -> dt.datetime:
        return self.time


async def test_all_that_is_told_of_a_statement_is_kept(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db", clock=Clock()) as memory:
        until = MAY + dt.timedelta(days=30)
        fact = await memory.remember(
            "Eva is in Rome.",
            scope=ALICE,
            kind="plan",
            attribute="Eva:  Whereabouts",
            stated_by="assistant",
            valid_from=MAY,
            valid_until=until,
        )
        assert (fact.kind, fact.attribute, fact.stated_by) == (
            "plan",
            "eva: whereabouts",
            "assistant",
        )
        assert (fact.valid_from, fact.valid_until, fact.confidence) == (MAY, until, None)
        (hit,) = await memory.recall("Where is Eva?", scope=ALICE)
        assert (hit.kind, hit.stated_by) == ("plan", "assistant")
        assert (hit.valid_from, hit.valid_until) == (MAY, until)
        assert await memory.get(fact.id, scope=ALICE) == fact


@pytest.mark.parametrize(
    ("field", "verb", "told", "named"),
    [
        ("kind", "remember", ["x"], {"scope": ALICE, "kind": "rumour"}),
        ("stated_by", "remember", ["x"], {"scope": ALICE, "stated_by": "nobody"}),
        ("attribute", "remember", ["x"], {"scope": ALICE, "attribute": ""}),
        ("attribute", "remember", ["x"], {"scope": ALICE, "attribute": " . "}),
        ("valid_from", "remember", ["x"], {"scope": ALICE, "valid_from": NAIVE}),
        ("valid_until", "remember", ["x"], {"scope": ALICE, "valid_until": NAIVE}),
        ("valid_until", "remember", ["x"], {"scope": ALICE, "valid_from": MAY, "valid_until": MAY}),
        ("fact_id", "correct", ["", "x"], {"scope": ALICE}),
        ("fact_id", "correct", ["nonsense", "x"], {"scope": ALICE}),
        ("scope", "correct", ["x", "x"], {"scope": "alice"}),
        ("as_of", "facts", [], {"scope": ALICE, "as_of": NAIVE}),
        ("known_at", "facts", [], {"scope": ALICE, "known_at": "2026-05-01"}),
        ("kinds", "facts", [], {"scope": ALICE, "kinds": ["rumour"]}),
        ("limit", "facts", [], {"scope": ALICE, "limit": 0}),
        ("cursor", "facts", [], {"scope": ALICE, "cursor": "x"}),
        ("fact_id", "history", [""], {"scope": ALICE}),
        ("token_budget", "profile", [], {"scope": ALICE, "token_budget": 0}),
        ("as_of", "recall", ["x"], {"scope": ALICE, "as_of": NAIVE}),
        ("known_at", "recall", ["x"], {"scope": ALICE, "known_at": NAIVE}),
        ("origin", "recall", ["x"], {"scope": ALICE, "origin": "rumour"}),
        ("chat_model", "extract_with", [None], {}),
        ("chat_model", "extract_with", ["gpt"], {}),
        ("chat_model", "extract", [], {"scope": ALICE}),
    ],
)
async def test_what_is_not_acceptable_is_named(
    tmp_path: Path, field: str, verb: str, told: list[Any], named: dict[str, Any]
) -> None:
    async with Memory.open(tmp_path / "memory.db") as memory:
        with pytest.raises(InputError) as caught:
            await getattr(memory, verb)(*told, **named)
        assert caught.value.field == field
        assert (await memory.stats()).facts == 0


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("chat_model", {"chat_model": "gpt"}),
        ("chat_model", {"chat_model": object()}),
        ("extract_after", {"extract_after": -1}),
        ("extract_after", {"extract_after": 3_601}),
        ("extract_after", {"extract_after": "soon"}),
    ],
)
def test_settings_are_checked(tmp_path: Path, field: str, settings: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Memory.open(tmp_path / "memory.db", **settings)
    assert caught.value.field == field


async def test_a_closed_memory_knows_nothing(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "memory.db")
    for asking in (
        memory.facts(scope=ALICE),
        memory.history("x", scope=ALICE),
        memory.profile(scope=ALICE),
        memory.correct("x", "y", scope=ALICE),
        memory.extract(scope=ALICE),
    ):
        with pytest.raises(MemoryClosedError):
            await asking


async def test_only_a_fact_that_still_holds_can_be_corrected(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db") as memory:
        (episode,) = await memory.observe(Message("user", "Hello"), scope=ALICE)
        fact = await memory.remember("Eva is 30.", scope=ALICE)
        new = await memory.correct(fact.id, "Eva is 31.", scope=Scope("alice"))
        for id_, scope, problem in (
            (episode.id, ALICE, "an episode"),
            (fact.id, ALICE, new.id),
            (new.id, Scope("bob"), "no fact"),
            (new.id, Scope("alice", "other"), "no fact"),
        ):
            with pytest.raises(InputError, match=problem):
                await memory.correct(id_, "Eva is 32.", scope=scope)
        assert [each.text for each in (await memory.facts(scope=ALICE)).items] == ["Eva is 31."]
        assert await memory.history(new.id, scope=Scope("bob")) == []


async def test_a_correction_takes_over_what_is_still_right(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db", clock=Clock()) as memory:
        fact = await memory.remember(
            "Eva is in Roma.",
            scope=ALICE,
            kind="event",
            attribute="eva: place",
            valid_from=MAY,
            metadata={"a": 1},
        )
        new = await memory.correct(fact.id, "Eva is in Rome.", scope=ALICE, stated_by="user")
        assert (
            dataclasses.replace(
                new, id=fact.id, text=fact.text, recorded_at=fact.recorded_at, stated_by=None
            )
            == fact
        )
        assert new.stated_by == "user"


async def test_facts_are_listed_page_by_page(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db") as memory:
        for number in range(5):
            await memory.remember(f"Fact {number}.", scope=ALICE, kind="event")
        await memory.remember("Another.", scope=ALICE, kind="plan")
        texts: list[str] = []
        cursor = None
        while True:
            page = await memory.facts(scope=ALICE, kinds=["event"], limit=2, cursor=cursor)
            texts += [fact.text for fact in page.items]
            cursor = page.cursor
            if cursor is None:
                break
        assert texts == [f"Fact {number}." for number in range(5)]
        assert (await memory.facts(scope=Scope("bob"))).items == ()


BERLIN, LISBON = "Maria lives in Berlin.", "Maria lives in Lisbon."


async def _lives(memory: Memory, text: str, since: int, until: int | None = None) -> Fact:
    end = None if until is None else dt.datetime(until, 1, 1, tzinfo=dt.UTC)
    begin = dt.datetime(since, 1, 1, tzinfo=dt.UTC)
    return await memory.remember(
        text, scope=ALICE, attribute="maria: home", valid_from=begin, valid_until=end
    )


async def _known(memory: Memory, year: int | None = None) -> list[str]:
    then = None if year is None else dt.datetime(year, 1, 1, tzinfo=dt.UTC)
    return [fact.text for fact in (await memory.facts(scope=ALICE, as_of=then)).items]


async def test_an_earlier_value_that_is_told_later_ends_where_the_known_one_begins(
    tmp_path: Path,
) -> None:
    async with Memory.open(tmp_path / "memory.db", clock=Clock()) as memory:
        lisbon = await _lives(memory, LISBON, 2024)
        berlin = await _lives(memory, BERLIN, 2020)
        assert berlin.valid_until == lisbon.valid_from
        assert await memory.get(lisbon.id, scope=ALICE) == lisbon
        assert await _known(memory, 2022) == [BERLIN]
        assert await _known(memory, 2025) == [LISBON]
        assert await memory.profile(scope=ALICE) == f"- {LISBON} (since 2024-01-01)"


async def test_a_value_of_another_time_touches_nothing(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db", clock=Clock()) as memory:
        lisbon = await _lives(memory, LISBON, 2024)
        await _lives(memory, BERLIN, 2020, 2022)
        assert await memory.get(lisbon.id, scope=ALICE) == lisbon
        assert [await _known(memory, year) for year in (2021, 2023, 2025)] == [
            [BERLIN],
            [],
            [LISBON],
        ]


async def test_saying_all_of_it_again_changes_nothing(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db", clock=Clock()) as memory:
        first = [await _lives(memory, BERLIN, 2020), await _lives(memory, LISBON, 2024)]
        again = [await _lives(memory, BERLIN, 2020), await _lives(memory, LISBON, 2024)]
        assert [fact.id for fact in again] == [fact.id for fact in first]
        assert (await memory.stats()).facts == 2
        assert await memory.correct(first[1].id, LISBON, scope=ALICE) == first[1]


async def test_what_will_be_is_not_yet(tmp_path: Path) -> None:
    clock = Clock()
    async with Memory.open(tmp_path / "memory.db", clock=clock) as memory:
        await _lives(memory, BERLIN, 2020)
        await _lives(memory, LISBON, 2028)
        assert await _known(memory) == [BERLIN, LISBON]
        (first, *_) = await memory.recall("Where does Maria live in Berlin?", scope=ALICE)
        assert first.text == BERLIN
        assert (await memory.profile(scope=ALICE)).splitlines() == [
            f"- {BERLIN} (since 2020-01-01, until 2028-01-01)",
            f"- {LISBON} (from 2028-01-01)",
        ]
        clock.time = dt.datetime(2028, 1, 1, tzinfo=dt.UTC)
        assert await _known(memory) == [LISBON]
        found = await memory.recall("Where does Maria live in Berlin?", scope=ALICE)
        assert [hit.text for hit in found] == [LISBON]
        assert await memory.profile(scope=ALICE) == f"- {LISBON} (since 2028-01-01)"


async def test_the_same_attribute_elsewhere_is_another(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db") as memory:
        for scope in (ALICE, Scope("alice"), Scope("alice", "other"), Scope("bob")):
            await memory.remember(f"{scope}", scope=scope, attribute="eva: home")
        assert len((await memory.facts(scope=Scope("alice"))).items) == 3
