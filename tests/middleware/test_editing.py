"""The tools with which an agent corrects and forgets, where it is given them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from agentscope.agent import Agent
from agentscope.event import RequireUserConfirmEvent
from agentscope.message import TextBlock, ToolCallBlock, ToolResultState
from agentscope.permission import PermissionMode
from agentscope.tool import ToolBase, ToolChunk, Toolkit

from remanence import Filter, InputError, Memory, Message, Scope
from remanence.middleware import MemoryMiddleware
from tests.middleware.agents import agent_of, answered, call_of, hints, says, script, stream_to
from tests.middleware.places import OutboxPlace

pytestmark = pytest.mark.agentscope

ALICE = Scope("alice", session_id="last spring")
BOTH = ("update_memory", "forget_memory")


async def _tools(memory: Memory, **settings: Any) -> dict[str, ToolBase]:
    complete: dict[str, Any] = {"user_id": "alice", "extra_tools": BOTH, **settings}
    tools = await MemoryMiddleware(memory, **complete).list_tools()
    return {tool.name: tool for tool in tools}


async def _answer(chunk: object) -> tuple[bool, str]:
    """Return whether a tool did what it was asked, and what it says."""
    assert isinstance(chunk, ToolChunk)
    text = "".join(block.text for block in chunk.content if isinstance(block, TextBlock))
    return chunk.state != ToolResultState.ERROR, text


async def _facts(memory: Memory, user_id: str = "alice") -> list[str]:
    return [fact.text for fact in (await memory.facts(scope=Filter(user_id))).items]


async def test_they_are_offered_only_where_they_are_asked_for(memory: Memory) -> None:
    base = ["search_memory", "add_memory"]
    for extra in ((), ("forget_memory",), ("forget_memory", "update_memory")):
        names = list(await _tools(memory, extra_tools=extra))
        assert names == base + [name for name in BOTH if name in extra]


async def test_a_search_by_tool_tells_ids_and_a_note_does_not(memory: Memory) -> None:
    await memory.observe([Message("user", "Nora lives in Ghent.", "Alice")], scope=ALICE)
    fact = await memory.remember("Nora has a poodle.", scope=ALICE)
    middleware = MemoryMiddleware(memory, user_id="alice", extra_tools=BOTH)
    agent = await agent_of(script("I see."), middleware)

    await agent.reply(says("What of Nora's poodle in Ghent?"))
    (note,) = hints(agent.state.context)
    assert "poodle" in note
    assert fact.id not in note

    search = (await middleware.list_tools())[0]
    _, told = await _answer(await search(keywords=["Nora"]))
    lines = told.split("\n")[1:-1]
    (line,) = [line for line in lines if "has a poodle" in line]
    assert re.match(rf"- \[[0-9-]+ [0-9:]+ id={fact.id}\] noted: ", line)
    assert all(line.count(" id=") == 1 for line in lines)

    plain = (await MemoryMiddleware(memory, user_id="alice").list_tools())[0]
    assert " id=" not in (await _answer(await plain(keywords=["Nora"])))[1]


async def test_an_agent_corrects_what_was_noted(memory: Memory) -> None:
    fact = await memory.remember("Nora lives in Ghent.", scope=ALICE)
    arguments = f'{{"thinking": "she moved", "memory_id": "{fact.id}", "content": "Nora is out."}}'
    model = script(call_of("update_memory", arguments), "Corrected.")
    middleware = MemoryMiddleware(memory, user_id="alice", extra_tools=BOTH)
    agent = await agent_of(model, middleware)

    await agent.reply(says("She does not live there."))

    (result,) = agent.state.context[-1].get_content_blocks("tool_result")
    assert result.state == "success"
    assert await _facts(memory) == ["Nora is out."]
    old, new = await memory.history(fact.id, scope=ALICE)
    assert (old.text, old.ending) == ("Nora lives in Ghent.", "corrected")
    assert (new.text, new.stated_by) == ("Nora is out.", "assistant")
    assert middleware.faults == {}


async def test_only_a_fact_of_the_users_own_can_be_corrected(memory: Memory) -> None:
    (episode,) = await memory.observe([Message("user", "Nora lives in Ghent.")], scope=ALICE)
    others = await memory.remember("Bob lives in Berlin.", scope=Scope("bob"))
    old = await memory.remember("Nora has a cat.", scope=ALICE)
    await memory.correct(old.id, "Nora has a dog.", scope=ALICE)
    update = (await _tools(memory))["update_memory"]

    for id_, problem in {
        episode.id: "something that was said",
        others.id: "no memory",
        "nonsense": "no memory",
        old.id: "superseded",
        "  ": "empty",
    }.items():
        done, told = await _answer(await update(thinking="", memory_id=id_, content="It is so."))
        assert not done
        assert problem in told, told
        assert "memory_id" in told
        assert "fact_id" not in told
    assert not (await _answer(await update(thinking="", memory_id=old.id, content=" ")))[0]

    assert await _facts(memory) == ["Nora has a dog."]
    assert await _facts(memory, "bob") == ["Bob lives in Berlin."]


async def test_the_user_is_asked_before_anything_is_forgotten(memory: Memory) -> None:
    first = await memory.remember("Nora lives in Ghent.", scope=ALICE)
    (said,) = await memory.observe([Message("user", "Nora is in Ghent.")], scope=ALICE)
    arguments = f'{{"thinking": "where she is", "memory_ids": ["{first.id}", "id={said.id}"]}}'
    middleware = MemoryMiddleware(memory, user_id="alice", extra_tools=BOTH)

    for confirmed, left in ((False, 2), (True, 0)):
        model = script(call_of("forget_memory", arguments), "Well.")
        agent = await agent_of(model, middleware)
        asked = await stream_to(agent, says("Forget it."), RequireUserConfirmEvent)
        assert [call.name for call in asked.tool_calls] == ["forget_memory"]
        assert await _facts(memory) == ["Nora lives in Ghent."]

        await agent.reply(answered(asked, confirmed=confirmed))
        found = await memory.recall("Nora Ghent", scope=Filter("alice"))
        assert len(found) == left

    (result,) = agent.state.context[-1].get_content_blocks("tool_result")
    assert "Forgot 2 memories." in str(result.output)
    (entry,) = await memory.audit(user_id="alice")
    assert (entry.action, entry.asked_by) == ("forget", "an agent")


async def test_only_the_users_own_is_forgotten(memory: Memory) -> None:
    mine = await memory.remember("Nora lives in Ghent.", scope=ALICE)
    others = await memory.remember("Bob lives in Berlin.", scope=Scope("bob"))
    forget = (await _tools(memory))["forget_memory"]

    done, told = await _answer(await forget(thinking="", memory_ids=[others.id, mine.id, mine.id]))

    assert not done
    assert told == f"Forgot 1 memory. There is no memory with the id {others.id}."
    assert await _facts(memory, "bob") == ["Bob lives in Berlin."]
    assert await _facts(memory) == []
    for ids in ([mine.id], [], [" "]):
        assert not (await _answer(await forget(thinking="", memory_ids=ids)))[0]


async def test_an_agent_that_is_told_apart_edits_its_own_in_every_session(memory: Memory) -> None:
    own = await memory.remember("A.", scope=Scope("alice", "robin", "monday"))
    also = await memory.remember("B.", scope=Scope("alice", "robin", "tuesday"))
    others = await memory.remember("C.", scope=Scope("alice", "jay", "monday"))
    tools = await _tools(memory, agent_id="robin")
    update, forget = tools["update_memory"], tools["forget_memory"]

    assert not (await _answer(await update(thinking="", memory_id=others.id, content="D.")))[0]
    assert not (await _answer(await forget(thinking="", memory_ids=[others.id])))[0]
    assert (await _answer(await update(thinking="", memory_id=own.id, content="D.")))[0]
    assert (await _answer(await forget(thinking="", memory_ids=[also.id])))[0]
    assert await _facts(memory) == ["C.", "D."]
    asked = [(entry.action, entry.asked_by) for entry in await memory.audit(user_id="alice")]
    assert ("correct", "robin") in asked
    assert asked[-1] == ("forget", "robin")

    shared = await _tools(memory, agent_id="robin", scope_search_by_agent=False)
    assert (await _answer(await shared["forget_memory"](thinking="", memory_ids=[others.id])))[0]


async def test_explore_mode_neither_corrects_nor_forgets(memory: Memory) -> None:
    fact = await memory.remember("Nora lives in Ghent.", scope=ALICE)
    update = f'{{"thinking": "", "memory_id": "{fact.id}", "content": "No."}}'
    forget = f'{{"thinking": "", "memory_ids": ["{fact.id}"]}}'
    model = script(
        call_of("update_memory", update, call_id="one"),
        call_of("forget_memory", forget, call_id="two"),
        "Done.",
    )
    agent = await agent_of(model, MemoryMiddleware(memory, user_id="alice", extra_tools=BOTH))
    agent.state.permission_context.mode = PermissionMode.EXPLORE

    await agent.reply(says("Hello!"))

    results = agent.state.context[-1].get_content_blocks("tool_result")
    assert [result.state for result in results] == ["denied", "denied"]
    assert await _facts(memory) == ["Nora lives in Ghent."]


async def test_their_calls_are_no_part_of_the_record(memory: Memory) -> None:
    fact = await memory.remember("Nora lives in Ghent.", scope=ALICE)
    update = f'{{"thinking": "a secret", "memory_id": "{fact.id}", "content": "Nora left."}}'
    forget = '{"thinking": "a secret", "memory_ids": ["nonsense"]}'
    calls: list[ToolCallBlock] = [
        *call_of("my_update_memory", update, call_id="one"),
        *call_of("my_forget_memory", forget, call_id="two"),
    ]
    middleware = MemoryMiddleware(memory, user_id="alice", extra_tools=BOTH, tool_prefix="my_")
    agent = await agent_of(script(calls, "She left."), middleware)

    asked = await stream_to(agent, says("She left."), RequireUserConfirmEvent)
    await agent.reply(answered(asked))

    page = await memory.list(scope=Filter("alice"), origin="episode")
    assert [getattr(item, "content", "") for item in page.items] == ["She left.", "She left."]
    assert await _facts(memory) == ["Nora left."]


async def _prompt(middleware: MemoryMiddleware, *missing: str) -> str:
    """Return what the system prompt of an agent says that lacks some of the tools."""
    tools = [tool for tool in await middleware.list_tools() if tool.name not in missing]
    agent = Agent(name="Robin", system_prompt="", model=script(), toolkit=Toolkit(tools=tools))
    return await middleware.on_system_prompt(agent, "")


async def test_the_prompt_names_those_that_the_agent_has(memory: Memory) -> None:
    middleware = MemoryMiddleware(memory, user_id="alice", extra_tools=BOTH, tool_prefix="my_")
    prompt = await _prompt(middleware)
    for name in ("search_memory", "add_memory", *BOTH):
        assert prompt.count(f"`my_{name}`") == 1

    prompt = await _prompt(middleware, "my_forget_memory")
    assert "`my_update_memory`" in prompt
    assert "forget_memory" not in prompt
    assert await _prompt(middleware, "my_add_memory") == ""


async def test_words_of_ones_own_say_all_that_is_said(memory: Memory) -> None:
    words = "Mend with `update_memory`, burn with `forget_memory`."
    middleware = MemoryMiddleware(
        memory, user_id="alice", extra_tools=BOTH, tool_instructions=words
    )
    assert await _prompt(middleware) == f"\n\n{words}"
    assert await _prompt(middleware, "forget_memory") == ""


@pytest.mark.parametrize(
    "extra", ["update_memory", ("delete_memory",), None, 3, ("add_memory",), (["update_memory"],)]
)
async def test_what_is_no_extra_tool_is_refused(memory: Memory, extra: Any) -> None:
    with pytest.raises(InputError, match=r"^extra_tools: .*'update_memory', 'forget_memory'"):
        MemoryMiddleware(memory, user_id="alice", extra_tools=extra)


async def test_without_tools_there_are_no_extra_ones(memory: Memory) -> None:
    with pytest.raises(InputError, match=r"^extra_tools: .*static_control"):
        MemoryMiddleware(
            memory, user_id="alice", mode="static_control", extra_tools=("update_memory",)
        )


async def test_a_memory_that_cannot_be_edited_is_refused(outbox: OutboxPlace) -> None:
    with pytest.raises(InputError, match=r"^extra_tools: .*open Memory"):
        MemoryMiddleware(outbox.memory, user_id="alice", extra_tools=("forget_memory",))


async def test_a_memory_that_fails_is_told_and_counted(memory: Memory) -> None:
    fact = await memory.remember("Nora lives in Ghent.", scope=ALICE)
    middleware = MemoryMiddleware(memory, user_id="alice", extra_tools=BOTH)
    _, _, update, forget = await middleware.list_tools()
    await memory.aclose()

    for chunk in (
        await update(thinking="", memory_id=fact.id, content="Nora left."),
        await forget(thinking="", memory_ids=[fact.id]),
    ):
        done, told = await _answer(chunk)
        assert not done
        assert "not open" in told
    assert middleware.faults == {"correct": 1, "forget": 1}
