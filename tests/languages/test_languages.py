"""Small memories in many languages, asked with other forms of their words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.languages.conversations import FOLDER, Case, Question, Turn, ask, rates, read

LANGUAGES = sorted(path.stem for path in (FOLDER / "short").glob("*.txt"))


def _case(language: str) -> Case:
    return read(FOLDER / "short" / f"{language}.txt")


def test_all_languages_are_there() -> None:
    assert len(LANGUAGES) == 11
    assert all(len(_case(language).questions) >= 10 for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_answers_are_found_in(tmp_path: Path, language: str) -> None:
    case = _case(language)
    first, five, _ = rates(await ask(case, tmp_path / "memory.db"), case.questions)
    assert first >= 90
    assert five >= 95


async def test_answers_are_found_in_a_memory_of_many_languages(tmp_path: Path) -> None:
    turns: list[Turn] = []
    questions: list[Question] = []
    for language in LANGUAGES:
        case = _case(language)
        first = len(turns)
        turns.extend(case.turns)
        questions.extend(
            Question(question.text, frozenset(first + place for place in question.evidence))
            for question in case.questions
        )
    found = await ask(Case(turns, questions), tmp_path / "memory.db")
    first, five, _ = rates(found, questions)
    print(f"R@1 {first:.1f}, R@5 {five:.1f}")
    assert first >= 85
    assert five >= 95
