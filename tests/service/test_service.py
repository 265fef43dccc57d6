"""AgentScope's own service, spoken to over HTTP, with agents that remember."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fakeredis import FakeServer

from remanence import Episode, Fact, Filter, Memory, Scope
from remanence.errors import MemoryClosedError
from remanence.middleware import memory_factory
from tests.middleware.agents import hints
from tests.service.serving import ServedModel, Session, served

pytestmark = pytest.mark.agentscope


async def test_each_user_is_remembered_over_sessions_and_restarts(
    database: Path, tmp_path: Path, shelf: FakeServer
) -> None:
    async with served(memory_factory(database), tmp_path, shelf) as service:
        alice, bob = await service.user("alice").agent(), await service.user("bob").agent()
        at_work = await service.user("alice").session(alice)
        await at_work.say("My sister Nora lives in Ghent.")
        await at_work.say("Her dog is called Pixel.")
        await (await service.user("bob").session(bob)).say("My sister Nora lives in Oslo.")

        reply = await (await service.user("alice").session(alice)).say("Where does Nora live?")
        assert "Ghent" in reply
        assert "Oslo" not in reply

    async with served(memory_factory(database), tmp_path, shelf) as service:
        for user, agent, town, other in (
            ("alice", alice, "Ghent", "Oslo"),
            ("bob", bob, "Oslo", "Ghent"),
        ):
            session = await service.user(user).session(agent)
            reply = await session.say("Where does my sister Nora live?")
            assert town in reply
            assert other not in reply

    async with Memory.open(database) as memory:
        assert (await memory.stats()).users == 2
        told = (await memory.list(scope=Filter("alice", alice, at_work.id))).items
        assert [
            each.content for each in told if isinstance(each, Episode) and each.role == "user"
        ] == [
            "My sister Nora lives in Ghent.",
            "Her dog is called Pixel.",
        ]


async def test_users_with_the_same_ids_of_agent_and_session_are_kept_apart(
    database: Path, tmp_path: Path, shelf: FakeServer
) -> None:
    async with served(memory_factory(database), tmp_path, shelf) as service:

        async def session(user: str, name: str) -> Session:
            return await (await service.user(user).session()).renamed("robin", name)

        await (await session("alice", "first")).say("My sister Nora lives in Ghent.")
        bob = await session("bob", "first")

        assert await bob.say("Where does Nora live?") == "I know:"
        assert "Ghent" not in await bob.call("search_memory", keywords=["Nora", "Ghent"])
        reply = await (await session("alice", "second")).say("Where does Nora live?")
        assert "Ghent" in reply


async def test_one_note_replaces_the_last_although_each_turn_has_a_middleware_of_its_own(
    database: Path, tmp_path: Path, shelf: FakeServer
) -> None:
    async with served(memory_factory(database), tmp_path, shelf) as service:
        first = await service.user("alice").session()
        await first.say("My sister Nora lives in Ghent.")
        await first.say("My brother Tom sails a yellow boat.")
        session = await service.user("alice").session(first.agent_id)
        assert "Ghent" in await session.say("Where does Nora live?")
        assert "boat" in await session.say("What does Tom sail?")

    # A service that starts anew restores the agent's state, the note among it.
    async with served(memory_factory(database), tmp_path, shelf) as service:
        session = Session(service.user("alice"), session.agent_id, session.id)
        assert "Ghent" in await session.say("Does Nora live by the sea?")
        assert [len(hints(asked)) for asked in ServedModel.asked] == [1]
        (note,) = hints((await session.state()).context)
        assert "Ghent" in note


async def test_the_tools_work_and_reach_only_their_user(
    database: Path, tmp_path: Path, shelf: FakeServer
) -> None:
    async with served(memory_factory(database), tmp_path, shelf) as service:
        alice = await service.user("alice").session()
        added = await alice.call("add_memory", thinking="-", content=["Alice collects stamps."])
        bob = await service.user("bob").session()
        other = await service.user("alice").session(alice.agent_id)

        assert "Kept 1 memory" in added
        assert "stamps" in await other.call("search_memory", keywords=["collects"])
        assert "stamps" not in await bob.call("search_memory", keywords=["collects stamps"])
        for offered in ServedModel.tools:
            assert offered.count("search_memory") == offered.count("add_memory") == 1

    async with Memory.open(database) as memory:
        stated = await memory.list(scope=Scope("alice"), origin="fact")
        assert [each.text for each in stated.items if isinstance(each, Fact)] == [
            "Alice collects stamps."
        ]
        assert (await memory.list(scope=Scope("bob"), origin="fact")).items == ()


@pytest.mark.parametrize("apart", [False, True])
async def test_agents_share_what_their_user_said_unless_asked(
    apart: bool, database: Path, tmp_path: Path, shelf: FakeServer
) -> None:
    memories = memory_factory(database, scope_search_by_agent=apart)
    async with served(memories, tmp_path, shelf) as service:
        await (await service.user("alice").session()).say("My sister Nora lives in Ghent.")

        reply = await (await service.user("alice").session()).say("Where does Nora live?")

        assert ("Ghent" in reply) is not apart


async def test_first_turns_that_come_together_share_one_memory(
    database: Path, tmp_path: Path, shelf: FakeServer
) -> None:
    memories = memory_factory(database)
    users = [f"user{number}" for number in range(8)]
    async with served(memories, tmp_path, shelf, bind=False) as service:
        sessions = [await service.user(user).session() for user in users]
        await asyncio.gather(*(each.say("I live in my own town.") for each in sessions))
        again = [await service.user(each.user.name).session(each.agent_id) for each in sessions]
        replies = await asyncio.gather(*(each.say("Where do I live?") for each in again))

    for user, reply in zip(users, replies, strict=True):
        assert f"{user}: I live in my own town." in reply
        assert reply.count("own town") == 1
    assert memories.faults == {}
    await memories.aclose()


async def test_the_memory_is_open_as_long_as_the_service_runs(
    database: Path, tmp_path: Path, shelf: FakeServer
) -> None:
    memory = Memory.open(database)
    memories = memory_factory(memory)
    for _ in range(2):
        async with served(memories, tmp_path, shelf) as service:
            memory.check_open()
            await (await service.user("alice").session()).say("Hello!")
        with pytest.raises(MemoryClosedError):
            memory.check_open()
