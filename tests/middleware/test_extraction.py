"""An agent whose own model reads what was said, and draws facts from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentscope.message import Msg

from remanence import Filter, InputError, Memory, Scope
from remanence.backends import EngineBackend
from remanence.middleware import MemoryMiddleware
from remanence.middleware.settings import Mode
from remanence.testing.chat import ScriptedModel
from remanence.testing.models import Answer, ScriptedChatModel, structured
from tests.middleware.agents import agent_of, hints, says, script, until
from tests.middleware.places import OutboxPlace

pytestmark = pytest.mark.agentscope

HOME = {
    "facts": [
        {
            "statement": "Maria lives in Lisbon.",
            "kind": "profile",
            "sources": ["e1"],
            "attribute": "maria: home city",
            "valid_from": "2024-05",
            "confidence": 0.9,
            "change": "states",
        }
    ]
}
NOTHING: dict[str, Any] = {"facts": []}


def is_reading(messages: list[Msg]) -> bool:
    """Return whether a model is asked to read what was said, not to reply to it."""
    return not str(messages[0].get_text_content()).startswith("You are Robin.")


async def test_the_agents_own_model_draws_facts_that_the_next_note_tells(memory: Memory) -> None:
    model = script("How nice!", structured(HOME), "In Lisbon.")
    middleware = MemoryMiddleware(memory, user_id="maria", extract=True)
    agent = await agent_of(model, middleware)
    assert not memory.extracts

    await agent.reply(says("I have lived in Lisbon since May 2024.", name="Maria"))
    assert memory.extracts
    assert await memory.settle(10)

    (fact,) = (await memory.facts(scope=Filter("maria"))).items
    assert fact.text == "Maria lives in Lisbon."
    assert fact.scope == Scope("maria")
    later = await agent_of(model, middleware)
    await later.reply(says("Where does Maria live?", name="Maria"))
    (note,) = hints(later.state.context)
    assert (
        "] noted from what the user said: Maria lives in Lisbon. (since 2024-05-01)\n"
        in f"{note}\n"
    )
    assert [is_reading(call) for call in model.calls] == [False, True, False]
    assert middleware.faults == {}


async def test_what_was_drawn_is_in_the_profile(memory: Memory) -> None:
    model = script("How nice!", structured(HOME), "In Lisbon.")
    middleware = MemoryMiddleware(memory, user_id="maria", extract=True, profile=True)
    agent = await agent_of(model, middleware)

    await agent.reply(says("I have lived in Lisbon since May 2024.", name="Maria"))
    assert await memory.settle(10)
    await agent.reply(says("Where do I live?", name="Maria"))

    prompts = [str(call[0].get_text_content()) for call in model.calls if not is_reading(call)]
    assert ["Maria lives in Lisbon." in prompt for prompt in prompts] == [False, True]


async def test_a_model_that_reads_slowly_holds_no_reply_up(tmp_path: Path) -> None:
    finish = asyncio.Event()
    reading = asyncio.Event()

    async def answer(messages: list[Msg]) -> Answer:
        if not is_reading(messages):
            return "I see."
        reading.set()
        await finish.wait()
        return structured(NOTHING)

    async with Memory.open(tmp_path / "memory.db", extract_after=0) as memory:
        middleware = MemoryMiddleware(memory, user_id="maria", extract=True)
        agent = await agent_of(ScriptedChatModel(answer), middleware)
        await agent.reply(says("I live in Lisbon.", name="Maria"))
        await asyncio.wait_for(reading.wait(), 10)

        for number in range(5):
            text = f"Number {number}."
            await asyncio.wait_for(agent.reply(says(text, name="Maria")), 10)
        assert (await memory.stats()).unextracted == 12

        finish.set()
        assert await memory.settle(30)
        assert (await memory.stats()).unextracted == 0
    assert middleware.faults == {}


async def test_what_can_not_be_read_is_among_the_faults(memory: Memory) -> None:
    model = script("How nice!", RuntimeError("it is broken"))
    middleware = MemoryMiddleware(memory, user_id="maria", extract=True)
    agent = await agent_of(model, middleware)
    await agent.reply(says("I live in Lisbon.", name="Maria"))
    async with asyncio.timeout(20):
        while not middleware.faults:
            assert not await memory.settle(0.2)
    assert middleware.faults.keys() == {"extract"}
    assert middleware.faults == memory.faults.counts


async def test_a_memory_with_a_model_of_its_own_keeps_it(tmp_path: Path) -> None:
    reader = ScriptedModel([HOME])
    async with Memory.open(tmp_path / "memory.db", chat_model=reader) as memory:
        model = script("How nice!")
        middleware = MemoryMiddleware(memory, user_id="maria", extract=True)
        await (await agent_of(model, middleware)).reply(says("I live in Lisbon.", name="Maria"))
        assert await memory.settle(10)
        assert len((await memory.facts(scope=Filter("maria"))).items) == 1
    assert len(reader.questions) == 1
    assert len(model.calls) == 1


@pytest.mark.parametrize("mode", ["static_control", "agent_control", "both"])
async def test_it_begins_in_every_mode_and_only_where_that_is_asked_for(
    memory: Memory, mode: Mode
) -> None:
    async def begun() -> bool:
        return memory.extracts

    for extract in (False, True):
        middleware = MemoryMiddleware(memory, user_id="maria", mode=mode, extract=extract)
        assert not memory.extracts
        await (await agent_of(script("Hello."), middleware)).reply(says("Hello!"))
        if extract:
            await until(begun)


async def test_a_model_that_cannot_read_breaks_no_reply(memory: Memory) -> None:
    model = script("Hello.", RuntimeError("no more"), RuntimeError("no more"))
    middleware = MemoryMiddleware(memory, user_id="maria", extract=True)
    agent = await agent_of(model, middleware)

    reply = await agent.reply(says("Hello!", name="Maria"))

    assert reply.get_text_content() == "Hello."
    assert await memory.settle(0.5) is False
    page = await memory.list(scope=Filter("maria"), origin="episode")
    assert len(page.items) == 2
    assert (await memory.stats()).unextracted == 2


class _OtherBackend(EngineBackend):
    """An engine that is given its model in another way."""

    def __init__(self, memory: Memory, begin: Callable[[], Any]) -> None:
        super().__init__(memory)
        self._begin = begin

    async def extract_with(self, chat_model: Any) -> None:
        await self._begin()


async def _failing() -> None:
    raise RuntimeError("the disk is on fire")


@pytest.mark.parametrize("begin", [_failing, lambda: asyncio.sleep(3600)])
async def test_what_fails_to_begin_or_takes_too_long_breaks_no_reply(
    memory: Memory, begin: Callable[[], Any]
) -> None:
    middleware = MemoryMiddleware(
        _OtherBackend(memory, begin), user_id="maria", extract=True, search_timeout=0.05
    )
    agent = await agent_of(script("Hello.", "Hello again."), middleware)

    for number, text in enumerate(("Hello.", "Hello again."), start=1):
        reply = await asyncio.wait_for(agent.reply(says("Hello!", name="Maria")), 10)
        assert reply.get_text_content() == text
        assert middleware.faults["extract"] == number
    page = await memory.list(scope=Filter("maria"), origin="episode")
    assert len(page.items) == 4


async def test_a_memory_that_reads_nothing_is_refused(outbox: OutboxPlace) -> None:
    with pytest.raises(InputError, match=r"^extract: .*open Memory"):
        MemoryMiddleware(outbox.memory, user_id="maria", extract=True)


async def test_extract_is_yes_or_no(memory: Memory) -> None:
    wrong: Any = "yes"
    with pytest.raises(InputError, match=r"^extract: "):
        MemoryMiddleware(memory, user_id="maria", extract=wrong)
