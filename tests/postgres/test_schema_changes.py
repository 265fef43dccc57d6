"""The schema is changed while workers, older ones among them, go on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from evals.serving.databases import Databases
from remanence import Memory, Message, Scope
from remanence.errors import SchemaTooNewError, StoreBusyError
from remanence.store.postgres import migrating
from remanence.store.postgres.connections import Address
from remanence.store.postgres.migrating import migrate, schema_of
from remanence.store.postgres.statements import migrations
from remanence.store.relational.statements import Migration
from tests.postgres.databases import APPLICATION, OWNER
from tests.postgres.workers import Other, until

ALICE = Scope("alice", session_id="s")

_VERSION = migrations()[-1].version + 1

# With an index, the part that takes time; all of it is what an older worker need not know.
_ADDS = """
ALTER TABLE remanence.episodes ADD COLUMN mood text;
CREATE INDEX episodes_by_mood ON remanence.episodes (user_id, mood) WHERE mood IS NOT NULL;
"""


def step(*, works_from: int) -> Migration:
    return Migration(_VERSION, "moods", f"-- works from: {works_from}\n{_ADDS}")


@pytest.fixture
def name(new_database: Callable[[str], str]) -> str:
    """A database of the test's own, which changes."""
    return new_database("bytea")


@pytest.fixture
def url(server: Databases, name: str) -> str:
    return server.url(name, user=APPLICATION)


@pytest.fixture
def owner(server: Databases, name: str) -> Address:
    return Address.of(server.url(name, user=OWNER))


def change(owner: Address, *, works_from: int = 1) -> tuple[int, int]:
    return migrate(owner, steps=[*migrations(), step(works_from=works_from)])


async def test_workers_go_on_while_the_schema_changes(url: str, owner: Address) -> None:
    with Other(url) as other:
        await other.ask("open")
        await other.ask("keep_writing")
        await _written(other, 5)
        assert await asyncio.to_thread(change, owner) == (_VERSION - 1, _VERSION)
        await _written(other, await other.ask("written") + 5)
    async with Memory.open(url) as memory:  # by code that does not know the step
        await memory.observe(Message("user", "The kettle is red."), scope=ALICE)
        assert await memory.recall("What is red?", scope=ALICE)


async def _written(other: Other, amount: int) -> None:
    """Wait until it has written so much."""

    async def reached() -> bool:
        return await other.ask("written") >= amount

    await until(reached)


async def test_code_that_is_too_old_for_the_schema_says_so(url: str, owner: Address) -> None:
    async with Memory.open(url) as memory:
        change(owner, works_from=_VERSION)
        with pytest.raises(SchemaTooNewError, match="pip install --upgrade"):
            async with Memory.open(url):
                pass
        # What was opened before goes on until it is closed.
        await memory.observe(Message("user", "The kettle is red."), scope=ALICE)
        assert await memory.recall("What is red?", scope=ALICE)


async def test_a_step_that_waits_for_a_long_reader_holds_nobody_up(
    server: Databases, name: str, url: str, owner: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "_LOCK_TIMEOUT", "200ms")
    async with Memory.open(url, busy_timeout=10) as memory:
        await memory.observe(Message("user", "The kettle is red."), scope=ALICE)
        with psycopg.connect(server.url(name)) as reader:
            reader.execute("SELECT count(*) FROM remanence.episodes")
            changing = asyncio.create_task(asyncio.to_thread(change, owner))
            with psycopg.connect(server.url(name), autocommit=True) as watching:
                given_up = 0
                async with asyncio.timeout(60):
                    while given_up < 2:  # times that it waited, and no longer does
                        await _seen(watching, waiting=True)
                        await memory.observe(Message("user", "Still red."), scope=ALICE)
                        assert await memory.recall("What is red?", scope=ALICE)
                        await _seen(watching, waiting=False)
                        given_up += 1
            assert not changing.done()
        assert await changing == (_VERSION - 1, _VERSION)


async def _seen(connection: psycopg.Connection[tuple[object, ...]], *, waiting: bool) -> None:
    """Wait until the step waits for a lock, or does not."""

    def seen() -> bool:
        row = connection.execute(
            "SELECT count(*) > 0 FROM pg_stat_activity"
            " WHERE usename = %s AND wait_event_type = 'Lock'",
            (OWNER,),
        ).fetchone()
        return row == (waiting,)

    await until(seen)


def test_a_step_that_never_gets_its_lock_says_so(
    server: Databases, name: str, owner: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "_LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(migrating, "_ATTEMPTS", 2)
    with psycopg.connect(server.url(name)) as reader:
        reader.execute("SELECT count(*) FROM remanence.episodes")
        with pytest.raises(StoreBusyError, match="pg_stat_activity"):
            change(owner)
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        assert schema_of(connection).version == _VERSION - 1
    assert change(owner) == (_VERSION - 1, _VERSION)


def test_a_step_that_two_take_at_once_is_taken_once(owner: Address) -> None:
    together = threading.Barrier(4)

    def take() -> tuple[int, int]:
        together.wait()
        return change(owner)

    with ThreadPoolExecutor(4) as pool:
        taken = [each.result() for each in [pool.submit(take) for _ in range(4)]]
    assert {after for _, after in taken} == {_VERSION}
    assert change(owner) == (_VERSION, _VERSION)


def test_a_schema_that_two_make_at_once_is_made_once(
    server: Databases, templates: dict[str, str]
) -> None:
    del templates  # their fixture makes the roles
    server.drop_database("remanence_made_twice")
    server.create_database("remanence_made_twice")
    try:
        with psycopg.connect(server.url("remanence_made_twice"), autocommit=True) as connection:
            connection.execute(f"GRANT CREATE ON DATABASE remanence_made_twice TO {OWNER}".encode())
        address = Address.of(server.url("remanence_made_twice", user=OWNER))
        together = threading.Barrier(3)

        def make() -> tuple[int, int]:
            together.wait()
            return migrate(address, partitions=1, vectors="bytea", grant=[APPLICATION])

        with ThreadPoolExecutor(3) as pool:
            made = [each.result() for each in [pool.submit(make) for _ in range(3)]]
        assert {after for _, after in made} == {_VERSION - 1}
    finally:
        server.drop_database("remanence_made_twice")


def test_a_step_that_fails_leaves_nothing(server: Databases, name: str, owner: Address) -> None:
    broken = Migration(_VERSION, "broken", f"{_ADDS}; SELECT 1 / 0;")
    with pytest.raises(Exception, match="division by zero"):
        migrate(owner, steps=[*migrations(), broken])
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        assert schema_of(connection).version == _VERSION - 1
        row = connection.execute(
            "SELECT count(*) FROM information_schema.columns WHERE column_name = 'mood'"
        ).fetchone()
    assert row == (0,)
