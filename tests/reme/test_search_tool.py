"""The tool for searching by the name that ReMe's own has, over all memories."""

from __future__ import annotations

from pathlib import Path

import pytest
from agentscope.tool import ToolBase, ToolChunk

pytest.importorskip("reme")

from remanence.errors import InputError
from remanence.middleware import MemoryMiddleware
from tests.middleware.agents import agent_of, call_of, says, script
from tests.middleware.places import KINDS, opened
from tests.reme.parts import middleware_of

pytestmark = pytest.mark.agentscope


async def _tools(middleware: MemoryMiddleware) -> dict[str, ToolBase]:
    return {tool.name: tool for tool in await middleware.list_tools()}


def _text(chunk: object) -> str:
    assert isinstance(chunk, ToolChunk)
    return "".join(block.text for block in chunk.content if block.type == "text")


@pytest.mark.parametrize("kind", KINDS)
async def test_it_answers_as_the_other_does(tmp_path: Path, kind: str) -> None:
    async with opened(kind, tmp_path) as place:
        await place.tell("My sister Nora lives in Ghent.")
        await place.tell("Nora keeps bees.")
        middleware = MemoryMiddleware(place.memory, user_id="alice", extra_tools=("memory_search",))
        tools = await _tools(middleware)
        search, other = tools["memory_search"], tools["search_memory"]
        told = _text(await search(query="Nora"))
        assert "lives in Ghent" in told
        assert "keeps bees" in told
        assert told == _text(await other(keywords=["Nora"]))
        assert _text(await search(query="Nora", limit=1)) == _text(
            await other(keywords=["Nora"], limit=1)
        )
        assert _text(await search(query="zeppelin")) == "No memories were found."
        assert "query is empty" in _text(await search(query=" "))


@pytest.mark.parametrize("kind", KINDS)
async def test_what_it_tells_is_not_kept_again(tmp_path: Path, kind: str) -> None:
    async with opened(kind, tmp_path) as place:
        await place.tell("My sister Nora lives in Ghent.")
        middleware = MemoryMiddleware(
            place.memory, user_id="alice", mode="agent_control", extra_tools=("memory_search",)
        )
        model = script(call_of("memory_search", '{"query": "Nora"}'), "In Ghent.")
        agent = await agent_of(model, middleware)
        await agent.reply(says("Where is she?"))
        assert "lives in Ghent" in str(model.calls[1])
        told = await place.spoken(tools=True)
        assert sum("lives in Ghent" in text for _, _, text in told) <= 1


async def test_it_has_a_query_and_a_limit_and_the_prefix(tmp_path: Path) -> None:
    async with middleware_of(
        tmp_path, extra_tools=("memory_search",), tool_prefix="work_", top_k=7
    ) as middleware:
        tools = await _tools(middleware)
        assert list(tools) == ["work_search_memory", "work_add_memory", "work_memory_search"]
        schema = tools["work_memory_search"].input_schema
        assert list(schema["properties"]) == ["query", "limit"]
        assert schema["required"] == ["query"]
        assert schema["properties"]["limit"]["default"] == 7
        assert tools["work_memory_search"].is_read_only


async def test_it_is_offered_only_where_it_is_asked_for(tmp_path: Path) -> None:
    async with middleware_of(tmp_path) as middleware:
        assert list(await _tools(middleware)) == ["search_memory", "add_memory"]
    with pytest.raises(InputError, match="static_control offers none"):
        middleware_of(tmp_path, mode="static_control", extra_tools=("memory_search",))
