"""What only some models, tools and frameworks tell: it is stored, and breaks no reply."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import Any

import pytest
from agentscope.agent import Agent
from agentscope.event import (
    DataBlockDeltaEvent,
    DataBlockEndEvent,
    DataBlockStartEvent,
    ReplyEndEvent,
    TextBlockEndEvent,
)
from agentscope.message import DataBlock, TextBlock, URLSource
from agentscope.middleware import MiddlewareBase
from agentscope.tool import ToolChunk, Toolkit

from remanence import Filter
from remanence.middleware import MemoryMiddleware
from remanence.testing.models import ScriptedChatModel
from remanence.types import Episode
from tests.middleware.agents import LookingTool, agent_of, call_of, says, script
from tests.middleware.places import EnginePlace, OutboxPlace, Place

pytestmark = pytest.mark.agentscope


class _Changing(MiddlewareBase):
    """Stands between the agent and the memory, and changes what the memory is told."""

    def __init__(self, change: Callable[[Any], Sequence[Any]]) -> None:
        self._change = change

    async def on_reply(
        self,
        agent: Agent,
        input_kwargs: dict[str, Any],
        next_handler: Callable[..., AsyncGenerator[Any, None]],
    ) -> AsyncGenerator[Any, None]:
        async for item in next_handler(**input_kwargs):
            for changed in self._change(item):
                yield changed


async def _agent(place: Place, answer: str, change: Callable[[Any], Sequence[Any]]) -> Agent:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    return Agent(
        name="Robin",
        system_prompt="You are Robin.",
        model=script(answer),
        toolkit=Toolkit(tools=await middleware.list_tools()),
        middlewares=[middleware, _Changing(change)],
    )


@pytest.mark.skipif(
    "text" not in TextBlockEndEvent.model_fields,
    reason="this AgentScope does not tell what was heard of a spoken text; the newest one does",
)
async def test_a_spoken_text_is_stored_as_far_as_it_was_heard(place: Place) -> None:
    def cut(item: Any) -> Sequence[Any]:
        if isinstance(item, TextBlockEndEvent):
            return [item.model_copy(update={"text": "Ghent is"})]
        return [item]

    agent = await _agent(place, "Ghent is a fine town.", cut)
    await agent.reply(says("Tell me of Ghent."))

    assert (await place.spoken())[1] == ("assistant", "Robin", "Ghent is")


@pytest.mark.parametrize("url", [None, "https://example.org/map.png"])
async def test_a_picture_that_an_agent_shows_is_stored_as_a_reference(
    place: Place, url: str | None
) -> None:
    if url is not None and "url" not in DataBlockDeltaEvent.model_fields:
        pytest.skip("this AgentScope does not tell where a picture is; the newest one does")

    def show(item: Any) -> Sequence[Any]:
        if not isinstance(item, ReplyEndEvent):
            return [item]
        named: dict[str, Any] = {"reply_id": item.reply_id, "block_id": "picture"}
        kind = {"media_type": "image/png"}
        delta = {"data": "aGk="} if url is None else {"data": None, "url": url}
        return [
            DataBlockStartEvent.model_validate(named | kind | {"name": "map"}),
            DataBlockDeltaEvent.model_validate(named | kind | delta),
            DataBlockEndEvent.model_validate(named),
            item,
        ]

    agent = await _agent(place, "Here is a map.", show)
    await agent.reply(says("Show me Ghent."))

    caption, picture = (await place.spoken())[1][2].split("\n")
    assert caption == "Here is a map."
    assert "of type image/png" in picture
    assert "aGk=" not in picture
    if url is not None:
        assert "'map'" in picture
        assert url in picture


class _PaintingTool(LookingTool):
    """A tool that returns a picture."""

    async def call(self, town: str = "") -> ToolChunk:
        url = "https://example.org/line.png"
        source = URLSource.model_validate({"url": url, "media_type": "image/png"})
        return ToolChunk(content=[TextBlock(text="The line:"), DataBlock(source=source)])


async def test_a_picture_that_a_tool_returns_is_a_reference_in_its_result(
    engine: EnginePlace,
) -> None:
    agent = await agent_of(
        script(call_of("timetable", "{}"), "There."),
        MemoryMiddleware(engine.memory, user_id="alice"),
        tools=[_PaintingTool("")],
    )

    await agent.reply(says("Show me the line."))

    result = (await engine.spoken(tools=True))[1][2]
    assert result.startswith("timetable({})\nThe line:")
    assert "https://example.org/line.png" in result


@pytest.mark.parametrize("name", ["time\x00table", "t" * 10_000])
async def test_a_tool_that_no_store_can_name_does_not_lose_the_reply(
    engine: EnginePlace, name: str
) -> None:
    middleware = MemoryMiddleware(engine.memory, user_id="alice")
    call = call_of(name, "{}", call_id=f"call of {name}")
    model = ScriptedChatModel([call, "I can't."], context_size=10_000_000)
    agent = await agent_of(model, middleware)

    await agent.reply(says("When is the train?"))

    question, tool, answer = await engine.spoken(tools=True)
    assert (question[2], tool[0], answer[2]) == ("When is the train?", "tool", "I can't.")
    assert middleware.faults == {}


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Let the machine stand in Tokyo."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("tokyo")
@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-03-01T09:30:00+02:00", dt.datetime(2026, 3, 1, 7, 30, tzinfo=dt.UTC)),
        ("2026-03-01T09:30:00", dt.datetime(2026, 3, 1, 0, 30, tzinfo=dt.UTC)),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T23:59:59+00:00", None),
        ("this morning", None),
    ],
)
async def test_what_was_heard_is_stored_with_its_own_time(
    engine: EnginePlace, written: str, at: dt.datetime | None
) -> None:
    middleware = MemoryMiddleware(engine.memory, user_id="alice")
    agent = await agent_of(script("Good."), middleware)
    message = says("Hello!")
    message.created_at = written
    begun = dt.datetime.now(dt.UTC)

    await agent.reply(message)

    page = await engine.memory.list(scope=Filter("alice"))
    heard = page.items[0]
    assert isinstance(heard, Episode)
    if at is None:
        assert begun - dt.timedelta(seconds=1) < heard.at < begun + dt.timedelta(minutes=1)
    else:
        assert heard.at == at
    assert middleware.faults == {}


async def test_what_is_stored_has_the_ids_of_the_messages_in_the_context(
    outbox: OutboxPlace,
) -> None:
    agent = await agent_of(script("Good."), MemoryMiddleware(outbox.memory, user_id="alice"))

    await agent.reply(says("Hello!"))

    (delivery,) = outbox.service.deliveries
    assert delivery.exchange is not None
    context = [message.id for message in agent.state.context]
    assert [message.id for message in delivery.exchange.messages] == context
    assert delivery.exchange.reply_id == context[-1]


async def test_no_two_messages_of_a_reply_that_goes_on_have_one_id(outbox: OutboxPlace) -> None:
    swallowed: list[ReplyEndEvent] = []

    def swallow(item: Any) -> Sequence[Any]:
        if isinstance(item, ReplyEndEvent) and not swallowed:
            swallowed.append(item)
            return []
        return [item]

    middleware = MemoryMiddleware(outbox.memory, user_id="alice")
    model = script("In Ghent.", "Since spring.")
    agent = Agent(
        name="Robin",
        system_prompt="",
        model=model,
        middlewares=[_Changing(swallow), middleware],
    )
    await agent.reply(says("Where does Nora live?"))

    exchanges = [each.exchange for each in outbox.service.deliveries if each.exchange is not None]
    ids = [message.id for exchange in exchanges for message in exchange.messages]
    assert len(exchanges) == len(model.calls)  # AgentScope 2.0.3 ends the reply all the same
    assert len({exchange.key for exchange in exchanges}) == len(exchanges)
    assert len(set(ids)) == len(ids)


async def test_a_tool_call_without_a_result_is_told_as_that(engine: EnginePlace) -> None:
    agent = await agent_of(
        script(call_of("timetable", "{}")),
        MemoryMiddleware(engine.memory, user_id="alice"),
        tools=[LookingTool("9:00")],
    )
    stream = agent.reply_stream(says("When is the train?"))
    async for event in stream:
        if type(event).__name__ == "ToolCallEndEvent":
            break
    await stream.aclose()

    for _ in range(200):
        if len(await engine.spoken(tools=True)) == 2:
            break
        await asyncio.sleep(0.01)
    assert (await engine.spoken(tools=True))[1][2] == "timetable({})\n(no result)"


async def test_a_blank_answer_is_no_turn(place: Place) -> None:
    agent = await agent_of(script(" \n"), MemoryMiddleware(place.memory, user_id="alice"))

    await agent.reply(says("Say nothing."))

    assert await place.spoken() == [("user", "Alice", "Say nothing.")]
