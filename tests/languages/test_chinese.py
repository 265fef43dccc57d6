"""Three made-up conversations in Chinese, one of them in traditional characters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.languages.conversations import FOLDER, Case, Turn, ask, bigram_ranking, rates, read

NAMES = ("alone", "friends", "traditional")


def _case(name: str) -> Case:
    return read(FOLDER / "chinese" / f"{name}.txt")


def _together() -> Case:
    """Return all conversations as one: three times as many turns to take for the evidence."""
    turns: list[Turn] = []
    whole = Case(turns, [])
    for name in NAMES:
        case = _case(name)
        first = len(turns)
        turns.extend(case.turns)
        whole.questions.extend(
            type(question)(question.text, frozenset(first + place for place in question.evidence))
            for question in case.questions
        )
    return whole


def test_the_conversations_are_long_and_the_questions_many() -> None:
    cases = [_case(name) for name in NAMES]
    assert all(len(case.turns) >= 150 for case in cases)
    assert sum(len(case.questions) for case in cases) >= 60


@pytest.mark.parametrize(("name", "least"), [("alone", 90), ("friends", 85), ("traditional", 90)])
async def test_answers_are_among_the_first_five(tmp_path: Path, name: str, least: float) -> None:
    case = _case(name)
    first, five, ten = rates(await ask(case, tmp_path / "memory.db"), case.questions)
    print(f"{name}: R@1 {first:.1f}, R@5 {five:.1f}, R@10 {ten:.1f}")
    assert five >= least
    assert ten >= least + 3


async def test_more_is_found_than_by_bm25_over_pairs(tmp_path: Path) -> None:
    case = _together()
    ours = rates(await ask(case, tmp_path / "memory.db"), case.questions)
    plain = rates(bigram_ranking(case), case.questions)
    for name, values in (("recall", ours), ("BM25", plain)):
        print(f"{name}: R@1 {values[0]:.1f}, R@5 {values[1]:.1f}, R@10 {values[2]:.1f}")
    assert ours[0] >= plain[0] + 8
    assert ours[1] >= plain[1] + 10
    assert ours[2] >= plain[2] + 10
