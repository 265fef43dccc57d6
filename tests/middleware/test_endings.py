"""However a reply ends, what was said is stored once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from agentscope import event as events
from agentscope.agent import Agent
from agentscope.event import (
    ReplyEndEvent,
    RequireUserConfirmEvent,
    TextBlockDeltaEvent,
)
from agentscope.message import TextBlock
from agentscope.middleware import MiddlewareBase
from agentscope.tool import Toolkit

from remanence.middleware import MemoryMiddleware
from remanence.testing.models import ScriptedChatModel
from tests.middleware.agents import (
    AskingTool,
    LookingTool,
    agent_of,
    call_of,
    says,
    script,
    stream_to,
    until,
)
from tests.middleware.places import OutboxPlace, Place, Spoken

pytestmark = pytest.mark.agentscope


async def _settled(place: Place, number: int) -> list[Spoken]:
    """Return what is stored when so much is: generators are closed in their own time."""
    for _ in range(200):
        told = await place.spoken()
        if len(told) >= number:
            return told
        await asyncio.sleep(0.01)
    return await place.spoken()


async def test_a_model_that_fails_does_not_lose_what_the_user_said(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    agent = await agent_of(script(ConnectionError("no model"), "Hello again."), middleware)

    with pytest.raises(ConnectionError):
        await agent.reply(says("My sister Nora lives in Ghent."))
    assert await place.spoken() == [("user", "Alice", "My sister Nora lives in Ghent.")]

    await agent.reply(says("Hello?"))
    assert (await place.spoken())[1:] == [
        ("user", "Alice", "Hello?"),
        ("assistant", "Robin", "Hello again."),
    ]
    assert agent.state.middle_context == {}


async def test_a_consumer_who_stops_reading_loses_nothing(place: Place) -> None:
    agent = await agent_of(
        script("Ghent is a fine town."), MemoryMiddleware(place.memory, user_id="alice")
    )
    stream = agent.reply_stream(says("Nora lives in Ghent."))
    async for event in stream:
        if isinstance(event, TextBlockDeltaEvent) and "fine" in event.delta:
            break
    await stream.aclose()

    told = await _settled(place, 2)
    assert told[0][2] == "Nora lives in Ghent."
    assert told[1][2].startswith("Ghent is a fine")


async def test_what_ended_is_stored_before_the_end_is_told(place: Place) -> None:
    agent = await agent_of(script("In Ghent."), MemoryMiddleware(place.memory, user_id="alice"))
    stream = agent.reply_stream(says("Where does Nora live?"))
    async for event in stream:
        if isinstance(event, ReplyEndEvent):
            break

    assert await place.spoken() == [
        ("user", "Alice", "Where does Nora live?"),
        ("assistant", "Robin", "In Ghent."),
    ]
    await stream.aclose()
    await asyncio.sleep(0.05)
    assert len(await place.spoken()) == 2


class _Insisting(MiddlewareBase):
    """Swallows the first end of a reply, so that the agent has to go on."""

    def __init__(self) -> None:
        self.swallowed = 0

    async def on_reply(
        self,
        agent: Agent,
        input_kwargs: dict[str, Any],
        next_handler: Callable[..., AsyncGenerator[Any, None]],
    ) -> AsyncGenerator[Any, None]:
        async for item in next_handler(**input_kwargs):
            if isinstance(item, ReplyEndEvent) and not self.swallowed:
                self.swallowed += 1
                continue
            yield item


async def test_a_reply_that_has_to_go_on_is_completed_not_doubled(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    insisting = _Insisting()
    agent = Agent(
        name="Robin",
        system_prompt="You are Robin.",
        model=script("In Ghent.", "Since last spring."),
        toolkit=Toolkit(tools=await middleware.list_tools()),
        middlewares=[insisting, middleware],
    )

    reply = await agent.reply(says("Where does Nora live?"))

    assert insisting.swallowed == 1
    told = await place.spoken()
    assert told[:2] == [
        ("user", "Alice", "Where does Nora live?"),
        ("assistant", "Robin", "In Ghent."),
    ]
    # AgentScope 2.0.3 ends a reply all the same; later ones let it go on.
    goes_on = "Since last spring." in (reply.get_text_content() or "")
    assert told[2:] == ([("assistant", "Robin", "Since last spring.")] if goes_on else [])
    assert agent.state.middle_context == {}


async def test_an_interrupted_reply_is_stored_as_far_as_it_came(place: Place) -> None:
    model = ScriptedChatModel(["Ghent is a fine town."], pause=0.05)
    agent = await agent_of(model, MemoryMiddleware(place.memory, user_id="alice"))
    heard = asyncio.Event()

    async def listen() -> None:
        async for event in agent.reply_stream(says("Tell me of Ghent.")):
            if isinstance(event, TextBlockDeltaEvent):
                heard.set()

    listening = asyncio.create_task(listen())
    await heard.wait()
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening

    question, *answer = await _settled(place, 2)
    assert question == ("user", "Alice", "Tell me of Ghent.")
    assert all("Ghent is a fine town.".startswith(text.strip()) for _, _, text in answer)
    assert len(answer) <= 1


@pytest.mark.skipif(
    not hasattr(events, "UserInterruptEvent"),
    reason="this AgentScope can't interrupt a reply that waits; the newest one can",
)
async def test_a_reply_interrupted_while_it_waits_leaves_no_canned_text(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    agent = await agent_of(script(call_of("order_tickets", "{}")), middleware, tools=[AskingTool()])
    asked = await stream_to(agent, says("Order two tickets, please."), RequireUserConfirmEvent)

    interrupt: Any = getattr(events, "UserInterruptEvent")  # noqa: B009 - older ones have none
    await agent.reply(interrupt(reply_id=asked.reply_id))

    told = await place.spoken(tools=True)
    assert told[0] == ("user", "Alice", "Order two tickets, please.")
    assert told[1:] in ([], [("tool", "order_tickets", "order_tickets({})\n(interrupted)")])
    assert agent.state.middle_context == {}


async def test_a_reply_cancelled_while_it_searches_can_be_repeated(outbox: OutboxPlace) -> None:
    outbox.service.script_recall("hanging")
    middleware = MemoryMiddleware(outbox.memory, user_id="alice", search_timeout=3600)
    agent = await agent_of(script("Hello, Alice."), middleware)

    question = says("Hello!")
    reply = asyncio.create_task(agent.reply(question))
    await until(outbox.asked)
    reply.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reply
    assert [message.id for message in agent.state.context][:1] == [question.id]
    assert await _settled(outbox, 1) == [("user", "Alice", "Hello!")]

    outbox.service.script_recall(None)
    await agent.reply(question)
    assert await outbox.spoken() == [
        ("user", "Alice", "Hello!"),
        ("assistant", "Robin", "Hello, Alice."),
    ]
    assert agent.state.middle_context == {}


async def test_a_reply_cancelled_while_it_stores_is_stored(outbox: OutboxPlace) -> None:
    outbox.service.script_deliver(0.3)
    middleware = MemoryMiddleware(outbox.memory, user_id="alice")
    agent = await agent_of(script("Hello, Alice."), middleware)

    reply = asyncio.create_task(agent.reply(says("Hello!")))
    await until(outbox.waiting)
    reply.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reply

    assert await outbox.spoken() == [
        ("user", "Alice", "Hello!"),
        ("assistant", "Robin", "Hello, Alice."),
    ]


async def _conversation(place: Place) -> Agent:
    """Return an agent whose next reply has every kind of event in it."""
    call = call_of("timetable", '{"town": "Ghent"}')
    model = ScriptedChatModel([[TextBlock(text="Let me look."), *call], "At nine, from Ghent."])
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    return await agent_of(model, middleware, tools=[LookingTool("9:00")])


async def _cancelled_at(place: Place, number: int | None) -> tuple[list[str], list[str]]:
    """Cancel whoever reads a reply at one of its events; return the events and what was heard."""
    agent = await _conversation(place)
    seen: list[str] = []
    heard: list[str] = []
    reached = asyncio.Event()

    async def listen() -> None:
        async for event in agent.reply_stream(says("When does Nora's train leave?")):
            seen.append(type(event).__name__)
            if isinstance(event, TextBlockDeltaEvent):
                heard.append(event.delta)
            if number is not None and len(seen) > number:
                reached.set()
                await asyncio.sleep(3600)

    listening = asyncio.create_task(listen())
    if number is not None:
        await reached.wait()
        listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening
    return seen, heard


async def test_cancelling_the_reader_at_any_event_loses_nothing(place: Place) -> None:
    kinds, _ = await _cancelled_at(place, None)
    assert {"ReplyStartEvent", "ToolResultEndEvent", "ReplyEndEvent"} <= set(kinds)
    complete = await place.spoken()
    assert [text for _, _, text in complete] == [
        "When does Nora's train leave?",
        "Let me look.",
        "At nine, from Ghent.",
    ] or [text for _, _, text in complete][1:] == ["Let me look.\nAt nine, from Ghent."]
    await place.forget("alice")

    for number in range(len(kinds)):
        seen, heard = await _cancelled_at(place, number)
        assert seen == kinds[: number + 1]
        expected = 1 + bool(heard)
        told = await _settled(place, expected)
        said = "".join(text for role, _, text in told if role == "assistant")
        where = f"cancelled at event {number}, a {kinds[number]}"
        assert [text for role, _, text in told if role == "user"] == [
            "When does Nora's train leave?"
        ], where
        assert said.replace("\n", "") == "".join(heard).strip(), where
        await place.forget("alice")


async def test_a_cancellation_that_hits_inside_the_reply_loses_nothing(place: Place) -> None:
    kinds, _ = await _cancelled_at(place, None)
    await place.forget("alice")
    for number in range(len(kinds)):
        agent = await _conversation(place)
        heard: list[str] = []

        async def listen(stop: int, agent: Agent, heard: list[str]) -> None:
            count = 0
            async for event in agent.reply_stream(says("When does Nora's train leave?")):
                if isinstance(event, TextBlockDeltaEvent):
                    heard.append(event.delta)
                if count == stop:
                    task = asyncio.current_task()
                    assert task is not None
                    task.cancel()  # takes effect where the agent, or the memory, waits next
                count += 1
            await asyncio.sleep(0)

        listening = asyncio.create_task(listen(number, agent, heard))
        with contextlib.suppress(asyncio.CancelledError):
            await listening
        told = await _settled(place, 1 + bool(heard))
        where = f"cancelled after event {number}, a {kinds[number]}"
        assert [role for role, _, _ in told].count("user") == 1, where
        said = "".join(text for role, _, text in told if role == "assistant")
        assert said.replace("\n", "") == "".join(heard).strip(), where
        await place.forget("alice")


async def test_closing_the_generator_at_any_event_loses_nothing(place: Place) -> None:
    kinds, _ = await _cancelled_at(place, None)
    await place.forget("alice")
    for number in range(len(kinds)):
        agent = await _conversation(place)
        stream = agent.reply_stream(says("When does Nora's train leave?"))
        heard = ""
        for _ in range(number + 1):
            event = await anext(stream)
            heard += event.delta if isinstance(event, TextBlockDeltaEvent) else ""
        await stream.aclose()
        told = await _settled(place, 1 + bool(heard))
        said = "".join(text for role, _, text in told if role == "assistant")
        where = f"closed at event {number}, a {kinds[number]}"
        assert [role for role, _, _ in told].count("user") == 1, where
        assert said.replace("\n", "") == heard.strip(), where
        await place.forget("alice")
