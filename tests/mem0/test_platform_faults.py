"""What happens when mem0's hosted Platform puts work off, turns it away, or is away itself."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from agentscope.message import ToolResultState

from remanence.store.jobs import Job
from remanence.store.sqlite import SQLiteStore
from tests.mem0.platform import Platform
from tests.mem0.telling import ANSWER, ASKED, TOLD, added, middleware_of, told
from tests.middleware.agents import agent_of, call_of, says, script
from tests.middleware.places import QUICK

if TYPE_CHECKING:
    from mem0 import AsyncMemoryClient

pytestmark = pytest.mark.agentscope


async def queued(folder: Path) -> list[Job]:
    """Return what is in the outbox, done or not."""
    store = SQLiteStore(folder / "outbox.db")
    await store.open()
    try:
        return await store.jobs.jobs()
    finally:
        await store.aclose()


def adds(platform: Platform) -> list[dict[str, Any]]:
    return [request.body for request in platform.asked("add")]


# --- A reply that work is put off --------------------------------------------------------------


@pytest.mark.parametrize("form", ["flat", "nested"])
async def test_what_is_put_off_is_added_once(
    platform: Platform,
    client: AsyncMemoryClient,
    tmp_path: Path,
    form: Literal["flat", "nested"],
) -> None:
    platform.pending = form
    async with middleware_of(client, tmp_path) as middleware:
        await told(middleware)
        assert len(platform.asked("add")) == 1
        chunk = await added(middleware, "Nora is allergic to nuts.")
        assert await middleware.settle(10.0)

    assert chunk.state != ToolResultState.ERROR
    assert platform.texts() == [TOLD, ANSWER, "Nora is allergic to nuts."]
    assert len(platform.asked("add")) == 2
    assert not any("infer" in body for body in adds(platform))


async def test_a_tool_keeps_as_it_is_what_nothing_comes_of(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path
) -> None:
    platform.extracts = False
    async with middleware_of(client, tmp_path) as middleware:
        await told(middleware)
        assert platform.texts() == []
        await added(middleware, "Nora is allergic to nuts.")

    assert platform.texts() == ["Nora is allergic to nuts."]
    assert [body.get("infer") for body in adds(platform)] == [None, None, False]


# --- Faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503])
async def test_a_write_that_is_turned_away_waits_and_is_delivered_once(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path, status: int
) -> None:
    platform.refuse("add", status, status)
    async with middleware_of(client, tmp_path, write_timeout=0.01) as middleware:
        assert await told(middleware) == ANSWER
        assert platform.texts() == []
        assert await middleware.settle(10.0)

    assert platform.texts() == [TOLD, ANSWER]
    (job,) = await queued(tmp_path)
    assert job.state == "done"
    assert job.attempts <= 1  # what a service that is away fails counts against no job
    assert len(platform.asked("add")) == 3


async def test_a_platform_that_asks_for_time_is_given_it(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path
) -> None:
    platform.refuse("add", 429, retry_after="1")
    async with middleware_of(client, tmp_path) as middleware:
        await told(middleware)
    first, second = platform.asked("add")
    assert second.at - first.at >= 1.0
    assert platform.texts() == [TOLD, ANSWER]


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_what_fails_for_a_tool_is_told_as_an_error(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path, status: int
) -> None:
    model = script(call_of("search_memory", '{"keywords": ["Nora"]}'), ANSWER)
    platform.refuse("search", status, status)
    async with middleware_of(client, tmp_path) as middleware:
        agent = await agent_of(model, middleware)
        reply = await agent.reply(says(ASKED))
        assert middleware.faults["recall"] == 1
        assert middleware.faults["search"] == 1

    assert reply.get_text_content() == ANSWER
    (result,) = agent.state.context[-1].get_content_blocks("tool_result")
    assert result.state == ToolResultState.ERROR
    assert f"refused with {status}" in str(result.output)


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_is_refused_for_good_is_set_aside_with_the_reason(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path, status: int
) -> None:
    platform.refuse("add", status)
    async with middleware_of(client, tmp_path) as middleware:
        assert await told(middleware) == ANSWER
        await told(middleware, "Nora is allergic to nuts.")

    refused, done = await queued(tmp_path)
    assert (refused.state, done.state) == ("parked", "done")
    assert f"refused with {status}" in (refused.error or "")
    assert platform.texts() == ["Nora is allergic to nuts.", ANSWER]


async def test_what_arrived_although_the_answer_did_not_is_not_added_again(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path
) -> None:
    platform.lose("add")
    async with middleware_of(client, tmp_path) as middleware:
        await told(middleware)
        assert await middleware.settle(10.0)
    (job,) = await queued(tmp_path)
    assert job.state == "done"
    assert platform.texts() == [TOLD, ANSWER]


async def test_a_slow_search_does_not_hold_a_reply_up(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path
) -> None:
    platform.delay = 0.5
    async with middleware_of(
        client, tmp_path, search_timeout=0.05, await_write=False
    ) as middleware:
        began = time.monotonic()
        assert await told(middleware) == ANSWER
        assert time.monotonic() - began < 0.5
        assert middleware.faults["recall"] == 1
        assert await middleware.settle(10.0)
    assert platform.texts() == [TOLD, ANSWER]


async def test_a_platform_that_is_away_is_waited_for(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path
) -> None:
    platform.stop()
    async with middleware_of(client, tmp_path, write_timeout=0.1) as middleware:
        assert await told(middleware) == ANSWER
        assert (await added(middleware, "Nora is allergic to nuts.")).state != ToolResultState.ERROR
        assert not await middleware.settle(0.1)
        platform.start()
        assert await middleware.settle(10.0)
    assert sorted(platform.texts()) == sorted([TOLD, ANSWER, "Nora is allergic to nuts."])


async def test_what_waits_at_the_end_is_delivered_by_the_next_middleware(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path
) -> None:
    platform.stop()
    hasty = dataclasses.replace(QUICK, drain_seconds=0.1)
    async with middleware_of(client, tmp_path, write_timeout=0.1, outbox=hasty) as middleware:
        await told(middleware)
    platform.start()
    async with middleware_of(client, tmp_path) as middleware:
        await told(middleware, "Nora is allergic to nuts.")
        assert await middleware.settle(10.0)
    said = [TOLD, ANSWER, "Nora is allergic to nuts.", ANSWER]
    assert sorted(platform.texts()) == sorted(said)
