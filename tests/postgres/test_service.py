"""AgentScope's own service over PostgreSQL: several share what users have told any of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakeredis import FakeServer

from remanence import Memory
from remanence.middleware import memory_factory
from tests.service.serving import served


@pytest.fixture
def kind() -> str:
    return "bytea"  # there are no vectors here


async def test_what_one_service_was_told_another_knows_and_of_nobody_else(
    database: str, tmp_path: Path
) -> None:
    shelf = FakeServer()
    async with (
        served(memory_factory(database), tmp_path, shelf) as one,
        served(memory_factory(database), tmp_path, shelf) as two,
    ):
        alice, bob = await one.user("alice").agent(), await one.user("bob").agent()
        await (await one.user("alice").session(alice)).say("My sister Nora lives in Ghent.")
        await (await two.user("bob").session(bob)).say("My sister Nora lives in Oslo.")

        for user, agent, town, other in (
            ("alice", alice, "Ghent", "Oslo"),
            ("bob", bob, "Oslo", "Ghent"),
        ):
            for service in (one, two):
                session = await service.user(user).session(agent)
                reply = await session.say("Where does my sister Nora live?")
                assert town in reply
                assert other not in reply

    async with Memory.open(database) as memory:
        await memory.forget_user("alice")
        assert (await memory.stats()).users == 1
    async with served(memory_factory(database), tmp_path, shelf) as again:
        session = await again.user("alice").session(alice)
        assert "Ghent" not in await session.say("Where does my sister Nora live?")
