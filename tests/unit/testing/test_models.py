import asyncio
import itertools
import time
from collections.abc import AsyncGenerator

import pytest

pytest.importorskip("agentscope")

from agentscope.message import Msg, TextBlock
from agentscope.model import ChatResponse

from remanence.testing.models import ScriptedChatModel

pytestmark = pytest.mark.agentscope

HELLO = [Msg(name="Alice", role="user", content=[TextBlock(text="Hello")])]


def _text(response: ChatResponse) -> str:
    return "".join(block.text for block in response.content if isinstance(block, TextBlock))


async def _answer(model: ScriptedChatModel) -> str:
    response = await model(HELLO)
    if isinstance(response, AsyncGenerator):
        return [_text(piece) async for piece in response][-1]
    return _text(response)


@pytest.mark.parametrize("stream", [True, False])
async def test_answers_are_given_one_a_call(stream: bool) -> None:
    async def later(messages: list[Msg]) -> str:
        await asyncio.sleep(0)
        return f"later: {messages[-1].get_text_content()}"

    def failing(messages: list[Msg]) -> Exception:
        return OSError(f"{len(messages)} messages")

    model = ScriptedChatModel(["one", lambda _: "two", later, failing], stream=stream)
    assert [await _answer(model) for _ in range(3)] == ["one", "two", "later: Hello"]
    with pytest.raises(OSError, match="1 messages"):
        await _answer(model)
    assert await _answer(model) == "(the script has no more answers)"
    assert len(model.calls) == 5


async def test_one_function_answers_every_call() -> None:
    async def echo(messages: list[Msg]) -> list[TextBlock]:
        await asyncio.sleep(0)
        return [TextBlock(text=str(messages[-1].get_text_content()))]

    model = ScriptedChatModel(echo)
    assert [await _answer(model) for _ in range(2)] == ["Hello", "Hello"]


async def test_an_answer_can_take_its_time() -> None:
    model = ScriptedChatModel(["one", OSError("no route")], stream=False, delay=0.05)
    for _ in range(2):
        began = time.monotonic()
        try:
            assert await _answer(model) == "one"
        except OSError:
            assert len(model.calls) == 2
        assert time.monotonic() - began >= 0.05


async def test_words_can_come_slowly() -> None:
    model = ScriptedChatModel(["one two three"], pause=0.03)
    response = await model(HELLO)
    assert isinstance(response, AsyncGenerator)
    began = time.monotonic()
    times = [(_text(piece), time.monotonic() - began) async for piece in response]
    assert [text for text, _ in times] == ["one", " two", " three", "one two three"]
    for (_, before), (_, after) in itertools.pairwise(times):
        assert after - before >= 0.02
