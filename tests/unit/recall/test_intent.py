import pytest

from remanence.recall.intent import Intent, intent_of


@pytest.mark.parametrize(
    "text",
    [
        "When did I move?",
        "How long have they been married?",
        "What month was the trip?",
        "How many weeks passed between the two?",
        "Which of them came first?",
        "他什么时候搬家的？",
        "这件事过了多久？",
    ],
)
def test_questions_for_a_time(text: str) -> None:
    assert intent_of(text).when


@pytest.mark.parametrize(
    "text",
    [
        "Where do I live now?",
        "What's my current job?",
        "Do we still have the boat?",
        "the latest status",
        "What am I reading these days",
        "我现在住在哪里？",
        "目前的工作是什么？",
    ],
)
def test_questions_for_the_present(text: str) -> None:
    assert intent_of(text).current


@pytest.mark.parametrize(
    "text",
    [
        "Where did I say I parked?",
        "What is my cat called?",
        "What did I tell you about the roof?",
        "Can you recommend me a film?",
        "我的猫叫什么？",
        "我告诉过你什么？",
    ],
)
def test_questions_for_what_the_user_said(text: str) -> None:
    assert intent_of(text).said_by == "user"


@pytest.mark.parametrize(
    "text",
    [
        "What did you recommend?",
        "Which book had you suggested to me?",
        "You gave me an exercise, how did it go?",
        "the name that you've proposed",
        "What was in your recipe?",
        "Remind me of the tea for my throat.",
        "In our previous chat there was a list.",
        "你推荐了哪家餐厅？",
        "您上次说的是什么？",
    ],
)
def test_questions_for_what_the_assistant_said(text: str) -> None:
    assert intent_of(text).said_by == "assistant"


@pytest.mark.parametrize(
    "text",
    [
        "Where does Nora live?",
        "What did Tom say to Ann?",
        "Nowhere to go",
        "whenever",
        "mythical islands",
        "",
    ],
)
def test_questions_for_nothing_in_particular(text: str) -> None:
    assert intent_of(text) == Intent(when=False, said_by=None, current=False)


def test_capitals_and_typographic_apostrophes_make_no_difference() -> None:
    assert intent_of("WHAT DO I\u2019VE NOW?") == Intent(when=False, said_by="user", current=True)
