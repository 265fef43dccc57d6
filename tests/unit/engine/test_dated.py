"""A time that a question names is understood against the asker's now."""

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remanence import Filter, InputError, Memory, Message, Scope

ALICE = Scope("alice")
NOW = dt.datetime(2024, 7, 11, 12, tzinfo=dt.UTC)
TRIPS = {
    dt.datetime(2022, 5, 3, 9, tzinfo=dt.UTC): "The boat trip was sunny.",
    dt.datetime(2023, 5, 20, 9, tzinfo=dt.UTC): "The boat trip was windy.",
    dt.datetime(2024, 7, 6, 9, tzinfo=dt.UTC): "The boat trip was foggy.",
    dt.datetime(2024, 7, 8, 9, tzinfo=dt.UTC): "The boat trip was calm.",
}


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[Memory]:
    async with Memory.open(tmp_path / "m.db") as memory:
        for number, (at, text) in enumerate(TRIPS.items()):
            scope = Scope("alice", session_id=f"s{number}")
            await memory.observe([Message("user", text, at=at)], scope=scope)
        yield memory


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("How was the boat trip in May 2023?", "windy"),
        ("How was the boat trip in 2022?", "sunny"),
        ("How was the boat trip last weekend?", "foggy"),
        ("How was the boat trip on Monday?", "calm"),
        ("2023年5月 boat trip", "windy"),
    ],
)
async def test_what_was_said_then_comes_first(memory: Memory, question: str, first: str) -> None:
    hits = await memory.recall(question, scope=ALICE, now=NOW)
    assert first in hits[0].text
    assert len(hits) == len(TRIPS)


async def test_it_is_the_askers_now_that_counts(memory: Memory) -> None:
    for year, weather in ((2022, "sunny"), (2023, "windy")):
        now = dt.datetime(year, 12, 1, tzinfo=dt.UTC)
        hits = await memory.recall("How was the boat trip in May?", scope=ALICE, now=now)
        assert weather in hits[0].text


async def test_what_was_told_a_little_later_is_preferred_too(memory: Memory) -> None:
    hits = await memory.recall("How was the boat trip on 6 July 2024?", scope=ALICE, now=NOW)
    assert [hit.text.rstrip(".").split()[-1] for hit in hits[:2]] == ["foggy", "calm"]


async def test_only_what_was_said_then(memory: Memory) -> None:
    async def found(question: str) -> list[str]:
        hits = await memory.recall(question, scope=ALICE, now=NOW, dated="only")
        return [hit.text for hit in hits]

    assert await found("How was the boat trip in May 2023?") == ["The boat trip was windy."]
    assert len(await found("How was the boat trip before 2024?")) == 2
    assert len(await found("How was the boat trip?")) == len(TRIPS)
    assert await found("How was the boat trip in May 2021?") == []


@pytest.mark.parametrize(
    "where",
    [
        Filter("alice", until=dt.datetime(2023, 1, 1, tzinfo=dt.UTC)),
        Filter("alice", since=dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
    ],
)
async def test_a_filter_of_another_time_finds_nothing(memory: Memory, where: Filter) -> None:
    question = "How was the boat trip in May 2023?"
    assert await memory.recall(question, scope=where, now=NOW, dated="only") == []
    assert await memory.recall(question, scope=where, now=NOW) != []


async def test_bad_times_are_refused(memory: Memory) -> None:
    with pytest.raises(InputError, match="now: "):
        await memory.recall("boat", scope=ALICE, now=dt.datetime(2024, 1, 1))  # noqa: DTZ001 - on purpose
    with pytest.raises(InputError, match="dated: "):
        await memory.recall("boat", scope=ALICE, dated="always")  # pyright: ignore[reportArgumentType] - on purpose
