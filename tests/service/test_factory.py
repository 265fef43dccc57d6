"""What gives each turn its middleware: called as the service does, without the service."""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from agentscope.agent import Agent
from agentscope.state import AgentState
from agentscope.tool import Toolkit
from starlette.applications import Starlette

from remanence import Memory, Message, Scope
from remanence.backends import QueuedBackend
from remanence.errors import InputError, MemoryClosedError
from remanence.middleware import MemoryFactory, MemoryMiddleware, memory_factory
from remanence.testing.models import ScriptedChatModel
from remanence.testing.service import ScriptedService
from tests.middleware.agents import hints, says

pytestmark = pytest.mark.agentscope


async def turn(*factories: MemoryFactory, user: str = "alice", state: AgentState) -> Agent:
    """Assemble an agent for one turn, as the service does."""
    middlewares = [
        each for factory in factories for each in await factory(user, "robin", state.session_id)
    ]
    return Agent(
        name="Robin",
        system_prompt="You are Robin.",
        model=ScriptedChatModel(lambda _: "I see."),
        toolkit=Toolkit(tools=[tool for each in middlewares for tool in await each.list_tools()]),
        middlewares=middlewares,
        state=state,
    )


class CountedMemory(Memory):
    """Counts how often it is opened."""

    opened = 0

    async def __aenter__(self) -> CountedMemory:
        self.opened += 1
        return await super().__aenter__()


async def test_turns_that_come_together_open_the_memory_once(database: Path) -> None:
    memory = cast("CountedMemory", CountedMemory.open(database))
    memories = memory_factory(memory)

    turns = await asyncio.gather(*(memories(f"user{n}", "robin", "s") for n in range(20)))

    assert memory.opened == 1
    assert len({id(middleware) for (middleware,) in turns}) == 20
    await memories("alice", "robin", "s")
    assert memory.opened == 1
    await memories.aclose()


async def test_a_turn_that_is_interrupted_leaves_the_memory_to_the_others(database: Path) -> None:
    memory = cast("CountedMemory", CountedMemory.open(database))
    memories = memory_factory(memory)
    first = asyncio.create_task(memories("alice", "robin", "s"))
    second = asyncio.create_task(memories("bob", "robin", "s"))
    await asyncio.sleep(0)

    first.cancel()

    assert len(await second) == 1
    assert first.cancelled()
    assert memory.opened == 1
    await memories.aclose()


async def test_what_could_not_be_opened_is_tried_again_by_the_next_turn(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    memories = memory_factory(folder / "memory.db")

    for _ in range(2):
        together = [memories("alice", "robin", "s"), memories("bob", "robin", "s")]
        for error in await asyncio.gather(*together, return_exceptions=True):
            assert isinstance(error, InputError)
    folder.mkdir()

    assert len(await memories("alice", "robin", "s")) == 1
    await memories.aclose()


async def test_turns_go_on_without_memory_while_the_store_cannot_be_opened(database: Path) -> None:
    await asyncio.to_thread(database.write_text, "no database, " * 400)
    memories = memory_factory(database)

    assert await memories("alice", "robin", "s") == []
    assert await memories("bob", "robin", "s") == []
    assert memories.faults == {"open": 2}
    await asyncio.to_thread(database.unlink)

    assert len(await memories("alice", "robin", "s")) == 1
    await memories.aclose()


async def test_a_server_that_does_not_answer_holds_up_a_turn_for_a_moment_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        memory = Memory.open(f"postgresql://nobody@127.0.0.1:{port}/none", busy_timeout=1)
        memories = memory_factory(memory, search_timeout=0.1)

        assert await memories("alice", "robin", "s") == []
        assert memories.faults == {"open": 1}
        await memories.aclose()


async def test_what_was_opened_here_is_closed_here(database: Path) -> None:
    memory = Memory.open(database)
    memories = memory_factory(memory)
    await memories("alice", "robin", "s")
    memory.check_open()

    await memories.aclose()
    await memories.aclose()

    with pytest.raises(MemoryClosedError):
        memory.check_open()
    with pytest.raises(MemoryClosedError, match="of this service was closed"):
        await memories("alice", "robin", "s")


async def test_an_open_memory_stays_the_callers(
    memory: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    memories = memory_factory(memory)
    async with memories:
        assert len(await memories("alice", "robin", "s")) == 1

    memory.check_open()
    await memory.aclose()
    for _ in range(2):
        with pytest.raises(MemoryClosedError, match="of this service was closed"):
            await memories("alice", "robin", "s")
    assert memories.faults == {"open": 2}
    assert caplog.text.count("of this service was closed") == 1


async def test_what_the_caller_opens_later_is_the_callers_to_close(database: Path) -> None:
    memory = Memory.open(database)
    memories = memory_factory(memory)
    async with memory:
        async with memories:
            assert len(await memories("alice", "robin", "s")) == 1
        memory.check_open()


async def test_the_memory_opens_before_the_app_and_closes_after_it(database: Path) -> None:
    memory = Memory.open(database)
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[dict[str, str]]:
        memory.check_open()
        seen.append("started")
        yield {"kept": "state"}
        memory.check_open()
        seen.append("ended")

    app = Starlette(lifespan=lifespan)
    memory_factory(memory).bind(app)
    for _ in range(2):
        async with app.router.lifespan_context(app) as state:
            assert state == {"kept": "state"}
        with pytest.raises(MemoryClosedError):
            memory.check_open()
    assert seen == ["started", "ended"] * 2


async def test_a_memory_that_cannot_be_opened_keeps_the_app_from_starting(tmp_path: Path) -> None:
    app = Starlette()
    memory_factory(tmp_path / "missing" / "memory.db").bind(app)

    with pytest.raises(InputError, match="does not exist"):
        async with app.router.lifespan_context(app):
            pytest.fail("it started")


async def test_one_note_is_in_the_context_over_many_turns(memory: Memory) -> None:
    await memory.observe(Message("user", "Nora lives in Ghent."), scope=Scope("alice", "other"))
    await memory.observe(Message("user", "Tom sails a yellow boat."), scope=Scope("alice", "other"))
    memories = memory_factory(memory)
    saved = AgentState(session_id="s").model_dump_json()
    for question, answer in (("Where does Nora live?", "Ghent"), ("What does Tom sail?", "boat")):
        state = AgentState.model_validate_json(saved)
        await (await turn(memories, state=state)).reply(says(question))
        (note,) = hints(state.context)
        assert answer in note
        saved = state.model_dump_json()


async def test_the_same_agent_and_session_of_another_user_is_another_memory(
    memory: Memory,
) -> None:
    memories = memory_factory(memory)
    alice, bob = AgentState(session_id="s"), AgentState(session_id="s")
    await (await turn(memories, state=alice)).reply(says("Nora lives in Ghent."))

    await (await turn(memories, user="bob", state=bob)).reply(says("Where does Nora live?"))

    assert hints(bob.context) == []
    assert (await memory.stats(scope=Scope("bob", "robin", "s"))).episodes == 2
    assert (await memory.stats(scope=Scope("alice", "robin", "s"))).episodes == 2


async def test_two_factories_need_prefixes(memory: Memory, tmp_path: Path) -> None:
    own = memory_factory(memory)
    async with memory_factory(tmp_path / "team.db") as same:
        agent = await turn(own, same, state=AgentState())
        with pytest.raises(InputError, match="tool_prefix"):
            await agent.reply(says("Hello!"))
    async with memory_factory(tmp_path / "team.db", tool_prefix="team_") as other:
        agent = await turn(own, other, state=AgentState())
        await agent.reply(says("Hello!"))
        names = [tool.name for group in agent.toolkit.tool_groups for tool in group.tools]
        assert sorted(name for name in names if name.endswith("memory")) == [
            "add_memory",
            "search_memory",
            "team_add_memory",
            "team_search_memory",
        ]


@pytest.mark.parametrize("user", ["*", "", " alice", "x" * 300])
async def test_who_cannot_be_told_gets_no_memory(user: str, memory: Memory) -> None:
    memories = memory_factory(memory)

    agent = await turn(memories, user=user, state=AgentState())
    await agent.reply(says("Hello!"))

    assert memories.faults == {"identify": 1}
    assert (await memory.stats()).episodes == 0


async def test_faults_are_counted_over_turns_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = ScriptedService(recall=["down", "down", "down"])
    async with QueuedBackend.open(service, tmp_path / "outbox.db") as backend:
        memories = memory_factory(backend)
        with caplog.at_level(logging.WARNING):
            for number in range(3):
                state = AgentState(session_id=f"s{number}")
                await (await turn(memories, state=state)).reply(says("Where does Nora live?"))
        assert memories.faults["recall"] == 3
    assert caplog.text.count("memory fault (recall)") == 1


async def test_a_counter_that_fails_later_takes_no_turn_its_memory(memory: Memory) -> None:
    await memory.observe(Message("user", "Nora lives in Ghent."), scope=Scope("alice", "other"))
    works = True

    def count(text: str) -> int:
        if not works:
            raise OSError("the tokenizer is gone")
        return len(text)

    memories = memory_factory(memory, count_tokens=count)
    works = False
    state = AgentState()
    await (await turn(memories, state=state)).reply(says("Where does Nora live?"))

    assert "Ghent" in hints(state.context)[0]
    assert memories.faults.keys() == {"count"}


@pytest.mark.parametrize(
    ("field", "memory", "settings"),
    [
        ("memory", 42, {}),
        ("location", "ftp://memory.db", {}),
        ("mode", "memory.db", {"mode": "always"}),
        ("top_k", "memory.db", {"top_k": 0}),
        ("threshold", "memory.db", {"threshold": 2}),
        ("count_tokens", "memory.db", {"count_tokens": 3}),
        ("tool_prefix", "memory.db", {"tool_prefix": "a b"}),
        ("extra_tools", "memory.db", {"mode": "static_control", "extra_tools": ["forget_memory"]}),
    ],
)
def test_mistakes_are_told_at_once(
    field: str,
    memory: Any,
    settings: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError) as told:
        memory_factory(memory, **settings)

    assert told.value.field == field
    assert list(tmp_path.iterdir()) == []


def test_it_takes_what_the_middleware_takes() -> None:
    """All but what the service says, and the agent's own model: it would be one user's."""
    one = dict(inspect.signature(MemoryMiddleware).parameters)
    factory = dict(inspect.signature(memory_factory).parameters)
    for name in ("memory", "user_id", "agent_id", "extract", "counted_in"):
        one.pop(name)
    factory.pop("memory")

    assert factory.keys() == one.keys()
    assert [name for name in one if factory[name].default != one[name].default] == [
        "scope_search_by_agent"
    ]
