"""What is told of a user before anything is asked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from remanence import Fact, Scope
from remanence.recall.profile import profile

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def known(text: str, **more: Any) -> Fact:
    return Fact(
        id=text,
        scope=Scope("alice"),
        text=text,
        at=more.pop("at", NOW - 10 * DAY),
        recorded_at=NOW,
        **more,
    )


def told(*facts: Fact, budget: int = 1_000) -> list[str]:
    lines = profile(facts, now=NOW, budget=budget, count=lambda text: len(text.split()))
    return lines.splitlines()


def test_nothing_known_tells_nothing() -> None:
    assert told() == []


def test_who_somebody_is_comes_first_and_what_happened_last() -> None:
    kinds = ("event", "plan", None, "instruction", "preference", "relationship", "profile")
    facts = [known(str(kind), kind=kind) for kind in kinds]
    assert told(*facts) == [f"- {kind}" for kind in reversed(kinds)]


def test_what_is_over_or_superseded_is_left_out() -> None:
    assert told(
        known("over", valid_until=NOW),
        known("superseded", superseded_at=NOW, ending="corrected"),
        known("ended", superseded_at=NOW, ending="ended", valid_until=NOW),
        known("to come", valid_from=NOW + DAY),
        known("until tomorrow", valid_until=NOW + DAY),
    ) == ["- to come (from 2026-06-02)", "- until tomorrow (until 2026-06-02)"]


def test_what_a_tool_said_is_left_out_and_the_assistants_words_come_last() -> None:
    assert told(
        known("a page", stated_by="tool"),
        known("guess", stated_by="assistant"),
        known("own", stated_by="user"),
        known("stored"),
    ) == ["- own", "- stored", "- guess (as the assistant said)"]


def test_what_was_found_often_is_sure_and_late_comes_first() -> None:
    assert told(
        known("early", confidence=0.5, at=NOW - 9 * DAY),
        known("late", confidence=0.5, at=NOW - DAY),
        known("sure", confidence=0.9),
        known("often", confidence=0.5, sources=("a", "b", "c")),
    ) == ["- often", "- sure", "- late", "- early"]


def test_a_budget_is_kept_and_what_fits_is_told() -> None:
    long, short = known("one two three four", confidence=0.9), known("five", confidence=0.5)
    assert told(long, short, budget=7) == ["- one two three four", "- five"]
    assert told(long, short, budget=6) == ["- one two three four"]
    assert told(long, short, budget=4) == ["- five"]
    assert told(long, short, budget=1) == []


def test_a_statement_is_one_line() -> None:
    assert told(known("one\n- two\n\nthree")) == ["- one - two three"]
