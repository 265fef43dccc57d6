"""The tools that an agent has for its memory."""

from __future__ import annotations

import asyncio

import pytest
from agentscope.agent import Agent
from agentscope.message import TextBlock, ToolResultState
from agentscope.permission import PermissionMode
from agentscope.tool import ToolChunk, Toolkit

from remanence import InputError, Scope
from remanence.middleware import MemoryMiddleware
from tests.middleware.agents import agent_of, call_of, says, script
from tests.middleware.places import OutboxPlace, Place

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


async def test_what_is_found_for_several_keywords_comes_best_first(outbox: OutboxPlace) -> None:
    await outbox.tell("Nora lives in Ghent.", "Nora has a poodle.")
    search, _ = await MemoryMiddleware(outbox.memory, user_id="alice").list_tools()

    found = await _text(await search(keywords=["Nora lives in Ghent now", "Nora poodle"]))

    # Each counts as what it matches best: the poodle in full, Ghent in four words of five.
    assert found.index("poodle") < found.index("Ghent")
    assert found.startswith("<memories>\n- [")
    assert found.endswith("\n</memories>")


async def test_a_search_by_tool_has_its_own_time(outbox: OutboxPlace) -> None:
    await outbox.tell("Nora lives in Ghent.")
    patient = MemoryMiddleware(outbox.memory, user_id="alice", search_timeout=0.01)
    outbox.service.script_recall(0.1)
    search, _ = await patient.list_tools()
    assert "Ghent" in await _text(await search(keywords=["Nora"]))

    hasty = MemoryMiddleware(
        outbox.memory, user_id="alice", search_timeout=3600, write_timeout=0.05
    )
    outbox.service.script_recall("hanging")
    search, _ = await hasty.list_tools()
    chunk = await asyncio.wait_for(search(keywords=["Nora"]), 10)
    assert isinstance(chunk, ToolChunk)
    assert chunk.state == ToolResultState.ERROR
    assert "takes longer than 0.05 s" in await _text(chunk)
    assert hasty.faults == {"search": 1}


async def test_whatever_a_service_raises_a_tool_tells_its_kind_only(outbox: OutboxPlace) -> None:
    outbox.service.script_recall(RuntimeError("the key is 1234"))
    middleware = MemoryMiddleware(outbox.memory, user_id="alice")
    search, _ = await middleware.list_tools()

    chunk = await search(keywords=["Nora"])

    assert isinstance(chunk, ToolChunk)
    assert chunk.state == ToolResultState.ERROR
    assert "RuntimeError" in await _text(chunk)
    assert "1234" not in await _text(chunk)
    assert middleware.faults == {"search": 1}


async def test_what_cannot_be_kept_is_told_and_counted(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id="alice")
    _, add = await middleware.list_tools()

    chunk = await add(thinking="", content=["Nora lives in Ghent.", "x" * 1_000_001])

    assert isinstance(chunk, ToolChunk)
    assert chunk.state == ToolResultState.ERROR
    assert "may not have been kept" in await _text(chunk)
    assert middleware.faults == {"remember": 1}


async def test_blank_statements_are_not_kept(place: Place) -> None:
    _, add = await MemoryMiddleware(place.memory, user_id="alice").list_tools()

    assert await _text(await add(thinking="", content=["A.", " "])) == "Kept 1 memory."

    assert await place.stated() == ["A."]


async def test_an_added_statement_is_waited_for_as_a_reply_is(outbox: OutboxPlace) -> None:
    outbox.service.script_deliver(0.1)
    _, add = await MemoryMiddleware(outbox.memory, user_id="alice").list_tools()
    await add(thinking="", content=["A."])
    assert len(outbox.service.deliveries) == 1

    outbox.service.script_deliver("hanging")
    hurried = MemoryMiddleware(outbox.memory, user_id="alice", await_write=False)
    _, add = await hurried.list_tools()
    assert "Kept" in await _text(await asyncio.wait_for(add(thinking="", content=["B."]), 10))
    assert await outbox.waiting() == 1


async def test_a_tool_whose_agent_nobody_knows_reaches_no_memory(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id=lambda _: "alice")
    search, add = await middleware.list_tools()

    for chunk in (await search(keywords=["Nora"]), await add(thinking="", content=["A."])):
        assert isinstance(chunk, ToolChunk)
        assert chunk.state == ToolResultState.ERROR
        assert "user_id" in await _text(chunk)
    assert await place.stated() == []


async def test_a_keyword_that_goes_on_and_on_is_asked_by_its_end(outbox: OutboxPlace) -> None:
    search, _ = await MemoryMiddleware(outbox.memory, user_id="alice").list_tools()

    await search(keywords=["x" * 5_000 + " Nora"])

    (request,) = outbox.service.requests
    assert len(request.query) == 2_000
    assert request.query.endswith(" Nora")
