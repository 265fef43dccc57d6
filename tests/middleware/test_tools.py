"""The tools that an agent has for its memory."""

from __future__ import annotations

import pytest
from agentscope.agent import Agent
from agentscope.message import TextBlock, ToolResultState
from agentscope.permission import PermissionMode
from agentscope.tool import ToolChunk, Toolkit

from remanence import InputError, Scope
from remanence.middleware import MemoryMiddleware
from tests.middleware.agents import agent_of, call_of, says, script
from tests.middleware.places import Place

pytestmark = pytest.mark.agentscope


async def _text(chunk: object) -> str:
    assert isinstance(chunk, ToolChunk)
    return "".join(block.text for block in chunk.content if isinstance(block, TextBlock))


async def test_search_tool_merges_keywords_without_repetition(place: Place) -> None:
    await place.tell("Nora lives in Ghent.", "Pixel is a poodle.", "Rain is wet.")
    middleware = MemoryMiddleware(place.memory, user_id="alice", top_k=7)
    search, _ = await middleware.list_tools()

    found = await _text(await search(keywords=["Nora", "Ghent", "poodle"], limit=1))
    assert found.count("Nora lives in Ghent.") == 1
    assert "Pixel is a poodle." in found
    assert "Rain" not in found
    assert search.input_schema["properties"]["limit"]["default"] == 7
    assert await _text(await search(keywords=["zzyzx"])) == "No memories were found."


async def test_add_tool_keeps_only_the_content(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    _, add = await middleware.list_tools()

    await add(thinking="Hazelnuts are dangerous.", content=["Nora is allergic to nuts.", "B is C."])

    assert await place.stated() == ["Nora is allergic to nuts.", "B is C."]
    search, _ = await middleware.list_tools()
    assert await _text(await search(keywords=["hazelnuts dangerous"])) == "No memories were found."


async def test_tools_refuse_what_is_empty(place: Place) -> None:
    search, add = await MemoryMiddleware(place.memory, user_id="alice").list_tools()

    for chunk in (
        await search(keywords=[]),
        await search(keywords=["  "]),
        await add(thinking="", content=[]),
    ):
        assert isinstance(chunk, ToolChunk)
        assert chunk.state == ToolResultState.ERROR


async def test_explore_mode_searches_but_does_not_add(place: Place) -> None:
    await place.tell("Nora lives in Ghent.")
    model = script(
        call_of("search_memory", '{"keywords": ["Nora"]}', call_id="one"),
        call_of("add_memory", '{"thinking": "", "content": ["A."]}', call_id="two"),
        "Done.",
    )
    agent = await agent_of(model, MemoryMiddleware(place.memory, user_id="alice"))
    agent.state.permission_context.mode = PermissionMode.EXPLORE

    await agent.reply(says("Hello!"))

    results = agent.state.context[-1].get_content_blocks("tool_result")
    assert [result.state for result in results] == ["success", "denied"]
    assert "Ghent" in str(results[0].output)
    assert await place.stated() == []


async def test_tools_of_two_memories_need_names_of_their_own(place: Place) -> None:
    await place.tell("Nora lives in Ghent.", scope=Scope("alice"))
    await place.tell("Nora leads the team.", scope=Scope("team"))
    own = MemoryMiddleware(place.memory, user_id="alice", mode="agent_control")
    same = MemoryMiddleware(place.memory, user_id="team", mode="agent_control")
    other = MemoryMiddleware(
        place.memory, user_id="team", mode="agent_control", tool_prefix="team_"
    )

    agent = await agent_of(script("Hello."), own, tools=await same.list_tools())
    with pytest.raises(InputError, match="tool_prefix"):
        await agent.reply(says("Hello!"))

    model = script(call_of("team_search_memory", '{"keywords": ["Nora"]}'), "She leads it.")
    agent = Agent(
        name="Robin",
        system_prompt="You are Robin.",
        model=model,
        toolkit=Toolkit(tools=[*await own.list_tools(), *await other.list_tools()]),
        middlewares=[own, other],
    )
    await agent.reply(says("What does Nora do?"))
    (result,) = agent.state.context[-1].get_content_blocks("tool_result")
    assert "leads the team" in str(result.output)
    assert "Ghent" not in str(result.output)
    (system,) = model.calls[0][0].get_content_blocks("text")
    assert "`search_memory`" in system.text
    assert "`team_add_memory`" in system.text
