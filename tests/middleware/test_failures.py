"""A memory that is slow, away or broken: the reply is what it would have been, nothing is lost."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest
from agentscope.message import ToolResultState

from remanence import Filter, Memory, Scope
from remanence.backends import Exchange, QueuedBackend, RecallRequest
from remanence.errors import BackendRefusedError
from remanence.middleware import MemoryMiddleware
from remanence.testing.models import ScriptedChatModel
from remanence.testing.service import ScriptedService
from remanence.types import Recollection
from tests.middleware.agents import agent_of, call_of, says, script, until
from tests.middleware.places import QUICK, EnginePlace, OutboxPlace
from tests.recording import recording

pytestmark = pytest.mark.agentscope


async def test_a_search_that_fails_breaks_no_reply_and_is_counted(
    outbox: OutboxPlace, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.service.script_recall("down")
    model = script(call_of("search_memory", '{"keywords": ["Nora"]}'), "Hello, Alice.", "Yes?")
    middleware = MemoryMiddleware(outbox.memory, user_id="alice")
    agent = await agent_of(model, middleware)

    with caplog.at_level(logging.WARNING, "remanence"):
        reply = await agent.reply(says("Hello!"))
        await agent.reply(says("Hello again!"))

    assert reply.get_text_content() == "Hello, Alice."
    assert middleware.faults == {"recall": 2, "search": 1}
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2  # one a kind a minute
    (result,) = agent.state.context[-3].get_content_blocks("tool_result")
    assert result.state == ToolResultState.ERROR
    assert "down" in str(result.output)


async def test_a_search_that_takes_too_long_is_done_without(outbox: OutboxPlace) -> None:
    outbox.service.script_recall("hanging")
    middleware = MemoryMiddleware(outbox.memory, user_id="alice", search_timeout=0.05)
    agent = await agent_of(script("Hello, Alice."), middleware)

    reply = await agent.reply(says("Hello!"))

    assert reply.get_text_content() == "Hello, Alice."
    assert middleware.faults == {"recall": 1}
    assert len(await outbox.spoken()) == 2


async def test_waiting_for_the_write_is_the_default(outbox: OutboxPlace) -> None:
    outbox.service.script_deliver(0.2)
    agent = await agent_of(script("Hello."), MemoryMiddleware(outbox.memory, user_id="alice"))

    await agent.reply(says("Hello!"))

    assert len(outbox.service.deliveries) == 1


async def test_without_waiting_a_reply_ends_as_soon_as_it_is_durable(outbox: OutboxPlace) -> None:
    outbox.service.script_deliver("hanging")
    middleware = MemoryMiddleware(outbox.memory, user_id="alice", await_write=False)
    agent = await agent_of(script("Hello."), middleware)

    await asyncio.wait_for(agent.reply(says("Hello!")), 10)

    assert await outbox.waiting() == 1
    assert middleware.faults == {}
    assert agent.state.middle_context == {}


async def test_a_write_that_takes_too_long_goes_on_in_the_background(outbox: OutboxPlace) -> None:
    outbox.service.script_deliver([1.0])
    middleware = MemoryMiddleware(outbox.memory, user_id="alice", write_timeout=0.2)
    agent = await agent_of(script("Hello."), middleware)

    begun = time.monotonic()
    await agent.reply(says("Hello!"))
    assert time.monotonic() - begun < 0.9
    assert middleware.faults == {"retain in time": 1}

    assert len(await outbox.spoken()) == 2
    assert agent.state.middle_context == {}


async def test_a_write_that_fails_does_not_hold_the_reply_up(outbox: OutboxPlace) -> None:
    outbox.service.script_deliver(["down", "failing", "garbage", "lost"])
    middleware = MemoryMiddleware(outbox.memory, user_id="alice")
    agent = await agent_of(script("Hello."), middleware)

    await asyncio.wait_for(agent.reply(says("Hello!")), 10)

    assert await outbox.spoken() == [("user", "Alice", "Hello!"), ("assistant", "Robin", "Hello.")]
    assert middleware.faults == {"deliver": 4}


async def test_what_nobody_delivered_is_delivered_by_the_next_process(tmp_path: Path) -> None:
    service = ScriptedService(tmp_path / "service", deliver="hanging")
    backend = await QueuedBackend.open(service, tmp_path / "outbox.db", settings=QUICK)
    middleware = MemoryMiddleware(backend, user_id="alice", await_write=False)
    agent = await agent_of(script("Hello."), middleware)
    await agent.reply(says("Hello!"))
    await asyncio.wait_for(backend.aclose(), 10)

    service = ScriptedService(tmp_path / "service")
    async with QueuedBackend.open(service, tmp_path / "outbox.db", settings=QUICK) as backend:
        assert await backend.settle(10)
    assert [text for _, _, text in service.kept(Filter("alice"))] == [
        "Hello!",
        "Hello.",
    ]


async def test_what_the_store_could_not_take_is_stored_with_the_next_reply(
    engine: EnginePlace, tmp_path: Path
) -> None:
    async with Memory.open(tmp_path / "engine.db", busy_timeout=0.05) as memory:
        middleware = MemoryMiddleware(memory, user_id="alice")
        agent = await agent_of(script("One.", "Two.", "Three."), middleware)
        blocker: Any = apsw.Connection(str(tmp_path / "engine.db"))  # its stubs are incomplete
        blocker.set_busy_timeout(5_000)
        blocker.execute("BEGIN IMMEDIATE")
        await agent.reply(says("First."))
        await agent.reply(says("Second."))
        assert middleware.faults["retain"] >= 2
        assert await engine.spoken() == []
        blocker.execute("ROLLBACK")
        blocker.close()

        await agent.reply(says("Third."))

        texts = [text for _, _, text in await engine.spoken()]
        assert texts == ["First.", "One.", "Second.", "Two.", "Third.", "Three."]
        assert agent.state.middle_context == {}


async def test_what_the_store_could_not_take_is_tried_again_without_a_next_reply(
    engine: EnginePlace, tmp_path: Path
) -> None:
    async with Memory.open(tmp_path / "engine.db", busy_timeout=0.05) as memory:
        agent = await agent_of(script("One."), MemoryMiddleware(memory, user_id="alice"))
        blocker: Any = apsw.Connection(str(tmp_path / "engine.db"))  # its stubs are incomplete
        blocker.set_busy_timeout(5_000)
        blocker.execute("BEGIN IMMEDIATE")
        await agent.reply(says("First."))
        blocker.execute("ROLLBACK")
        blocker.close()

        async def kept() -> bool:
            return agent.state.middle_context == {}

        await until(kept)
        assert len(await engine.spoken()) == 2


async def test_a_full_outbox_refuses_loudly_and_drops_nothing(tmp_path: Path) -> None:
    service = ScriptedService(deliver="down")
    settings = dataclasses.replace(QUICK, most_jobs=2)
    async with QueuedBackend.open(service, tmp_path / "outbox.db", settings=settings) as backend:
        middleware = MemoryMiddleware(backend, user_id="alice", await_write=False)
        model = ScriptedChatModel(lambda _: "I see.")
        agent = await agent_of(model, middleware)
        for number in range(4):
            reply = await agent.reply(says(f"Number {number}."))
            assert reply.get_text_content() == "I see."
        assert middleware.faults["retain"] >= 2

        service.script_deliver(None)
        assert await backend.settle(10)
        await agent.reply(says("Number 4."))

        async def all_put_in() -> bool:
            return agent.state.middle_context == {}

        await until(all_put_in)
        assert await backend.settle(10)

    told = [text for role, _, text in service.kept(Filter("alice")) if role == "user"]
    assert told == [f"Number {number}." for number in range(5)]
    assert agent.state.middle_context == {}


async def test_a_timeout_is_seen_by_whoever_traces(outbox: OutboxPlace) -> None:
    outbox.service.script_recall("hanging")
    middleware = MemoryMiddleware(outbox.memory, user_id="alice", search_timeout=0.05)
    agent = await agent_of(script("Hello."), middleware)

    with recording() as recorded:
        await agent.reply(says("Where does Nora live?"))

        (failed,) = recorded.spans("remanence.recall")
        assert not failed.status.is_ok
        assert "Nora" not in failed.to_json()
        assert recorded.counted("remanence.timeouts", of="recall") == 1
        assert recorded.counted("remanence.faults", kind="recall") == 1


async def test_what_is_kept_is_seen_by_whoever_traces(engine: EnginePlace) -> None:
    agent = await agent_of(script("In Ghent."), MemoryMiddleware(engine.memory, user_id="alice"))

    with recording() as recorded:
        await agent.reply(says("Where does Nora live?"))

        (span,) = recorded.spans("remanence.retain")
        assert span.attributes == {"remanence.backend": "engine", "remanence.messages": 2}
        assert "Nora" not in span.to_json()


async def test_a_record_that_is_damaged_breaks_no_reply_and_is_counted(engine: EnginePlace) -> None:
    middleware = MemoryMiddleware(engine.memory, user_id="alice")
    agent = await agent_of(script("Hello.", "Hello again."), middleware)
    key = f"{await middleware.get_middleware_key()}:alice"
    agent.state.middle_context[key] = {"version": 1, "reply": {"odd": 1}, "unkept": [], "told": []}

    reply = await agent.reply(says("Hello!"))

    assert reply.get_text_content() == "Hello."
    assert middleware.faults["record"] > 0

    agent.state.middle_context[key] = {"version": 1}
    await agent.reply(says("Hello again!"))
    assert ("user", "Alice", "Hello again!") in await engine.spoken()


async def test_what_is_refused_for_ever_holds_up_nothing_else() -> None:
    backend = _PickyBackend()
    middleware = MemoryMiddleware(backend, user_id="alice")
    agent = await agent_of(script("One.", "Two."), middleware)

    await agent.reply(says("Too long."))
    await agent.reply(says("Good."))

    assert backend.kept == ["Good."]
    assert middleware.faults == {"retain": 2}
    assert "Too long." in str(agent.state.middle_context)


async def test_what_was_said_belongs_to_its_session_whenever_it_is_kept(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "engine.db", busy_timeout=0.05) as memory:
        agent = await agent_of(script("One.", "Two."), MemoryMiddleware(memory, user_id="alice"))
        agent.state.session_id = "monday"
        blocker: Any = apsw.Connection(str(tmp_path / "engine.db"))  # its stubs are incomplete
        blocker.set_busy_timeout(5_000)
        blocker.execute("BEGIN IMMEDIATE")
        await agent.reply(says("On Monday."))
        blocker.execute("ROLLBACK")
        blocker.close()

        agent.state.session_id = "tuesday"
        agent.state.context = []
        await agent.reply(says("On Tuesday."))

        page = await memory.list(scope=Filter("alice"))
        assert [(item.scope.session_id, getattr(item, "content", "")) for item in page.items] == [
            ("monday", "On Monday."),
            ("monday", "One."),
            ("tuesday", "On Tuesday."),
            ("tuesday", "Two."),
        ]


class _PickyBackend:
    """A service that never accepts some things."""

    kind = "picky"
    identity = "picky"

    def __init__(self) -> None:
        self.kept: list[str] = []

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        return []

    async def retain(self, exchange: Exchange, *, scope: Scope, wait: float) -> bool:
        if "long" in exchange.messages[0].content:
            raise BackendRefusedError("it is too long")
        self.kept.append(exchange.messages[0].content)
        return True

    async def remember(self, statements: Sequence[str], *, scope: Scope, wait: float) -> bool:
        return True
