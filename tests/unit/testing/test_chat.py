import asyncio
from typing import Any

import pytest

from remanence.errors import BackendAnswerError, BackendError, BackendUnavailableError
from remanence.llm import Question
from remanence.testing.chat import ScriptedModel

QUESTION = Question("Read.", "Alice moved.", {"type": "object"}, "facts")


async def test_answers_are_given_one_a_question() -> None:
    async def later(question: Question) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"text": question.text}

    def failing(_: Question) -> Exception:
        return OSError("no route")

    away = BackendUnavailableError("away")
    model = ScriptedModel([{"facts": []}, later, away, failing], identity="m")
    assert (await model.ask(QUESTION)).data == {"facts": []}
    assert (await model.ask(QUESTION)).data == {"text": "Alice moved."}
    with pytest.raises(BackendUnavailableError):
        await model.ask(QUESTION)
    with pytest.raises(OSError, match="no route"):
        await model.ask(QUESTION)
    for _ in range(2):
        with pytest.raises(BackendError, match="no more answers"):
            await model.ask(QUESTION)
    assert model.questions == [QUESTION] * 6
    assert model.identity == "m"


async def test_one_function_answers_every_question() -> None:
    model = ScriptedModel(lambda question: {"name": question.name})
    for _ in range(3):
        assert (await model.ask(QUESTION)).data == {"name": "facts"}


async def test_tokens_are_counted() -> None:
    model = ScriptedModel(lambda _: {"facts": ["Alice moved."]})
    short = (await model.ask(QUESTION)).usage
    text = "Alice moved to Lisbon in May, and Bob followed her."
    long = (await model.ask(Question("Read.", text, {"type": "object"}, "facts"))).usage
    assert (short.calls, long.calls) == (1, 1)
    assert long.input_tokens > short.input_tokens > 0
    assert long.output_tokens == short.output_tokens > 0


async def test_an_answer_is_the_askers_own() -> None:
    planned = {"facts": [{"statement": "a"}]}
    model = ScriptedModel([planned, planned])
    (await model.ask(QUESTION)).data["facts"].clear()
    assert (await model.ask(QUESTION)).data == {"facts": [{"statement": "a"}]}


@pytest.mark.parametrize("planned", ["text", ["list"], None, {"a": float("nan")}, {"a": object()}])
async def test_what_is_no_object_is_no_answer(planned: Any) -> None:
    with pytest.raises(BackendAnswerError):
        await ScriptedModel([planned]).ask(QUESTION)
