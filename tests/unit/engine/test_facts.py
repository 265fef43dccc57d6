"""What can be told of a statement, listed and asked for, and what is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from remanence import InputError, Memory, MemoryClosedError, Message, Scope

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


async def test_the_same_attribute_elsewhere_is_another(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db") as memory:
        for scope in (ALICE, Scope("alice"), Scope("alice", "other"), Scope("bob")):
            await memory.remember(f"{scope}", scope=scope, attribute="eva: home")
        assert len((await memory.facts(scope=Scope("alice"))).items) == 3
