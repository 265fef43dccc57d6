import datetime as dt
from pathlib import Path
from typing import Any

from evals.locomo.cases import HELD_OUT, TUNED, locomo_case, locomo_cases
from evals.retrieval.cases import read_cases, write_cases


def _sample(name: str = "conv-1") -> dict[str, Any]:
    return {
        "sample_id": name,
        "conversation": {
            "speaker_a": "Ann",
            "speaker_b": "Bo",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ann", "dia_id": "D1:1", "text": "My dog is called Rex."},
                {"speaker": "Bo", "dia_id": "D1:2", "text": "A fine name!"},
            ],
            "session_2_date_time": "9:00 am on 1 June, 2023",
            "session_2": [{"speaker": "Bo", "dia_id": "D2:1", "text": "I bought a canoe."}],
        },
        "qa": [
            {"question": "What is Ann's dog called? ", "evidence": ["D1:1"], "category": 4},
            {"question": "Who has what?", "evidence": ["D1:1; D2:1"], "category": 1},
            {"question": "Misspelt?", "evidence": ["D2:01"], "category": 2},
            {"question": "Points nowhere?", "evidence": ["D9:9"], "category": 5},
        ],
        "observation": {
            "session_1_observation": {
                "Ann": [["Ann's dog is Rex.", "D1:1"], ["Both talked.", ["D1:1", "D1:2"]]]
            },
            "session_2_observation": {"Bo": [["Bo has a canoe.", "D2:1, D1:2"], ["?", "D7:7"]]},
        },
    }


def test_sessions_and_turns_are_read_in_order() -> None:
    case = locomo_case(_sample(), 0)
    assert [[turn.id for turn in session.turns] for session in case.sessions] == [
        ["D1:1", "D1:2"],
        ["D2:1"],
    ]
    first = next(case.turns())
    assert first.attributed == "Ann: My dog is called Rex."
    assert first.at.date() == dt.date(2023, 5, 8)


def test_evidence_is_parsed_and_questions_without_any_are_left_out() -> None:
    case = locomo_case(_sample(), 0)
    assert [(question.text, question.evidence) for question in case.questions] == [
        ("What is Ann's dog called?", ("D1:1",)),
        ("Who has what?", ("D1:1", "D2:1")),
        ("Misspelt?", ("D2:1",)),
    ]


def test_questions_are_asked_after_the_last_turn() -> None:
    case = locomo_case(_sample(), 0)
    last = max(turn.at for turn in case.turns())
    assert {question.now > last for question in case.questions} == {True}


def test_statements_have_the_turns_they_rest_on() -> None:
    case = locomo_case(_sample(), 0)
    assert [(each.text, each.sources, each.at.date().month) for each in case.statements] == [
        ("Ann's dog is Rex.", ("D1:1",), 5),
        ("Both talked.", ("D1:1", "D1:2"), 5),
        ("Bo has a canoe.", ("D2:1", "D1:2"), 6),
    ]


def test_halves_are_told_apart() -> None:
    cases = locomo_cases([_sample(f"conv-{number}") for number in range(6)])
    assert cases[4].questions[0].groups == (
        "overall",
        TUNED,
        "4 single-hop",
        f"{TUNED}, 4 single-hop",
    )
    assert cases[5].questions[0].groups[1] == HELD_OUT


def test_cases_come_back_from_a_file_as_they_were(tmp_path: Path) -> None:
    cases = locomo_cases([_sample("one"), _sample("two")])
    write_cases(tmp_path / "cases.json", cases)
    assert read_cases(tmp_path / "cases.json") == cases
