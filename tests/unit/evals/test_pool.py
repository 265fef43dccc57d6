import datetime as dt
import json
from pathlib import Path

import pytest

from evals.longmemeval_pool.cases import HALF_A, HALF_B, pool_case, scattered
from evals.retrieval.cases import Case, Turn


def _turn(id_: str, session: str, date: str = "2023/04/10 (Mon) 14:47") -> dict[str, str]:
    return {
        "doc_id": id_,
        "role": "user",
        "text": f"Text of {id_}",
        "date": date,
        "source": "evidence",
        "session": session,
    }


def _question(text: str, *gold: str, kind: str = "multi-session") -> dict[str, object]:
    return {
        "question": text,
        "question_type": kind,
        "question_date": "2023/05/01 (Mon) 08:00",
        "is_abstention": False,
        "gold_doc_ids": list(gold),
    }


@pytest.fixture
def case(tmp_path: Path) -> Case:
    turns = [
        *(_turn(f"h{number}", f"haystack-{number // 8}") for number in range(80)),
        *(_turn(f"e{number}", f"evidence-{number}") for number in range(10)),
        _turn("m1", "mixed", "2023-03-10T17:06:00"),
        _turn("m2", "mixed", "2023-03-11T17:06:00"),
    ]
    questions = [
        *(_question(f"Question {number}?", f"e{number}", "m1") for number in range(10)),
        _question("Unanswerable?"),
    ]
    lines = "".join(json.dumps(turn) + "\n" for turn in turns)
    (tmp_path / "pool_turns.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "pool_queries.json").write_text(json.dumps(questions), encoding="utf-8")
    return pool_case(tmp_path)


def _turns(case: Case) -> dict[str, Turn]:
    return {turn.id: turn for turn in case.turns()}


def test_both_ways_of_writing_dates_are_read(case: Case) -> None:
    turns = _turns(case)
    assert turns["h0"].at == dt.datetime(2023, 4, 10, 14, 47, tzinfo=dt.UTC)
    assert turns["m1"].at == dt.datetime(2023, 3, 10, 17, 6, tzinfo=dt.UTC)


def test_questions_without_evidence_are_left_out(case: Case) -> None:
    assert len(case.questions) == 10
    assert case.questions[0].evidence == ("e0", "m1")
    assert case.questions[0].now == dt.datetime(2023, 5, 1, 8, 0, tzinfo=dt.UTC)


def test_halves_alternate(case: Case) -> None:
    assert [question.groups[1] for question in case.questions[:3]] == [HALF_A, HALF_B, HALF_A]


def test_scattering_keeps_every_turn_as_it_is_and_only_moves_evidence(case: Case) -> None:
    moved = scattered(case)
    assert _turns(moved) == _turns(case)
    evidence = {turn for question in case.questions for turn in question.evidence}
    for session in moved.sessions:
        before = next(each for each in case.sessions if each.id == session.id)
        rest = [turn for turn in session.turns if turn.id not in evidence]
        assert rest == [turn for turn in before.turns if turn.id not in evidence]


def test_scattered_evidence_is_in_a_session_that_has_nothing_to_do_with_it(case: Case) -> None:
    for seed in range(20):
        moved = scattered(case, seed)
        at = {turn.id: session.id for session in moved.sessions for turn in session.turns}
        assert all(at[f"e{number}"] != "mixed" for number in range(10))
        assert at["m1"] != "mixed"
        assert all(len(session.turns) > 1 for session in moved.sessions if session.id != "mixed")


def test_scattering_is_the_same_every_time_and_another_with_another_seed(case: Case) -> None:
    assert scattered(case) == scattered(case)
    assert scattered(case, 1) != scattered(case, 2)
    places = {
        [turn.id for turn in session.turns].index("m1")
        for seed in range(60)
        for session in scattered(case, seed).sessions
        if any(turn.id == "m1" for turn in session.turns)
    }
    assert min(places) == 0  # at the very beginning, and at the very end, too
    assert max(places) >= 8
