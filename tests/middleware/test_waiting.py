"""Replies that wait for somebody outside: one exchange, whatever happens meanwhile."""

from __future__ import annotations

import pytest
from agentscope.event import (
    ExternalExecutionResultEvent,
    RequireExternalExecutionEvent,
    RequireUserConfirmEvent,
)
from agentscope.message import TextBlock, ToolCallBlock, ToolResultBlock, ToolResultState

from remanence.middleware import MemoryMiddleware
from tests.middleware.agents import (
    AskingTool,
    ExternalTool,
    agent_of,
    answered,
    call_of,
    restored,
    says,
    script,
    stream_to,
)
from tests.middleware.places import EnginePlace, Place

pytestmark = pytest.mark.agentscope


async def test_a_reply_that_waits_for_permission_is_one_exchange(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    first = await agent_of(script(call_of("order_tickets", "{}")), middleware, tools=[AskingTool()])
    asked = await stream_to(first, says("Order two tickets, please."), RequireUserConfirmEvent)
    assert await place.spoken(tools=True) == []

    state = restored(first.state)
    async with place.reopen() as other_process:
        second = await agent_of(
            script("They are ordered."),
            MemoryMiddleware(other_process, user_id="alice"),
            tools=[AskingTool()],
            state=state,
        )
        await second.reply(answered(asked))

    assert await place.spoken() == [
        ("user", "Alice", "Order two tickets, please."),
        ("assistant", "Robin", "They are ordered."),
    ]
    assert state.middle_context == {}


async def test_the_call_and_its_result_are_one_turn_of_the_record(engine: EnginePlace) -> None:
    middleware = MemoryMiddleware(engine.memory, user_id="alice")
    model = script(call_of("order_tickets", "{}"), "They are ordered.")
    agent = await agent_of(model, middleware, tools=[AskingTool()])
    asked = await stream_to(agent, says("Order two tickets, please."), RequireUserConfirmEvent)
    await agent.reply(answered(asked))

    assert [text for role, _, text in await engine.spoken(tools=True) if role == "tool"] == [
        "order_tickets({})\nTwo tickets are ordered."
    ]


async def test_a_permission_that_is_refused_leaves_no_canned_text(engine: EnginePlace) -> None:
    middleware = MemoryMiddleware(engine.memory, user_id="alice")
    model = script(call_of("order_tickets", "{}"), "As you wish.")
    agent = await agent_of(model, middleware, tools=[AskingTool()])
    asked = await stream_to(agent, says("Order two tickets, please."), RequireUserConfirmEvent)

    await agent.reply(answered(asked, confirmed=False))

    assert await engine.spoken(tools=True) == [
        ("user", "Alice", "Order two tickets, please."),
        ("tool", "order_tickets", "order_tickets({})\n(denied)"),
        ("assistant", "Robin", "As you wish."),
    ]


async def test_a_result_from_outside_completes_the_exchange(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    model = script(call_of("open_door", "{}"), "The door is open.")
    agent = await agent_of(model, middleware, tools=[ExternalTool()])
    asked = await stream_to(agent, says("Open the door."), RequireExternalExecutionEvent)
    assert await place.spoken(tools=True) == []

    result = ToolResultBlock(
        id=asked.tool_calls[0].id,
        name="open_door",
        output=[TextBlock(text="Click.")],
        state=ToolResultState.SUCCESS,
    )
    event = ExternalExecutionResultEvent(reply_id=asked.reply_id, execution_results=[result])
    await agent.reply(event)

    assert await place.spoken() == [
        ("user", "Alice", "Open the door."),
        ("assistant", "Robin", "The door is open."),
    ]
    if isinstance(place, EnginePlace):
        assert (await place.spoken(tools=True))[1] == ("tool", "open_door", "open_door({})\nClick.")


async def test_two_calls_answered_one_after_the_other_are_one_exchange(place: Place) -> None:
    calls = [
        ToolCallBlock(id=name, name="order_tickets", input="{}") for name in ("first", "second")
    ]
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    agent = await agent_of(
        script(calls, "Both are ordered.", "Never said."), middleware, tools=[AskingTool()]
    )
    asked = [
        event
        async for event in agent.reply_stream(says("Order twice, please."))
        if isinstance(event, RequireUserConfirmEvent)
    ]
    for _ in range(4):  # some frameworks ask for the second only after the first
        if not asked:
            break
        assert await place.spoken(tools=True) == []
        answer = answered(asked.pop(0))
        asked += [
            event
            async for event in agent.reply_stream(answer)
            if isinstance(event, RequireUserConfirmEvent)
        ]

    assert await place.spoken() == [
        ("user", "Alice", "Order twice, please."),
        ("assistant", "Robin", "Both are ordered."),
    ]
    assert agent.state.middle_context == {}


async def test_a_message_refused_while_a_reply_waits_loses_nothing(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    model = script(call_of("order_tickets", "{}"), "They are ordered.")
    agent = await agent_of(model, middleware, tools=[AskingTool()])
    asked = await stream_to(agent, says("Order two tickets, please."), RequireUserConfirmEvent)

    with pytest.raises(ValueError, match="wait"):
        await agent.reply(says("Hello?"))
    await agent.reply(answered(asked))

    assert await place.spoken() == [
        ("user", "Alice", "Order two tickets, please."),
        ("assistant", "Robin", "They are ordered."),
    ]


async def test_a_reply_that_waited_in_vain_is_kept_when_the_next_one_begins(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    model = script(call_of("order_tickets", "{}"), "Hello.")
    agent = await agent_of(model, middleware, tools=[AskingTool()])
    await stream_to(agent, says("Order two tickets, please."), RequireUserConfirmEvent)

    agent.state.context = []  # somebody clears the conversation
    await agent.reply(says("Hello!"))

    assert await place.spoken() == [
        ("user", "Alice", "Order two tickets, please."),
        ("user", "Alice", "Hello!"),
        ("assistant", "Robin", "Hello."),
    ]
