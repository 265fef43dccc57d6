"""Terms that mark a turn: those that tell a time, and those of "I don't know"."""

import pytest

from remanence.index.denials import negates, speaks_of_knowing
from remanence.index.text import analyze
from remanence.index.times import names_a_time


@pytest.mark.parametrize(
    "text",
    [
        "We moved last week.",
        "It was in 1997.",
        "She arrives on Tuesday",
        "Two months ago",
        "in March",
        "我昨天去了医院",
        "上周三搬家了",
        "去年冬天",
    ],
)
def test_texts_that_tell_a_time(text: str) -> None:
    assert any(map(names_a_time, analyze(text).terms.split()))


@pytest.mark.parametrize(
    "text", ["I like the blue one.", "May I come in?", "It costs 340 euros", "12345", "我喜欢喝茶"]
)
def test_texts_that_tell_none(text: str) -> None:
    assert not any(map(names_a_time, analyze(text).terms.split()))


def _denies(text: str) -> bool:
    terms = analyze(text).terms.split()
    return any(map(negates, terms)) and any(map(speaks_of_knowing, terms))


@pytest.mark.parametrize(
    "text",
    [
        "I don't know where the key is.",
        "Sorry, I can't find that.",
        "You haven't told me yet.",
        "There is no record of it.",
        "I do not remember.",
        "我不知道。",
        "你没有告诉我。",
    ],
)
def test_replies_that_tell_nothing(text: str) -> None:
    assert _denies(text)


@pytest.mark.parametrize(
    "text", ["It's in the drawer.", "I know the place well.", "Don't forget the milk.", "我知道"]
)
def test_replies_that_tell_something(text: str) -> None:
    assert not _denies(text)
