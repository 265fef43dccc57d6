"""What a memory is asked: the message, and the turns before where it refers to them."""

from __future__ import annotations

import pytest
from agentscope.message import Msg, TextBlock

from remanence.middleware.question import LONGEST_QUESTION, question_of
from tests.middleware.agents import says

pytestmark = pytest.mark.agentscope

BEFORE = [
    says("Nora keeps beehives."),
    Msg(name="Robin", role="assistant", content=[TextBlock(text="How many hives?")]),
]


@pytest.mark.parametrize(
    "asked",
    [
        "What about it?",
        "And the neighbours?",
        "When?",
        "Why?",
        "Where does she live?",
        "Tell me more.",
        "Who else?",
        "它在哪里？",
        "那价格呢？",
    ],
)
def test_what_refers_back_is_asked_with_the_turns_before(asked: str) -> None:
    question = question_of(asked, BEFORE)
    assert question.startswith("Nora keeps beehives.\nHow many hives?\n")
    assert question.endswith(asked)


@pytest.mark.parametrize(
    "asked",
    [
        "Where is Lisbon?",
        "Tickets to Lisbon",
        "When does the train to Lisbon leave on Monday?",
        "里斯本的天气",
        "Where are we going on our September trip, now that Lisbon is off?",
        "Which colour did they paint the fence?",
        "The long story of this garden, the fence, the apple trees, the pond, frogs and herons",
    ],
)
def test_what_stands_by_itself_is_asked_alone(asked: str) -> None:
    assert question_of(asked, BEFORE) == asked


def test_a_question_is_bounded() -> None:
    long = "it " * 2_000 + "beehives?"
    question = question_of(long, [says("x" * 5_000), says("y" * 5_000)])
    assert len(question) <= LONGEST_QUESTION
    assert question.endswith("beehives?")
    short = question_of("And it?", [says("x" * 5_000), says("y" * 5_000)])
    assert short == "x" * 200 + "\n" + "y" * 200 + "\nAnd it?"


def test_what_was_heard_is_not_asked_twice() -> None:
    assert question_of("And it?", [*BEFORE, says("And it?")]).count("And it?") == 1


def test_nothing_is_asked_where_nothing_was_said() -> None:
    assert question_of("  ", BEFORE) == ""
