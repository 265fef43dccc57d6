"""The documented constructor, texts and tools, and other middlewares beside it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from agentscope.agent import Agent
from agentscope.middleware import MiddlewareBase
from agentscope.tool import ToolChunk, Toolkit

pytest.importorskip("mem0")

from remanence.middleware import Mem0Middleware
from tests.mem0.telling import added, middleware_of
from tests.middleware.agents import agent_of, call_of, hints, says, script

pytestmark = pytest.mark.agentscope

_AT = "2026-03-01T09:30:00+00:00"


class _Client:
    """A client with nothing but the two methods, which writes down what it is asked."""

    def __init__(self) -> None:
        self.searches: list[tuple[str, dict[str, Any]]] = []
        self.adds: list[tuple[list[dict[str, str]], dict[str, Any]]] = []
        self.most = 0
        self._now = 0

    async def search(self, query: str, **arguments: Any) -> dict[str, Any]:
        self.searches.append((query, arguments))
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0.02)
        self._now -= 1
        return {
            "results": [
                {"id": "1", "memory": "Nora lives in Ghent.", "score": 0.9, "created_at": _AT},
                {"id": query, "memory": f"Of {query}.", "score": 0.5, "created_at": _AT},
            ]
        }

    async def add(self, messages: list[dict[str, str]], **arguments: Any) -> dict[str, Any]:
        self.adds.append((messages, arguments))
        return {"results": [{"id": "1", "memory": "It is kept.", "event": "ADD"}]}


def test_parameters_have_their_documented_defaults() -> None:
    parameters = inspect.signature(Mem0Middleware).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    assert defaults["user_id"] is inspect.Parameter.empty
    documented: dict[str, Any] = {
        "client": None,
        "chat_model": None,
        "embedding_model": None,
        "mem0_config": None,
        "mode": "both",
        "agent_id": None,
        "top_k": 5,
        "threshold": None,
        "scope_search_by_agent": True,
        "await_write": True,
    }
    assert {name: defaults[name] for name in documented} == documented
    for text in ("memory_section_header", "memory_section_intro", "tool_instructions"):
        assert isinstance(defaults[text], str)


async def test_the_texts_are_those_that_were_given(tmp_path: Path) -> None:
    middleware = middleware_of(
        _Client(),
        tmp_path,
        memory_section_header="# Things remembered",
        memory_section_intro="Mind these.",
        tool_instructions="Use `search_memory` well.",
    )
    async with middleware:
        model = script("I see.")
        await (await agent_of(model, middleware)).reply(says("Where does Nora live?"))

    (note,) = hints(model.calls[0])
    assert note.startswith("# Things remembered\nMind these.\n")
    assert "Nora lives in Ghent." in note
    (system,) = model.calls[0][0].get_content_blocks("text")
    assert system.text == "You are Robin.\n\nUse `search_memory` well."


async def test_each_keyword_is_a_search_of_its_own_and_they_run_at_once(tmp_path: Path) -> None:
    client = _Client()
    async with middleware_of(client, tmp_path, agent_id="robin", top_k=7) as middleware:
        search, _ = await middleware.list_tools()
        assert search.input_schema["properties"]["limit"]["default"] == 7

        chunk = await search(keywords=["Nora", "bees", "Ghent"], limit=2)
        await search(keywords=["Nora"])

    assert isinstance(chunk, ToolChunk)
    where = {"user_id": "alice", "agent_id": "robin"}
    asked = sorted(client.searches[:3])
    assert asked == [(word, {"filters": where, "top_k": 2}) for word in ("Ghent", "Nora", "bees")]
    assert client.most == 3
    assert client.searches[3][1]["top_k"] == 7
    told = str(chunk.content)
    assert told.count("Nora lives in Ghent.") == 1
    assert all(f"Of {word}." in told for word in ("Ghent", "Nora", "bees"))


@pytest.mark.parametrize("mode", ["agent_control", "both"])
async def test_what_a_tool_is_told_as_thinking_never_reaches_mem0(
    tmp_path: Path, mode: str
) -> None:
    client = _Client()
    call = call_of("add_memory", '{"thinking": "She is secretive.", "content": ["A.", "B."]}')
    async with middleware_of(client, tmp_path, mode=mode) as middleware:
        agent = await agent_of(script(call, "Noted."), middleware)
        await agent.reply(says("Remember that."))
        assert await middleware.settle(10)

    assert [{"role": "user", "content": "A.\nB."}] in [messages for messages, _ in client.adds]
    assert "secretive" not in str(client.adds)
    assert "secretive" in str(agent.state.context)
    assert len(client.adds) == (1 if mode == "agent_control" else 2)


async def test_only_what_is_given_goes_along(tmp_path: Path) -> None:
    client = _Client()
    async with middleware_of(client, tmp_path) as middleware:
        await added(middleware, "Nora keeps bees.")

    ((_, arguments),) = client.adds
    assert arguments.keys() == {"user_id", "metadata"}
    assert arguments["user_id"] == "alice"


class _Counting(MiddlewareBase):
    """Counts the events of replies and of model calls, and changes nothing."""

    def __init__(self) -> None:
        self.replies = 0
        self.events = 0

    async def on_reply(
        self,
        agent: Agent,
        input_kwargs: dict[str, Any],
        next_handler: Callable[..., AsyncGenerator[Any, None]],
    ) -> AsyncGenerator[Any, None]:
        self.replies += 1
        async for item in next_handler(**input_kwargs):
            self.events += 1
            yield item

    async def on_system_prompt(self, agent: Agent, current_prompt: str) -> str:
        return f"{current_prompt}\n\nBe brief."


@pytest.mark.parametrize("outside", [True, False])
async def test_it_composes_with_other_middlewares(tmp_path: Path, outside: bool) -> None:
    client, other = _Client(), _Counting()
    async with middleware_of(client, tmp_path) as middleware:
        model = script("In Ghent.", "Bye.")
        agent = Agent(
            name="Robin",
            system_prompt="You are Robin.",
            model=model,
            toolkit=Toolkit(tools=await middleware.list_tools()),
            middlewares=[other, middleware] if outside else [middleware, other],
        )
        await agent.reply(says("Where does Nora live?"))
        await agent.reply(says("Bye!"))

    assert other.replies == 2
    assert other.events > 4
    assert all(len(hints(call)) == 1 for call in model.calls)
    prompt = str(model.calls[0][0].content)
    assert "Be brief." in prompt
    assert "search_memory" in prompt
    said = [[message["content"] for message in messages] for messages, _ in client.adds]
    assert said == [["Where does Nora live?", "In Ghent."], ["Bye!", "Bye."]]
