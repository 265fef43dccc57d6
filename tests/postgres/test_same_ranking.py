"""PostgreSQL ranks as SQLite does: the same, in the same order, with the same scores."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from evals.retrieval.cases import Case, Question, Session, Statement, Turn
from evals.same_ranking.comparing import Answers, Comparison, answers, compare
from remanence.testing.embedder import ScriptedEmbedder
from tests.ranking.conversations import read_background, read_cases

NOW = dt.datetime(2024, 6, 30, 12, tzinfo=dt.UTC)
LIMIT = 50


def _of_two_users() -> list[Case]:
    """Return all that ranking is tested with, as two users' memories."""
    return [_case(f"user-{half}", half) for half in range(2)]


def _case(name: str, half: int) -> Case:
    cases = read_cases()[half::2]
    told = [*read_background(), *(session for case in cases for session in case.sessions)]
    sessions: list[Session] = []
    for number, messages in enumerate(told):
        turns: list[Turn] = []
        for place, message in enumerate(messages):
            assert message.at is not None
            turn = f"{number}:{place}"
            turns.append(Turn(turn, message.role, message.name, message.content, message.at))
        sessions.append(Session(str(number), tuple(turns)))
    evidence = {text for case in cases for text in case.evidence}
    statements = tuple(
        Statement(f"It was said: {turn.text}", turn.at, (turn.id,))
        for session in sessions
        for turn in session.turns
        if turn.text in evidence
    )
    questions = tuple(Question(case.question, (), NOW, ()) for case in cases)
    return Case(name, tuple(sessions), statements, questions)


def _embedder(vectors: bool) -> ScriptedEmbedder | None:
    return ScriptedEmbedder() if vectors else None


@pytest.fixture(scope="module", params=[False, True], ids=["words", "vectors"])
def expected(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[bool, Answers]:
    """Whether there are vectors, and what SQLite answers."""
    vectors: bool = request.param
    database: Path = tmp_path_factory.mktemp("ranking") / "memory.db"
    found = answers(database, _of_two_users(), _embedder(vectors), limit=LIMIT)
    return vectors, asyncio.run(found)


def test_what_is_recalled_is_the_same(expected: tuple[bool, Answers], database: str) -> None:
    vectors, sqlite = expected
    postgres = asyncio.run(answers(database, _of_two_users(), _embedder(vectors), limit=LIMIT))
    questions, hits = len(sqlite), sum(map(len, sqlite))
    assert hits > 10 * questions
    assert compare(sqlite, postgres) == Comparison(
        questions=questions,
        hits=hits,
        same_ids=questions,
        same_scores=questions,
        same_hits=questions,
        largest_difference=0.0,
    )
