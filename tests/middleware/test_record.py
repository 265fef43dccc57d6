"""The record of a reply: what was really said, by whom, in order, and nothing else."""

from __future__ import annotations

import inspect
import json
from typing import cast

import pytest
from agentscope.agent import Agent
from agentscope.message import (
    Base64Source,
    DataBlock,
    HintBlock,
    Msg,
    TextBlock,
    ToolResultState,
    URLSource,
)
from pydantic import BaseModel

from remanence import Filter, Scope
from remanence.middleware import MemoryMiddleware
from remanence.testing.models import ScriptedChatModel
from remanence.types import Episode
from tests.middleware.agents import (
    LookingTool,
    agent_of,
    call_of,
    says,
    script,
)
from tests.middleware.places import EnginePlace, OutboxPlace, Place

pytestmark = pytest.mark.agentscope


async def test_what_was_said_is_stored_in_order_with_speakers(engine: EnginePlace) -> None:
    memory = engine.memory
    middleware = MemoryMiddleware(memory, user_id="alice", agent_id="robin")
    agent = await agent_of(script("How lovely, a poodle!"), middleware)

    await agent.reply(says("I got a dog called Pixel."))

    scope = Scope("alice", "robin", agent.state.session_id)
    page = await memory.list(scope=scope)
    told = [
        (item.role, item.name, item.content) for item in page.items if isinstance(item, Episode)
    ]
    assert told == [
        ("user", "Alice", "I got a dog called Pixel."),
        ("assistant", "Robin", "How lovely, a poodle!"),
    ]
    assert all(item.scope == scope for item in page.items)


async def test_text_around_a_tool_call_is_stored_and_memory_tools_are_not(place: Place) -> None:
    call = call_of("search_memory", '{"keywords": ["Nora"]}')
    model = script([TextBlock(text="Let me look."), *call], "She lives in Ghent.")
    agent = await agent_of(model, MemoryMiddleware(place.memory, user_id="alice"))
    await place.tell("Nora lives in Ghent.")

    await agent.reply(says("Where is Nora?"))

    (_, (_, _, question), (role, name, answer)) = await place.spoken()
    assert question == "Where is Nora?"
    assert (role, name, answer) == ("assistant", "Robin", "Let me look.\nShe lives in Ghent.")


async def test_other_tools_are_in_the_record_marked_and_in_order(engine: EnginePlace) -> None:
    call = call_of("timetable", '{"town": "Ghent"}')
    model = script([TextBlock(text="Let me look."), *call], "At nine.")
    agent = await agent_of(
        model,
        MemoryMiddleware(engine.memory, user_id="alice"),
        tools=[LookingTool("Ghent: 9:00, platform 4")],
    )

    await agent.reply(says("When is the train?"))

    assert await engine.spoken(tools=True) == [
        ("user", "Alice", "When is the train?"),
        ("assistant", "Robin", "Let me look."),
        ("tool", "timetable", 'timetable({"town": "Ghent"})\nGhent: 9:00, platform 4'),
        ("assistant", "Robin", "At nine."),
    ]
    page = await engine.memory.list(scope=Filter("alice"))
    (marked,) = [item.metadata for item in page.items if item.metadata]
    assert marked == {"tool": "timetable", "tool_call_id": "call-1", "state": "success"}


async def test_an_outside_service_is_told_what_people_said_only(outbox: OutboxPlace) -> None:
    model = script(call_of("timetable", "{}"), "At nine.")
    agent = await agent_of(
        model,
        MemoryMiddleware(outbox.memory, user_id="alice"),
        tools=[LookingTool("Ghent: 9:00")],
    )

    await agent.reply(says("When is the train?"))

    assert await outbox.spoken() == [
        ("user", "Alice", "When is the train?"),
        ("assistant", "Robin", "At nine."),
    ]


async def test_long_calls_and_results_are_shortened(engine: EnginePlace) -> None:
    call = call_of("timetable", json.dumps({"town": "G" * 3_000}))
    agent = await agent_of(
        script(call, "At nine."),
        MemoryMiddleware(engine.memory, user_id="alice"),
        tools=[LookingTool("9:00 " * 1_000)],
    )

    await agent.reply(says("When is the train?"))

    told = (await engine.spoken(tools=True))[1][2]
    assert len(told) < 2_700
    assert "3,012 characters, shortened" in told
    assert "5,000 characters, shortened" in told


async def test_a_tool_that_fails_is_in_the_record_as_failed(engine: EnginePlace) -> None:
    agent = await agent_of(
        script(call_of("timetable", "{}"), "I can't tell."),
        MemoryMiddleware(engine.memory, user_id="alice"),
        tools=[LookingTool("no line", state=ToolResultState.ERROR)],
    )

    await agent.reply(says("When is the train?"))

    role, name, told = (await engine.spoken(tools=True))[1]
    assert (role, name) == ("tool", "timetable")
    assert told == "timetable({})\n(error) no line"


async def test_recalled_notes_and_hints_are_never_stored(place: Place) -> None:
    await place.tell("Nora lives in Ghent.")
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    agent = await agent_of(script("In Ghent.", "Yes."), middleware)
    question = says("Where does Nora live?")
    question.content = [*question.content, HintBlock(hint="The system says: be brief.")]

    await agent.reply(question)
    await agent.reply(says("Does Nora live there?"))

    assert (await place.spoken())[1:] == [
        ("user", "Alice", "Where does Nora live?"),
        ("assistant", "Robin", "In Ghent."),
        ("user", "Alice", "Does Nora live there?"),
        ("assistant", "Robin", "Yes."),
    ]


async def test_files_are_kept_as_references_with_their_captions(place: Place) -> None:
    agent = await agent_of(script("I see."), MemoryMiddleware(place.memory, user_id="alice"))
    source = URLSource.model_validate(
        {"url": "https://example.org/dog.png", "media_type": "image/png"}
    )
    message = Msg(
        name="Alice",
        role="user",
        content=[TextBlock(text="Look, my new dog!"), DataBlock(name="Pixel", source=source)],
    )

    await agent.reply(message)

    told = (await place.spoken())[0][2]
    assert told.startswith("Look, my new dog!\n")
    assert "'Pixel'" in told
    assert "https://example.org/dog.png" in told


async def test_what_peers_say_is_stored_under_their_names(place: Place) -> None:
    agent = await agent_of(script("Noted."), MemoryMiddleware(place.memory, user_id="alice"))
    peer = Msg(name="Kim", role="assistant", content=[TextBlock(text="The cake is ready.")])

    await agent.reply([peer, says("Good!")])

    assert await place.spoken() == [
        ("assistant", "Kim", "The cake is ready."),
        ("user", "Alice", "Good!"),
        ("assistant", "Robin", "Noted."),
    ]


async def test_an_image_alone_is_a_turn(place: Place) -> None:
    agent = await agent_of(script("A poodle!"), MemoryMiddleware(place.memory, user_id="alice"))
    image = DataBlock(name="dog.png", source=Base64Source(data="aGk=", media_type="image/png"))

    await agent.reply(Msg(name="Alice", role="user", content=[image]))

    (_, (_, _, answer)) = told = await place.spoken()
    assert "dog.png" in told[0][2]
    assert answer == "A poodle!"


async def test_agents_who_hear_each_other_in_one_session_lose_nothing(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    call = call_of("search_memory", '{"keywords": ["Nora"]}')
    first = await agent_of(
        script([TextBlock(text="Let me look."), *call], "She lives in Ghent."), middleware
    )
    second = await agent_of(script("A fine town."), middleware)
    second.state.session_id = first.state.session_id

    answer = await first.reply(says("Where is Nora?"))
    await second.reply([answer])

    told = [content for _, _, content in await place.spoken()]
    assert told[0] == "Where is Nora?"
    assert told[-1] == "A fine town."
    assert any("Let me look." in content for content in told)
    assert middleware.faults == {}


async def test_what_no_store_can_keep_does_not_lose_the_rest(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    model = ScriptedChatModel(["A \x00 fine town."], context_size=10_000_000)
    agent = await agent_of(model, middleware)
    long = "x" * 1_000_001

    await agent.reply([says("Nora\x00 lives in Ghent.", name="  Alice\n "), says(long)])

    told = await place.spoken()
    assert told[0] == ("user", "Alice", "Nora\ufffd lives in Ghent.")
    assert [content for _, _, content in told[1:3]] == ["x" * 1_000_000, "x"]
    assert told[3][2] == "A \ufffd fine town."
    assert middleware.faults == {}


class _Address(BaseModel):
    """What a structured reply has to give."""

    town: str
    country: str


@pytest.mark.skipif(
    "structured_schema" not in inspect.signature(Agent.reply).parameters,
    reason="this AgentScope has no structured replies; the newest one does",
)
async def test_the_data_of_a_structured_reply_is_stored(place: Place) -> None:
    data = '{"town": "Liège", "country": "Belgium"}'
    model = script(call_of("GenerateStructuredOutput", data))
    agent = await agent_of(model, MemoryMiddleware(place.memory, user_id="alice"))

    reply = await agent.reply(says("Where does Nora live?"), structured_schema=_Address)

    output = cast("dict[str, str]", reply.structured_output)  # pyright: ignore[reportUnknownMemberType] - a bare dict there
    assert output == {"town": "Liège", "country": "Belgium"}
    assert await place.spoken() == [
        ("user", "Alice", "Where does Nora live?"),
        ("assistant", "Robin", data),
    ]
    assert await place.spoken(tools=True) == await place.spoken()


async def test_what_an_agent_observes_between_replies_is_stored(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    agent = await agent_of(script("Good.", "At nine."), middleware)
    await place.tell("Nora takes the train.")

    await agent.observe(says("I am Nora.", name="Nora"))
    await agent.reply(says("Hello!"))
    await agent.observe([says("My train leaves at nine.", name="Nora")])
    await agent.reply(says("When does Nora's train leave?"))

    assert [(name, content) for _, name, content in (await place.spoken())[1:]] == [
        ("Nora", "I am Nora."),
        ("Alice", "Hello!"),
        ("Robin", "Good."),
        ("Nora", "My train leaves at nine."),
        ("Alice", "When does Nora's train leave?"),
        ("Robin", "At nine."),
    ]
