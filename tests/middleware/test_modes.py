"""What each mode does, and what a middleware refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from agentscope.agent import Agent

from remanence import InputError, Memory, MemoryClosedError
from remanence.middleware import MemoryMiddleware
from tests.middleware.agents import agent_of, call_of, hints, says, script
from tests.middleware.places import Place

pytestmark = pytest.mark.agentscope


async def test_static_control_puts_one_note_right_after_the_question(place: Place) -> None:
    await place.tell("My sister Nora lives in Ghent.")
    model = script("In Ghent.")
    middleware = MemoryMiddleware(place.memory, user_id="alice", mode="static_control")
    agent = await agent_of(model, middleware)

    await agent.reply(says("Where does my sister live?"))

    names = [(message.role, message.name) for message in agent.state.context]
    assert names == [("user", "Alice"), ("assistant", "memory"), ("assistant", "Robin")]
    (note,) = hints(model.calls[0])
    assert ": My sister Nora lives in Ghent." in note
    assert await middleware.list_tools() == []
    (system,) = model.calls[0][0].get_content_blocks("text")
    assert system.text == "You are Robin."
    assert (await place.spoken())[1:] == [
        ("user", "Alice", "Where does my sister live?"),
        ("assistant", "Robin", "In Ghent."),
    ]


async def test_agent_control_neither_recalls_nor_stores_by_itself(place: Place) -> None:
    await place.tell("My sister Nora lives in Ghent.")
    call = call_of("search_memory", '{"keywords": ["Nora"]}')
    model = script(call, "In Ghent.")
    middleware = MemoryMiddleware(place.memory, user_id="alice", mode="agent_control")
    agent = await agent_of(model, middleware)

    await agent.reply(says("Where does my sister live?"))

    assert hints(model.calls[0]) == []
    assert len(await place.spoken()) == 1
    (system,) = model.calls[0][0].get_content_blocks("text")
    assert "search_memory" in system.text
    (result,) = agent.state.context[-1].get_content_blocks("tool_result")
    assert "lives in Ghent" in str(result.output)


async def test_both_is_the_default_and_does_both(place: Place) -> None:
    await place.tell("My sister Nora lives in Ghent.")
    call = call_of("add_memory", '{"thinking": "family", "content": ["Nora is Alice\'s sister."]}')
    model = script(call, "In Ghent.")
    agent = await agent_of(model, MemoryMiddleware(place.memory, user_id="alice"))

    await agent.reply(says("Where does my sister live?"))

    assert "lives in Ghent" in hints(model.calls[0])[0]
    assert "add_memory" in str(model.calls[0][0].content)
    assert await place.stated() == ["Nora is Alice's sister."]
    assert (await place.spoken())[1:] == [
        ("user", "Alice", "Where does my sister live?"),
        ("assistant", "Robin", "In Ghent."),
    ]


async def test_prompt_advertises_only_tools_that_the_agent_has(place: Place) -> None:
    model = script("Hello.")
    agent_without_tools = Agent(
        name="Robin",
        system_prompt="You are Robin.",
        model=model,
        middlewares=[MemoryMiddleware(place.memory, user_id="alice")],
    )

    await agent_without_tools.reply(says("Hello!"))

    (system,) = model.calls[0][0].get_content_blocks("text")
    assert "search_memory" not in system.text


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"user_id": ""}, "user_id"),
        ({"user_id": "*"}, "user_id"),
        ({"user_id": "alice", "mode": "auto"}, "mode"),
        ({"user_id": "alice", "top_k": 0}, "top_k"),
        ({"user_id": "alice", "agent_id": " "}, "agent_id"),
        ({"user_id": "alice", "threshold": 5}, "threshold"),
        ({"user_id": "alice", "texts": "Remember:"}, "texts"),
        ({"user_id": "alice", "memory": "alice.db"}, "memory"),
        ({"user_id": "alice", "search_timeout": -1}, "search_timeout"),
        ({"user_id": "alice", "write_timeout": "soon"}, "write_timeout"),
    ],
)
async def test_bad_arguments_are_refused_by_name(
    memory: Memory, arguments: dict[str, Any], field: str
) -> None:
    complete: dict[str, Any] = {"memory": memory, **arguments}
    with pytest.raises(InputError) as caught:
        MemoryMiddleware(**complete)
    assert caught.value.field == field


def test_a_memory_that_is_not_open_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MemoryClosedError, match="async with"):
        MemoryMiddleware(Memory.open(tmp_path / "memory.db"), user_id="alice")
