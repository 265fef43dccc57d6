"""What a backend did not take is tried again: in order, one at a time, until it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest
from agentscope.agent import Agent
from agentscope.state import AgentState

from remanence import Memory, Scope
from remanence.backends import Exchange, RecallRequest
from remanence.errors import BackendUnavailableError
from remanence.middleware import MemoryMiddleware
from remanence.testing.models import ScriptedChatModel
from remanence.types import Recollection
from tests.middleware.agents import agent_of, restored, says, until
from tests.middleware.places import EnginePlace

pytestmark = pytest.mark.agentscope


class _Moody:
    """A backend that takes what it is given, or does not, and tells what it was asked.

    ``moods`` are what the next calls do: fail, or wait for something first; later ones do what
    ``always`` says.
    """

    kind = "moody"
    identity = "moody:here"

    def __init__(self, *moods: Exception | asyncio.Event, always: Exception | None = None) -> None:
        self.moods = list(moods)
        self.always = always
        self.tried: list[tuple[float, str]] = []
        self.kept: list[str] = []
        self.at_once = 0
        self.most_at_once = 0

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        return []

    async def retain(self, exchange: Exchange, *, scope: Scope, wait: float) -> bool:
        said = exchange.messages[0].content
        self.tried.append((time.monotonic(), said))
        mood = self.moods.pop(0) if self.moods else self.always
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if isinstance(mood, asyncio.Event):
                await mood.wait()
            elif mood is not None:
                raise mood
            await asyncio.sleep(0)
            self.kept.append(said)
        finally:
            self.at_once -= 1
        return True

    async def remember(self, statements: Sequence[str], *, scope: Scope, wait: float) -> bool:
        return True

    def has_tried(self, number: int) -> Callable[[], Awaitable[bool]]:
        async def tried() -> bool:
            return len(self.tried) >= number

        return tried

    async def has_kept_all(self) -> bool:
        return self.always is None and bool(self.kept)


DOWN = BackendUnavailableError("down")


async def _talker(backend: _Moody, state: AgentState | None = None) -> Agent:
    middleware = MemoryMiddleware(backend, user_id="alice")
    return await agent_of(ScriptedChatModel(lambda _: "I see."), middleware, state=state)


async def _nothing_left(agent: Agent) -> None:
    async def empty() -> bool:
        return agent.state.middle_context == {}

    await until(empty)


async def test_what_fails_is_tried_again_ever_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remanence.middleware.keeping._FIRST_PAUSE_SECONDS", 0.02)
    backend = _Moody(always=DOWN)
    agent = await _talker(backend)

    await agent.reply(says("First."))
    await until(backend.has_tried(5))
    backend.always = None
    await _nothing_left(agent)

    times = [at for at, _ in backend.tried]
    assert times[4] - times[3] >= 0.02 * 8 * 0.75
    assert backend.kept == ["First."]


async def test_one_background_task_tries_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remanence.middleware.keeping._FIRST_PAUSE_SECONDS", 0.2)
    backend = _Moody(always=DOWN)
    agent = await _talker(backend)

    for number in range(3):
        await agent.reply(says(f"Number {number}."))
    await until(backend.has_tried(4))
    await asyncio.sleep(0.1)
    assert [said for _, said in backend.tried] == ["Number 0."] * 4  # the oldest bars the rest

    backend.always = None
    await _nothing_left(agent)
    assert backend.kept == [f"Number {number}." for number in range(3)]


async def test_what_comes_while_the_rest_is_tried_again_is_tried_again_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("remanence.middleware.keeping._FIRST_PAUSE_SECONDS", 0.01)
    slow = asyncio.Event()
    backend = _Moody(DOWN, slow, DOWN)
    agent = await _talker(backend)

    await agent.reply(says("First."))
    await until(backend.has_tried(2))
    second = asyncio.create_task(agent.reply(says("Second.")))
    await asyncio.sleep(0.05)
    slow.set()
    await second
    await _nothing_left(agent)

    assert backend.kept == ["First.", "Second."]
    assert backend.most_at_once == 1


async def test_replies_of_many_agents_do_not_wait_for_each_other() -> None:
    slow = asyncio.Event()
    backend = _Moody(slow)
    middleware = MemoryMiddleware(backend, user_id="alice")
    model = ScriptedChatModel(lambda _: "I see.")
    first, second = [await agent_of(model, middleware) for _ in range(2)]

    waiting = asyncio.create_task(first.reply(says("First.")))
    await until(backend.has_tried(1))
    await asyncio.wait_for(second.reply(says("Second.")), 10)
    slow.set()
    await waiting

    assert backend.kept == ["Second.", "First."]


def test_a_loop_that_ended_leaves_its_work_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remanence.middleware.keeping._FIRST_PAUSE_SECONDS", 0.01)
    backend = _Moody(always=DOWN)
    agent = asyncio.run(_talker(backend))
    first = asyncio.new_event_loop()
    first.run_until_complete(agent.reply(says("First.")))  # stops with its retry under way
    second = asyncio.new_event_loop()
    try:
        second.run_until_complete(agent.reply(says("Second.")))
        backend.always = None
        second.run_until_complete(_nothing_left(agent))
    finally:
        for loop in (first, second):
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

    assert backend.kept == ["First.", "Second."]


async def test_an_exchange_of_a_newer_version_stays_and_bars_nothing() -> None:
    backend = _Moody()
    middleware = MemoryMiddleware(backend, user_id="alice")
    agent = await agent_of(ScriptedChatModel(lambda _: "I see."), middleware)
    key = f"{await middleware.get_middleware_key()}:alice"
    newer = {"version": 99, "said": "Something new."}
    record: dict[str, Any] = {"version": 1, "reply": None, "unkept": [newer], "told": []}
    agent.state.middle_context[key] = record

    await agent.reply(says("Hello!"))

    assert backend.kept == ["Hello!"]
    assert agent.state.middle_context[key] == record | {"unkept": [newer]}
    assert middleware.faults == {"read": 1}


async def test_a_record_of_another_version_breaks_no_reply() -> None:
    backend = _Moody()
    middleware = MemoryMiddleware(backend, user_id="alice")
    agent = await agent_of(ScriptedChatModel(lambda _: "I see."), middleware)
    key = f"{await middleware.get_middleware_key()}:alice"
    for found in ({"version": 99}, ["something"], None):
        agent.state.middle_context[key] = found
        await agent.reply(says(f"Hello, {found}!"))

    assert len(backend.kept) == 3


async def test_a_restored_state_is_kept_once_though_its_old_process_tries_again(
    engine: EnginePlace, tmp_path: Path
) -> None:
    async with Memory.open(tmp_path / "engine.db", busy_timeout=0.05) as memory:
        middleware = MemoryMiddleware(memory, user_id="alice")
        old = await agent_of(ScriptedChatModel(lambda _: "I see."), middleware)
        blocker: Any = apsw.Connection(str(tmp_path / "engine.db"))  # its stubs are incomplete
        blocker.set_busy_timeout(5_000)
        with contextlib.closing(blocker):
            blocker.execute("BEGIN IMMEDIATE")
            await old.reply(says("First."))
            state = restored(old.state)
        new = await agent_of(
            ScriptedChatModel(lambda _: "I see."),
            MemoryMiddleware(engine.memory, user_id="alice"),
            state=state,
        )
        await new.reply(says("Second."))
        await _nothing_left(old)

    assert new.state.middle_context == {}
    texts = [text for _, _, text in await engine.spoken()]
    assert texts == ["First.", "I see.", "Second.", "I see."]
