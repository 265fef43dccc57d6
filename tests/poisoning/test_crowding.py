"""What is told where much of what was found says almost the same."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from remanence import Scope
from remanence.recall.crowding import selected
from remanence.types import Recollection

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def _hit(number: int, text: str, **more: Any) -> Recollection:
    told: dict[str, Any] = {
        "text": text,
        "origin": "episode",
        "id": str(number),
        "score": 0.9 - number / 1_000,
        "at": NOON,
        "scope": Scope("alice"),
        "role": "user",
        "speaker": "Alice",
        **more,
    }
    return Recollection(**told)


OTHERS = [
    _hit(900, "Nora keeps two hives of bees.", score=0.7),
    _hit(901, "The ferry leaves at nine.", score=0.7),
    _hit(902, "We had mussels for dinner.", score=0.7),
    _hit(903, "My brother is a baker.", score=0.7),
]


def _told(found: list[Recollection], limit: int = 5) -> list[str]:
    return [hit.id for hit in selected(found, limit).hits]


def test_what_is_different_is_told_as_it_was_found() -> None:
    assert _told(OTHERS) == ["900", "901", "902", "903"]
    assert _told(OTHERS, 2) == ["900", "901"]
    assert selected([], 5).hits == ()


def test_two_that_say_almost_the_same_leave_room_for_others() -> None:
    flood = [_hit(n, f"Nora lives in Paris, house {n}.") for n in range(20)]
    assert _told([*flood, *OTHERS]) == ["0", "1", "900", "901", "902"]


def test_half_of_what_is_told_may_be_alike() -> None:
    words = ("rainy", "sunny", "windy", "cloudy", "foggy", "snowy")
    alike = [_hit(n, f"The day in Ghent was {word} again.") for n, word in enumerate(words)]
    assert _told([*alike, *OTHERS]) == ["0", "1", "2", "900", "901"]


def test_half_of_what_is_told_may_be_a_tools() -> None:
    texts = ("one apple", "two pears", "some plums", "more grapes", "few figs", "no nuts")
    tools = [_hit(n, text, role="tool") for n, text in enumerate(texts)]
    assert _told([*tools, *OTHERS]) == ["0", "1", "2", "900", "901"]


def test_of_what_is_alike_the_users_words_here_come_first() -> None:
    flood = [
        *(_hit(n, f"Nora lives in Paris, near house {n}.", role="tool") for n in range(5)),
        *(_hit(n, f"Nora lives in Paris near house {n}.", imported=True) for n in range(5, 10)),
    ]
    true = _hit(50, "Nora lives in Ghent, near house 5.")
    assert "50" in _told([*flood, true, *OTHERS])


def test_where_nothing_else_is_found_all_of_it_is_told() -> None:
    flood = [_hit(n, f"Nora lives in Paris, house {n}.") for n in range(20)]
    chosen = selected(flood, 5)
    assert [hit.id for hit in chosen.hits] == ["0", "1", "2", "3", "4"]
    assert chosen.crowded
    assert not selected([*flood, *OTHERS], 5).crowded


def test_what_hardly_answers_takes_no_place() -> None:
    flood = [_hit(n, f"Nora lives in Paris, house {n}.") for n in range(20)]
    weak = [_hit(800 + n, text, score=0.1) for n, text in enumerate(("yes", "no", "well"))]
    assert _told([*flood, *weak]) == ["0", "1", "2", "3", "4"]


def test_what_one_speaker_repeats_takes_one_place_with_some_of_it() -> None:
    repeated = [_hit(n, "Nora lives in Paris.") for n in range(20)]
    assert _told([*repeated, *OTHERS]) == [*"01234", "900", "901", "902", "903"]


def test_long_texts_that_begin_alike_are_no_repetition() -> None:
    flood = [_hit(n, "Nora lives in Paris. " * 200 + str(n)) for n in range(20)]
    assert _told([*flood, *OTHERS]) == ["0", "1", "900", "901", "902"]


@pytest.mark.parametrize("text", ["", "123", "!!!", "我们去公园", "\u200b"])
def test_any_text_has_a_place(text: str) -> None:
    assert _told([_hit(1, text or " "), *OTHERS]) == ["1", "900", "901", "902", "903"]
