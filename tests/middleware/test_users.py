"""Several users, agents and memories: each sees its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from agentscope.agent import Agent

from remanence import Memory, Message, Scope
from remanence.middleware import MemoryMiddleware
from remanence.testing.models import ScriptedChatModel
from tests.middleware.agents import agent_of, call_of, hints, says, script
from tests.middleware.places import Place, opened

pytestmark = pytest.mark.agentscope


async def test_agents_are_kept_apart_unless_asked(place: Place) -> None:
    await place.tell("Nora lives in Ghent.", scope=Scope("alice", "travel", "s"))
    model = ScriptedChatModel(lambda _: "I see.")
    apart = MemoryMiddleware(place.memory, user_id="alice", agent_id="cook")
    shared = MemoryMiddleware(
        place.memory, user_id="alice", agent_id="cook", scope_search_by_agent=False
    )

    agent = await agent_of(model, apart)
    await agent.reply(says("Where does Nora live?"))
    assert hints(agent.state.context) == []

    agent = await agent_of(model, shared)
    await agent.reply(says("Where does Nora live?"))
    assert "Ghent" in hints(agent.state.context)[0]


async def test_users_are_kept_apart(place: Place) -> None:
    await place.tell("Nora lives in Ghent.")
    agent = await agent_of(script("?"), MemoryMiddleware(place.memory, user_id="bob"))

    await agent.reply(says("Where does Nora live?", name="Bob"))

    assert hints(agent.state.context) == []


async def test_two_memories_on_one_agent_do_not_collide(place: Place) -> None:
    await place.tell("Nora lives in Ghent.", scope=Scope("alice"))
    await place.tell("Nora leads the team.", scope=Scope("team"))
    own = MemoryMiddleware(place.memory, user_id="alice", mode="static_control")
    shared = MemoryMiddleware(place.memory, user_id="team", mode="static_control")
    model = script("In Ghent.")
    agent = Agent(
        name="Robin", system_prompt="You are Robin.", model=model, middlewares=[own, shared]
    )

    await agent.reply(says("Where is Nora?"))

    assert len(hints(model.calls[0])) == 2
    for user in ("alice", "team"):
        assert [content for _, _, content in (await place.spoken(user))[1:]] == [
            "Where is Nora?",
            "In Ghent.",
        ]
    assert agent.state.middle_context == {}


async def test_one_middleware_serves_the_agents_of_many_users(place: Place) -> None:
    owners: dict[int, str] = {}
    middleware = MemoryMiddleware(place.memory, user_id=lambda agent: owners[id(agent)])

    async def talk(user: str) -> None:
        call = call_of("add_memory", f'{{"thinking": "", "content": ["{user} likes tea."]}}')
        model = script("I see.", call, "Kept.", f"It is {user} town.")
        agent = await agent_of(model, middleware)
        owners[id(agent)] = user
        await agent.reply(says(f"I live in {user} town.", name=user))
        await agent.reply(says("I like tea.", name=user))
        agent.state.context = []
        await agent.reply(says("Which town do I live in?", name=user))
        (note,) = hints(agent.state.context)
        assert f"I live in {user} town" in note

    users = [f"user{number}" for number in range(20)]
    await asyncio.gather(*map(talk, users))

    for user in users:
        texts = [text for _, _, text in await place.spoken(user)] + await place.stated(user)
        assert len(texts) == 7
        others = [other for other in users if other != user]
        assert not any(f"{other} " in text for other in others for text in texts)
    assert middleware.faults == {}


async def test_a_user_who_cannot_be_told_gets_no_memory(place: Place) -> None:
    middleware = MemoryMiddleware(place.memory, user_id=lambda _: "")
    agent = await agent_of(script("Hello."), middleware)

    reply = await agent.reply(says("Hello!"))

    assert reply.get_text_content() == "Hello."
    assert middleware.faults == {"identify": 1}
    assert agent.state.middle_context == {}
    assert await place.spoken("alice") == []


async def test_no_note_of_one_user_is_left_for_another(place: Place) -> None:
    await place.tell("Nora lives in Ghent.")
    users = iter(["alice", "bob", ""])
    middleware = MemoryMiddleware(place.memory, user_id=lambda _: next(users))
    agent = await agent_of(ScriptedChatModel(lambda _: "I see."), middleware)

    seen: list[int] = []
    for _ in range(3):
        await agent.reply(says("Where does Nora live?"))
        seen.append(len(hints(agent.state.context)))

    assert seen == [1, 0, 0]


async def test_twenty_agents_at_once_see_only_their_own_users(place: Place) -> None:
    async def talk(user: str) -> None:
        model = script("I see.", "Yes.", "In your town.")
        agent = await agent_of(model, MemoryMiddleware(place.memory, user_id=user))
        await agent.reply(says(f"The secret of {user} is a town called {user}ville.", name=user))
        await agent.reply(says("Keep the secret town!", name=user))
        agent.state.context = []
        await agent.reply(says("What is the secret town?", name=user))
        (note,) = hints(agent.state.context)
        assert f"{user}ville" in note
        assert note.count("ville") == 1

    users = [f"user{number:02}" for number in range(20)]
    await asyncio.gather(*map(talk, users))

    for user in users:
        told = [text for _, _, text in await place.spoken(user)]
        assert len(told) == 6
        assert f"The secret of {user} is a town called {user}ville." in told
        assert not any(other in text for text in told for other in users if other != user)


async def test_two_memories_of_one_user_need_prefixes_only(tmp_path: Path) -> None:
    async with opened("engine", tmp_path) as one, opened("outbox", tmp_path) as other:
        await one.tell("Nora lives in Ghent.")
        async with Memory.open(tmp_path / "second.db") as memory:
            await memory.observe(Message("user", "Nora leads the team."), scope=Scope("alice"))
            own = MemoryMiddleware(one.memory, user_id="alice", mode="static_control")
            second = MemoryMiddleware(
                memory, user_id="alice", mode="static_control", tool_prefix="work_"
            )
            third = MemoryMiddleware(other.memory, user_id="alice", mode="static_control")
            model = script("In Ghent.")
            agent = Agent(
                name="Robin",
                system_prompt="You are Robin.",
                model=model,
                middlewares=[own, second, third],
            )

            await agent.reply(says("Where is Nora?"))

            assert len(hints(model.calls[0])) == 2
            said = ["Where is Nora?", "In Ghent."]
            assert [text for _, _, text in await one.spoken()][1:] == said
            assert [text for _, _, text in await other.spoken()] == said
            assert (await memory.stats()).episodes == 3
            assert agent.state.middle_context == {}
