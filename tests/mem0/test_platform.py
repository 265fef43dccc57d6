"""mem0's hosted Platform behind the middleware: its real client, against a local stand-in."""

from __future__ import annotations

import asyncio
import functools
import gc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from agentscope.message import ToolResultState

from remanence import InputError
from remanence.middleware.memory import Mode
from tests.mem0.platform import KEY, Platform
from tests.mem0.telling import ANSWER, ASKED, TOLD, middleware_of, recalled, told
from tests.middleware.agents import agent_of, call_of, says, script

from mem0 import AsyncMemoryClient, Memory, MemoryClient  # isort: skip - the stand-in turns its telemetry off before

pytestmark = pytest.mark.agentscope


def bodies(platform: Platform, operation: Literal["add", "search"]) -> list[dict[str, Any]]:
    return [request.body for request in platform.asked(operation)]


# --- The quick start ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["static_control", "both"])
async def test_what_one_agent_is_told_another_recalls(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path, mode: Mode
) -> None:
    async with middleware_of(client, tmp_path / "one", mode=mode) as middleware:
        assert await told(middleware) == ANSWER
    async with middleware_of(client, tmp_path / "two", mode=mode) as middleware:
        assert "Ghent" in await recalled(middleware)
    assert platform.texts()[:2] == [TOLD, ANSWER]


async def test_agent_control_adds_and_searches_by_its_tools_alone(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path
) -> None:
    adding = '{"thinking": "Family matters.", "content": ["Nora lives in Ghent."]}'
    searching = script(call_of("search_memory", '{"keywords": ["Nora Ghent"]}'), "In Ghent.")
    async with middleware_of(client, tmp_path, mode="agent_control") as middleware:
        agent = await agent_of(script(call_of("add_memory", adding), ANSWER), middleware)
        await agent.reply(says(TOLD))
        assert platform.asked("search") == []
        other = await agent_of(searching, middleware)
        await other.reply(says(ASKED))

    assert platform.texts() == ["Nora lives in Ghent."]
    (result,) = other.state.context[-1].get_content_blocks("tool_result")
    assert result.state == ToolResultState.SUCCESS
    assert "Nora lives in Ghent." in str(result.output)
    assert "Family" not in str(bodies(platform, "add"))


# --- What is sent ------------------------------------------------------------------------------


async def test_a_reply_asks_and_adds_as_documented(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path
) -> None:
    async with middleware_of(client, tmp_path) as middleware:
        await told(middleware)

    assert bodies(platform, "search") == [
        {"query": TOLD, "filters": {"user_id": "alice"}, "top_k": 5}
    ]
    (body,) = bodies(platform, "add")
    assert all(key.startswith("remanence") for key in body.pop("metadata"))
    said = [{part: each[part] for part in ("role", "content")} for each in body.pop("messages")]
    assert said == [{"role": "user", "content": TOLD}, {"role": "assistant", "content": ANSWER}]
    assert body == {"user_id": "alice"}


async def test_the_agent_and_the_threshold_are_sent_where_they_are_given(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path
) -> None:
    async with middleware_of(
        client, tmp_path, agent_id="robin", threshold=0.3, top_k=7
    ) as middleware:
        await told(middleware)
    (body,) = bodies(platform, "add")
    assert (body["user_id"], body["agent_id"]) == ("alice", "robin")
    assert bodies(platform, "search") == [
        {
            "query": TOLD,
            "filters": {"user_id": "alice", "agent_id": "robin"},
            "top_k": 7,
            "threshold": 0.3,
        }
    ]


@pytest.mark.parametrize(("by_agent", "found"), [(True, False), (False, True)])
async def test_a_search_sees_other_agents_memories_where_it_may(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path, by_agent: bool, found: bool
) -> None:
    async with middleware_of(client, tmp_path, agent_id="robin") as robin:
        await told(robin)
    async with middleware_of(
        client, tmp_path, agent_id="kim", scope_search_by_agent=by_agent
    ) as kim:
        assert ("Ghent" in await recalled(kim)) is found
    filters = bodies(platform, "search")[-1]["filters"]
    assert filters == {"user_id": "alice", **({"agent_id": "kim"} if by_agent else {})}
    assert bodies(platform, "add")[-1]["agent_id"] == "kim"


# --- Whose client it is ------------------------------------------------------------------------


async def test_a_client_that_was_given_stays_open(
    platform: Platform, client: AsyncMemoryClient, tmp_path: Path
) -> None:
    async with middleware_of(client, tmp_path) as middleware:
        await told(middleware)
    assert not client.async_client.is_closed
    found = await client.search("Nora", filters={"user_id": "alice"})
    assert [each["memory"] for each in found["results"]] == [TOLD]


def test_a_client_serves_one_event_loop_after_the_other(platform: Platform, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        # What the client opened in a loop that has ended, nobody can close.
        warnings.simplefilter("ignore", ResourceWarning)
        faults = _three_loops(platform, tmp_path)
        gc.collect()
    assert faults == {}
    said = [TOLD, ASKED, "Nora is allergic to nuts.", *[ANSWER] * 3]
    assert sorted(platform.texts()) == sorted(said)


def _three_loops(platform: Platform, folder: Path) -> dict[str, int]:
    client = platform.client()
    middleware = middleware_of(client, folder)

    async def last() -> None:
        assert await told(middleware, "Nora is allergic to nuts.") == ANSWER
        await middleware.aclose()
        await client.async_client.aclose()

    assert asyncio.run(told(middleware)) == ANSWER
    assert "Ghent" in asyncio.run(recalled(middleware))
    asyncio.run(last())
    return dict(middleware.faults)


def test_synchronous_clients_are_refused(platform: Platform, tmp_path: Path) -> None:
    hosted: Any = MemoryClient(api_key=KEY, host=platform.url)
    for synchronous in (hosted, Memory.__new__(Memory), object()):
        with pytest.raises(TypeError, match="AsyncMemory"):
            middleware_of(synchronous, tmp_path)
    hosted.client.close()
    assert list(tmp_path.iterdir()) == []


class SmallClient:
    """The least that a client of mem0's has to have."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def add(self, messages: list[dict[str, Any]], *, user_id: str) -> list[str]:
        self.asked.append({"messages": messages, "user_id": user_id})
        return [messages[0]["content"]]

    async def search(self, query: str, *, filters: dict[str, Any], top_k: int) -> list[str]:
        return [each["messages"][0]["content"] for each in self.asked][:top_k]


async def test_a_client_that_only_searches_and_adds_will_do(tmp_path: Path) -> None:
    client = SmallClient()
    async with middleware_of(client, tmp_path) as middleware:
        assert await told(middleware) == ANSWER
        assert "Ghent" in await recalled(middleware)
        assert middleware.faults == {}
    assert [each["user_id"] for each in client.asked] == ["alice", "alice"]
    assert client.asked[0]["messages"][0]["content"] == TOLD


def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method in a function that is not asynchronous by itself."""

    @functools.wraps(method)
    def call(*arguments: Any, **options: Any) -> Any:
        return method(*arguments, **options)

    return call


class GuardedClient(SmallClient):
    add = guarded(SmallClient.add)
    search = guarded(SmallClient.search)


async def test_asynchronous_methods_are_seen_through_their_decorators(tmp_path: Path) -> None:
    async with middleware_of(GuardedClient(), tmp_path) as middleware:
        await told(middleware)
        assert "Ghent" in await recalled(middleware)


# --- Ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("id_", ["*", "", " ", " alice", "al ice", "a\nb", "a\u00a0b", "a" * 5_000])
@pytest.mark.parametrize("field", ["user_id", "agent_id"])
def test_an_id_that_mem0_could_take_for_another_is_refused(
    tmp_path: Path, field: str, id_: str
) -> None:
    with pytest.raises(InputError, match=field):
        middleware_of(SmallClient(), tmp_path, **{field: id_})
    assert list(tmp_path.iterdir()) == []
