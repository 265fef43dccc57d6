"""What every chat model has to do, as a class of tests for a chat model's author to subclass.

::

    class TestMyModel(ChatModelConformance):
        @pytest.fixture
        def make(self) -> Callable[[], ChatModel]:
            return lambda: MyModel("its-name")

        @pytest.fixture
        def hanging(self) -> ChatModel:
            return MyModel("its-name", url="http://a.server.that.never.answers")

The tests are coroutines: they need pytest-asyncio in its automatic mode.
"""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import asyncio
import copy
import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import pytest

from remanence.llm.protocol import ChatModel, Completion, Question

__all__ = ["ChatModelConformance"]

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "animals": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}}},
        }
    },
    "required": ["animals"],
}

QUESTION = Question(
    system="You list the animals that are named in a text.",
    text="A falcon watched an otter.",
    schema=_SCHEMA,
    name="animals",
)

ODD_TEXTS = {
    "nothing": "",
    "an emoji": "🦅",
    "several scripts": "榛子 фундук בונדוק 🦅",
    "control characters": "a\x07b\x7f",
    "half a character": "\ud83e and nothing",
    "JSON": '{"animals": [',
    "a long text": "falcons eat pigeons " * 2_000,
}
"""Texts that people do write, by what is odd about them."""


class ChatModelConformance:
    """The whole contract of :class:`remanence.llm.protocol.ChatModel`, but for what it answers.

    A subclass whose name begins with ``Test`` defines the fixture ``make``, which returns a
    function: each call of it makes another model with the same settings. The model may answer any
    JSON object. The fixture ``hanging`` returns a model that never answers: one whose service keeps
    it waiting.
    """

    @pytest.fixture
    def make(self) -> Callable[[], ChatModel]:
        """Return what makes chat models with the same settings."""
        raise NotImplementedError("a subclass defines the fixture 'make'")

    @pytest.fixture
    def hanging(self) -> ChatModel:
        """Return a model that never answers."""
        raise NotImplementedError("a subclass defines the fixture 'hanging'")

    async def test_an_identity_is_the_same_for_all(self, make: Callable[[], ChatModel]) -> None:
        """It is a text of some length, that may be written down."""
        first, second = make(), make()
        assert first.identity == second.identity
        assert 0 < len(first.identity) <= 256
        await first.ask(QUESTION)
        assert first.identity == second.identity

    async def test_an_answer_is_an_object_with_its_price(
        self, make: Callable[[], ChatModel]
    ) -> None:
        """At least one call was needed for it."""
        _check(await make().ask(QUESTION))

    async def test_a_question_is_left_as_it_is(self, make: Callable[[], ChatModel]) -> None:
        """The schema as well, whatever a service needs to have in it."""
        question = dataclasses.replace(QUESTION, schema=copy.deepcopy(_SCHEMA))
        await make().ask(question)
        assert question == QUESTION

    @pytest.mark.parametrize("odd", ODD_TEXTS)
    async def test_odd_texts_are_asked(self, make: Callable[[], ChatModel], odd: str) -> None:
        """What people wrote must not keep a model from being asked."""
        _check(await make().ask(dataclasses.replace(QUESTION, text=ODD_TEXTS[odd])))

    async def test_several_may_ask_at_once(self, make: Callable[[], ChatModel]) -> None:
        """Each has an answer of its own."""
        model = make()
        answers = await asyncio.gather(*(model.ask(QUESTION) for _ in range(5)))
        for answer in answers:
            _check(answer)
        assert len({id(answer.data) for answer in answers}) == len(answers)

    async def test_several_event_loops_may_ask(self, make: Callable[[], ChatModel]) -> None:
        """A model outlives the event loop that it was first asked in."""
        model = make()
        _check(await model.ask(QUESTION))
        answers: list[Completion] = []
        for _ in range(2):
            thread = threading.Thread(
                target=lambda: answers.append(asyncio.run(_ask(model))), daemon=True
            )
            thread.start()
            await asyncio.to_thread(thread.join, 30)
        assert len(answers) == 2
        for answer in [*answers, await model.ask(QUESTION)]:
            _check(answer)

    async def test_whoever_is_cancelled_is_cancelled(self, hanging: ChatModel) -> None:
        """Nobody waits for a model any longer than they want to."""
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await hanging.ask(QUESTION)
        asking = asyncio.ensure_future(hanging.ask(QUESTION))
        await asyncio.wait([asking], timeout=0.05)
        assert not asking.done()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def _ask(model: ChatModel) -> Completion:
    return await model.ask(QUESTION)


def _check(answer: Completion) -> None:
    assert isinstance(answer.data, dict)
    assert answer.usage.calls >= 1
    assert answer.usage.input_tokens >= 0
    assert answer.usage.output_tokens >= 0
