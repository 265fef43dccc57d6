"""What ranking has to get right in conversations with an assistant, by kinds of questions."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from remanence import Memory, Scope
from tests.ranking.conversations import conversations_of, read_background, read_cases

NOW = dt.datetime(2024, 6, 30, 12, tzinfo=dt.UTC)

FLOORS: Mapping[str, tuple[int, int]] = {
    "first person": (6, 8),
    "assistant said": (8, 8),
    "repeated question": (7, 8),
    "rare term": (6, 6),
    "current state": (7, 8),
    "dated": (6, 6),
    "answer beside": (6, 6),
    "lone evidence": (5, 6),
    "smalltalk": (6, 6),
    "named speaker": (6, 6),
    "long answer": (5, 5),
    "tiny scope": (6, 6),
    "other words": (3, 3),
}
"""How many of a family's cases have to be found at least, and how many there are."""


@pytest.fixture(scope="module")
def missed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """What is asked in vain, by family."""
    return asyncio.run(_ask_all(tmp_path_factory.mktemp("ranking") / "cases.db"))


async def _ask_all(database: Path) -> Mapping[str, list[str]]:
    """Ask every question, of one memory, in which each case has a user of its own."""
    background = read_background()
    found: dict[str, list[str]] = defaultdict(list)
    async with Memory.open(database) as memory:
        for number, case in enumerate(read_cases()):
            scope = Scope(f"user-{number}")
            sessions = case.sessions if case.alone else [*background, *case.sessions]
            await memory.observe_all(conversations_of(scope.user_id, sessions))
            hits = await memory.recall(case.question, scope=scope, limit=case.within, now=NOW)
            if not any(hit.text in case.evidence for hit in hits):
                found[case.family].append(case.question)
    return found


def test_every_case_is_of_a_known_family_and_has_evidence() -> None:
    cases = read_cases()
    sizes: dict[str, int] = defaultdict(int)
    for case in cases:
        sizes[case.family] += 1
        assert case.evidence, case.question
    assert sizes == {family: size for family, (_, size) in FLOORS.items()}


@pytest.mark.parametrize("family", FLOORS)
def test_a_family_is_found_as_often_as_ever(missed: Mapping[str, list[str]], family: str) -> None:
    least, size = FLOORS[family]
    in_vain = missed.get(family, [])
    assert size - len(in_vain) >= least, in_vain


async def test_how_things_are_now_is_asked_of_what_was_said_last(tmp_path: Path) -> None:
    """The same two statements: which comes first depends on whether now is asked for."""
    scope = Scope("alice")
    talk = read_cases()
    moved = next(case for case in talk if case.question == "Where do I live now?")
    async with Memory.open(tmp_path / "alice.db") as memory:
        await memory.observe_all(conversations_of("alice", moved.sessions))
        at_all = await memory.recall("Where do I live?", scope=scope, limit=3, now=NOW)
        now = await memory.recall("Where do I live now?", scope=scope, limit=3, now=NOW)
    assert {hit.text for hit in at_all} >= moved.evidence
    assert now[0].text in moved.evidence
    assert now[0].score > next(hit.score for hit in at_all if hit.text in moved.evidence)
