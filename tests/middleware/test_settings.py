"""What a middleware is told to do otherwise, and what it leaves to others on the same agent."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
from typing import Any

import pytest
from agentscope.agent import Agent
from agentscope.event import RequireUserConfirmEvent
from agentscope.state import AgentState

from remanence import Filter, InputError, Scope
from remanence.middleware import MemoryMiddleware, NoteTexts
from remanence.testing.models import ScriptedChatModel
from remanence.types import Episode
from tests.middleware.agents import (
    AskingTool,
    agent_of,
    answered,
    call_of,
    hints,
    says,
    script,
    stream_to,
)
from tests.middleware.places import EnginePlace, OutboxPlace, Place

pytestmark = pytest.mark.agentscope

QUESTION = "Where does my sister Nora live?"


async def test_its_words_can_be_ones_own(place: Place) -> None:
    await place.tell("My sister Nora lives in Ghent.")
    model = script("In Ghent.")
    middleware = MemoryMiddleware(
        place.memory,
        user_id="alice",
        texts=NoteTexts(header="# Notebook", intro="Old quotations."),
        tool_instructions="Look into the notebook with `search_memory`.",
    )
    await (await agent_of(model, middleware)).reply(says(QUESTION))

    (note,) = hints(model.calls[0])
    assert note.startswith("# Notebook\nOld quotations.\n<memories>\n")
    (system,) = model.calls[0][0].get_content_blocks("text")
    assert system.text.endswith("Look into the notebook with `search_memory`.")


async def test_a_note_begins_with_what_it_is_and_tells_the_oldest_first(place: Place) -> None:
    await place.tell("Nora's dog is a poodle, a dog of Ghent.")
    await asyncio.sleep(0.01)
    await place.tell("Nora's dog barks.")
    agent = await agent_of(script("A poodle."), MemoryMiddleware(place.memory, user_id="alice"))

    for question in ("Is Nora's dog a poodle, a dog of Ghent?", "Who barks, Nora's dog?"):
        await agent.reply(says(question))
        (note,) = hints(agent.state.context)
        header, intro, fence, first, second, _ = note.split("\n")
        assert header == NoteTexts().header
        assert intro == NoteTexts().intro
        assert fence == "<memories>"
        assert "poodle" in first
        assert "barks" in second
        assert first.startswith(f"- [{dt.datetime.now().astimezone():%Y-}")


async def test_what_is_said_is_dated_by_its_clock(engine: EnginePlace) -> None:
    class Noon:
        def now(self) -> dt.datetime:
            return dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

    middleware = MemoryMiddleware(engine.memory, user_id="alice", clock=Noon())
    await (await agent_of(script("In Ghent."), middleware)).reply(says(QUESTION))

    page = await engine.memory.list(scope=Filter("alice"))
    answer = page.items[1]
    assert isinstance(answer, Episode)
    assert answer.at == Noon().now()


async def test_a_service_is_asked_as_it_was_set(outbox: OutboxPlace) -> None:
    middleware = MemoryMiddleware(
        outbox.memory, user_id="alice", agent_id="robin", top_k=3, threshold=0.3
    )
    model = script(call_of("search_memory", '{"keywords": ["Nora"], "limit": 2}'), "In Ghent.")
    agent = await agent_of(model, middleware)
    question = says(QUESTION + " " + "x" * 5_000 + "?")

    await agent.reply(question)

    first, second = outbox.service.requests
    assert (first.limit, second.limit) == (3, 2)
    assert len(first.query) == 2_000
    assert first.query.endswith("x?")
    for request in (first, second):
        assert request.threshold == 0.3
        assert request.where == Filter("alice", "robin")
        assert request.asking == Scope("alice", "robin", agent.state.session_id)
        assert question.id in request.visible


async def test_a_blank_message_is_not_searched_for(outbox: OutboxPlace) -> None:
    agent = await agent_of(script("Yes?"), MemoryMiddleware(outbox.memory, user_id="alice"))

    await agent.reply(says("  "))

    assert outbox.service.requests == []


async def test_static_control_advertises_no_tools_of_another_memory(place: Place) -> None:
    tools = await MemoryMiddleware(place.memory, user_id="team").list_tools()
    static = MemoryMiddleware(place.memory, user_id="alice", mode="static_control")
    model = script("In Ghent.")
    agent = await agent_of(model, static, tools=tools)

    await agent.reply(says(QUESTION))

    (system,) = model.calls[0][0].get_content_blocks("text")
    assert system.text == "You are Robin."


async def test_agent_control_leaves_no_note_of_a_former_mode(place: Place) -> None:
    await place.tell("My sister Nora lives in Ghent.")
    both = MemoryMiddleware(place.memory, user_id="alice")
    agent = await agent_of(script("In Ghent."), both)
    await agent.reply(says(QUESTION))
    assert len(hints(agent.state.context)) == 1

    model = script("I don't know.")
    control = MemoryMiddleware(place.memory, user_id="alice", mode="agent_control")
    later = await agent_of(model, control, state=agent.state)
    await later.reply(says(QUESTION))

    assert hints(model.calls[0]) == []
    assert hints(later.state.context) == []


async def test_what_waits_is_in_the_state_under_the_middlewares_name(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice", agent_id="robin")
    agent = await agent_of(script(call_of("order_tickets", "{}")), middleware, tools=[AskingTool()])
    await stream_to(agent, says("Order two tickets, please."), RequireUserConfirmEvent)

    (name,) = agent.state.middle_context
    assert name.startswith(await middleware.get_middleware_key())


async def test_memories_of_two_agents_and_of_two_kinds_do_not_collide(
    engine: EnginePlace, outbox: OutboxPlace
) -> None:
    for place in (engine, outbox):
        for agent_id in ("robin", "jay"):
            await place.tell("Nora is in Ghent.", scope=Scope("alice", agent_id, "spring"))
    middlewares = [
        MemoryMiddleware(place.memory, user_id="alice", agent_id=agent_id, mode="static_control")
        for place in (engine, outbox)
        for agent_id in ("robin", "jay")
    ]
    model = script("In Ghent.", "Yes.")
    agent = Agent(name="Robin", system_prompt="", model=model, middlewares=[*middlewares])

    await agent.reply(says("Where is Nora?"))
    assert len(hints(model.calls[0])) == 4

    for place in (engine, outbox):
        texts = [text for _, _, text in await place.spoken()]
        assert sorted(texts) == sorted(["Nora is in Ghent.", "Where is Nora?", "In Ghent."] * 2)


async def test_a_reply_that_waits_for_one_user_is_not_stored_as_anothers(place: Place) -> None:
    users = iter(["alice", "bob", "alice"])
    middleware = MemoryMiddleware(place.memory, user_id=lambda _: next(users))
    model = script(call_of("order_tickets", "{}"), "They are ordered.", "Hello.")
    agent = await agent_of(model, middleware, tools=[AskingTool()])

    asked = await stream_to(agent, says("Order two tickets, please."), RequireUserConfirmEvent)
    await agent.reply(answered(asked))
    assert await place.spoken("bob") == []
    await agent.reply(says("Hello!"))

    assert [text for _, _, text in await place.spoken("alice")] == [
        "Order two tickets, please.",
        "Hello!",
        "Hello.",
    ]
    assert await place.spoken("bob") == []


@pytest.mark.parametrize("session_id", ["", "*", " a ", "a\nb", "s" * 600])
async def test_a_session_that_no_scope_can_name_has_a_memory(place: Place, session_id: str) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    state = AgentState(session_id=session_id)
    agent = await agent_of(ScriptedChatModel(lambda _: "I see."), middleware, state=state)

    await agent.reply(says("My sister Nora lives in Ghent."))
    await agent.reply(says(QUESTION))
    assert hints(agent.state.context) == []  # it is still in the context
    agent.state.context = []
    await agent.reply(says(QUESTION))

    assert "lives in Ghent" in str(hints(agent.state.context))
    assert len(await place.spoken()) == 6
    assert middleware.faults == {}


def _efforts() -> int:
    """Return how many records of what is under way there are in this process."""
    gc.collect()
    return sum(type(each).__name__ == "_Effort" for each in gc.get_objects())


async def test_nothing_is_left_in_memory_of_agents_that_are_gone(outbox: OutboxPlace) -> None:
    before = _efforts()
    middleware = MemoryMiddleware(outbox.memory, user_id="alice")
    for _ in range(20):
        await (await agent_of(script("Hello."), middleware)).reply(says("Hello!"))
    await asyncio.sleep(0)
    assert _efforts() <= before


async def test_tools_reach_nobody_where_the_user_can_no_longer_be_told(place: Place) -> None:
    await place.tell("Nora lives in Ghent.")
    users = iter(["alice", ""])
    middleware = MemoryMiddleware(place.memory, user_id=lambda _: next(users))
    model = script("Hello.", call_of("search_memory", '{"keywords": ["Nora"]}'), "I can't tell.")
    agent = await agent_of(model, middleware)

    await agent.reply(says("Hello!"))
    await agent.reply(says(QUESTION))

    (result,) = agent.state.context[-1].get_content_blocks("tool_result")
    assert result.state == "error"
    assert "Ghent" not in str(result.output)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clock", lambda: None),
        ("clock", object()),
        ("tool_prefix", None),
        ("tool_prefix", "a b"),
        ("tool_instructions", 3),
        ("await_write", 3),
        ("emit_hint_event", "x"),
        ("scope_search_by_agent", "no"),
    ],
)
async def test_what_is_no_setting_is_refused(place: Place, field: str, value: object) -> None:
    settings: dict[str, Any] = {field: value}
    with pytest.raises(InputError, match=f"^{field}: "):
        MemoryMiddleware(place.memory, user_id="alice", **settings)
