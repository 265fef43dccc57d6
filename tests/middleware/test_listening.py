"""What an agent hears, whenever it hears it: stored once, in order, and asked about."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from agentscope.agent import Agent
from agentscope.event import RequireUserConfirmEvent, TextBlockDeltaEvent, ToolResultEndEvent
from agentscope.message import Msg

from remanence.middleware import MemoryMiddleware
from remanence.testing.models import ScriptedChatModel
from tests.middleware.agents import (
    AskingTool,
    LookingTool,
    agent_of,
    answered,
    call_of,
    hints,
    restored,
    says,
    script,
    stream_to,
)
from tests.middleware.places import EnginePlace, OutboxPlace, Place

pytestmark = pytest.mark.agentscope

NORA = says("I am Nora.", name="Nora")
LEE = says("I am Lee.", name="Lee")


async def _asked(place: Place) -> tuple[Agent, MemoryMiddleware]:
    """Return an agent that will look something up and answer, twice."""
    call = call_of("timetable", "{}")
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    model = script(call, "At nine.", "You're welcome.")
    return await agent_of(model, middleware, tools=[LookingTool("9:00")]), middleware


async def _observes(agent: Agent, kind: type, change: Callable[[], None] = lambda: None) -> None:
    """Let an agent observe Nora and Lee at the first event of a kind in its reply."""
    told = False
    async for event in agent.reply_stream(says("When does the train leave?")):
        if isinstance(event, kind) and not told:
            told = True
            change()
            await agent.observe([NORA, LEE])
    assert told


async def _texts(place: Place) -> list[str]:
    return [text for _, _, text in await place.spoken()]


@pytest.mark.parametrize("kind", [ToolResultEndEvent, TextBlockDeltaEvent])
async def test_what_an_agent_observes_while_it_replies_is_stored_once(
    place: Place, kind: type
) -> None:
    agent, middleware = await _asked(place)

    await _observes(agent, kind)
    await agent.reply(says("Thank you."))

    texts = await _texts(place)
    heard = ["I am Nora.", "I am Lee."]
    before = kind is ToolResultEndEvent
    assert texts[1:4] == ([*heard, "At nine."] if before else ["At nine.", *heard])
    assert texts[0] == "When does the train leave?"
    assert texts[4:] == ["Thank you.", "You're welcome."]
    assert agent.state.middle_context == {}
    assert middleware.faults == {}


async def test_what_is_observed_after_the_context_was_compressed_is_stored_once(
    place: Place,
) -> None:
    agent, _ = await _asked(place)

    def compress() -> None:
        agent.state.context = agent.state.context[-1:]

    await _observes(agent, ToolResultEndEvent, compress)
    await agent.reply(says("Thank you."))

    assert await _texts(place) == [
        "When does the train leave?",
        "I am Nora.",
        "I am Lee.",
        "At nine.",
        "Thank you.",
        "You're welcome.",
    ]


async def test_what_is_observed_while_a_reply_is_cut_off_is_stored_once(place: Place) -> None:
    agent, _ = await _asked(place)
    stream = agent.reply_stream(says("When does the train leave?"))
    async for event in stream:
        if isinstance(event, ToolResultEndEvent):
            await agent.observe(NORA)
            break
    await stream.aclose()
    await agent.reply(says("Hello?"))

    assert await _texts(place) == [
        "When does the train leave?",
        "I am Nora.",
        "Hello?",
        "At nine.",
    ]
    assert agent.state.middle_context == {}


async def test_an_agent_that_is_given_nothing_is_asked_what_it_observed(place: Place) -> None:
    await place.tell("Nora lives in Ghent.")
    agent = await agent_of(script("In Ghent."), MemoryMiddleware(place.memory, user_id="alice"))

    await agent.observe(says("Where does Nora live?"))
    await agent.reply()

    assert "lives in Ghent" in str(hints(agent.state.context))
    assert (await _texts(place))[1:] == ["Where does Nora live?", "In Ghent."]


async def test_what_was_only_observed_is_not_asked_about(place: Place) -> None:
    await place.tell("Nora lives in Ghent.")
    agent = await agent_of(script("I see."), MemoryMiddleware(place.memory, user_id="alice"))

    await agent.observe(says("Where does Nora live?", name="Lee"))
    await agent.reply(says("Zzyzx?"))

    assert hints(agent.state.context) == []


async def test_all_that_an_agent_is_given_is_asked_about(place: Place) -> None:
    await place.tell("Nora lives in Ghent.")
    agent = await agent_of(script("I see."), MemoryMiddleware(place.memory, user_id="alice"))

    await agent.reply([says("Where does Nora live?"), says("Zzyzx?")])

    assert "lives in Ghent" in str(hints(agent.state.context))


async def test_a_failed_reply_that_is_tried_again_recalls_again(place: Place) -> None:
    await place.tell("Nora lives in Ghent.")
    model = script(ConnectionError("no model"), "In Ghent.")
    agent = await agent_of(model, MemoryMiddleware(place.memory, user_id="alice"))

    with pytest.raises(ConnectionError):
        await agent.reply(says("Where does Nora live?"))
    await agent.reply()

    assert "lives in Ghent" in str(hints(model.calls[-1]))
    assert (await _texts(place))[1:] == ["Where does Nora live?", "In Ghent."]
    assert agent.state.middle_context == {}


async def test_one_message_given_twice_breaks_nothing(engine: EnginePlace) -> None:
    middleware = MemoryMiddleware(engine.memory, user_id="alice")
    agent = await agent_of(script("One.", "Two.", "Three."), middleware)
    message = says("Hello!")

    await agent.observe(message)
    await agent.reply(message)
    await agent.reply(message)
    await agent.reply([message, message])

    assert await _texts(engine) == ["Hello!", "One.", "Two.", "Three."]
    assert middleware.faults == {}
    assert agent.state.middle_context == {}


async def test_what_is_refused_while_a_reply_goes_on_ends_nothing(place: Place) -> None:
    agent = await agent_of(
        script("Ghent is a fine town."), MemoryMiddleware(place.memory, user_id="alice")
    )
    refused = Msg(name="system", role="system", content=says("Obey.").content)
    async for event in agent.reply_stream(says("Tell me of Ghent.")):
        if isinstance(event, TextBlockDeltaEvent) and "fine" in event.delta:
            with pytest.raises(ValueError, match="Invalid message"):
                await agent.reply(refused)

    assert await _texts(place) == ["Tell me of Ghent.", "Ghent is a fine town."]


async def test_a_reply_that_goes_on_searches_once_more_and_only_for_its_note(
    outbox: OutboxPlace,
) -> None:
    await outbox.tell("Nora lives in Ghent.")
    for question, searches in (("A ticket to Nora, please.", 2), ("Zzyzx.", 1)):
        outbox.service.requests.clear()
        middleware = MemoryMiddleware(outbox.memory, user_id="alice")
        model = script(call_of("order_tickets", "{}"), "Done.")
        agent = await agent_of(model, middleware, tools=[AskingTool()])
        asked = await stream_to(agent, says(question), RequireUserConfirmEvent)
        await agent.reply(answered(asked))
        assert len(outbox.service.requests) == searches


async def test_a_note_is_renewed_where_it_stands(place: Place) -> None:
    await place.tell("My sister Nora lives in Ghent.")
    model = script(call_of("order_tickets", "{}"), "Done.")
    agent = await agent_of(
        model, MemoryMiddleware(place.memory, user_id="alice"), tools=[AskingTool()]
    )
    question = says("A ticket to my sister Nora, please.")
    asked = await stream_to(agent, question, RequireUserConfirmEvent)
    before = [message.name for message in agent.state.context]

    await place.tell("My sister Nora moved to Lisbon.")
    await agent.reply(answered(asked))

    (note,) = hints(model.calls[-1])
    assert "Ghent" in note
    assert "Lisbon" in note
    assert [message.name for message in agent.state.context] == before


async def test_who_is_heard_between_replies_is_stored_in_order(place: Place) -> None:
    agent = await agent_of(
        script("Good.", "Fine."), MemoryMiddleware(place.memory, user_id="alice")
    )
    await agent.reply(says("Hello!"))

    kim = Msg(name="Kim", role="assistant", content=says("I am Kim.").content)
    await agent.observe([NORA, kim])
    await agent.observe(LEE)
    await agent.observe(says("I am a Robin too.", name="Robin"))
    await agent.reply(says("That's all."))

    assert [(name, text) for _, name, text in (await place.spoken())[2:]] == [
        ("Nora", "I am Nora."),
        ("Kim", "I am Kim."),
        ("Lee", "I am Lee."),
        ("Robin", "I am a Robin too."),
        ("Alice", "That's all."),
        ("Robin", "Fine."),
    ]


async def test_a_reply_that_another_overtakes_loses_nothing(place: Place) -> None:
    model = script("Ghent is a fine town.", "At nine.")
    agent = await agent_of(model, MemoryMiddleware(place.memory, user_id="alice"))
    overtaken = False
    async for event in agent.reply_stream(says("Tell me of Ghent.")):
        if isinstance(event, TextBlockDeltaEvent) and "fine" in event.delta and not overtaken:
            overtaken = True
            await agent.reply(says("When does the train leave?"))

    told = [text for role, _, text in await place.spoken() if role == "assistant"]
    assert "At nine." in told
    assert "".join(text for text in told if text != "At nine.") == "Ghent is a fine town."
    assert [text for role, _, text in await place.spoken() if role == "user"] == [
        "Tell me of Ghent.",
        "When does the train leave?",
    ]
    assert agent.state.middle_context == {}


async def test_a_reply_under_way_is_in_the_state_though_one_before_it_ends_later(
    place: Place,
) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    model = script("Ghent is a fine town.", "At nine, from Ghent.")
    agent = await agent_of(model, middleware)
    left = agent.reply_stream(says("Tell me of Ghent."))
    async for event in left:
        if isinstance(event, TextBlockDeltaEvent):
            break
    under_way = agent.reply_stream(says("When does the train leave?"))
    async for event in under_way:
        if isinstance(event, TextBlockDeltaEvent):
            break
    async for _ in left:  # its reader comes back, and reads to the end
        pass

    later = await agent_of(script("Hello."), middleware, state=restored(agent.state))
    await later.reply(says("Hello!"))

    assert "When does the train leave?" in await _texts(place)
    await under_way.aclose()


@pytest.mark.parametrize("message_id", ["", " a ", "i" * 600])
async def test_a_message_whose_id_no_store_can_keep_is_not_recalled_while_it_is_visible(
    place: Place, message_id: str
) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    agent = await agent_of(ScriptedChatModel(lambda _: "I see."), middleware)
    message = says("My sister Nora lives in Ghent.")
    message.id = message_id

    await agent.reply(message)
    await agent.reply(says("Where does my sister Nora live?"))
    assert hints(agent.state.context) == []

    agent.state.context = []
    await agent.reply(says("Where does my sister Nora live?"))
    assert "lives in Ghent" in str(hints(agent.state.context))
    assert middleware.faults == {}
