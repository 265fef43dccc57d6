"""A server that goes, and a copy of it that takes its place."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from evals.serving.accounts import server_account
from evals.serving.places import own_folder, short_path
from evals.serving.postgres import PostgresServer, find_binaries
from evals.serving.processes import run_as
from remanence import Episode, Memory, Message, Scope
from remanence.errors import StoreReadOnlyError
from remanence.store.postgres.connections import Address
from remanence.store.postgres.migrating import migrate
from tests.postgres.databases import APPLICATION
from tests.postgres.workers import until

ALICE = Scope("alice", session_id="s")
_DATABASE = "copied"


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """A server, and a copy of it that has all that was committed before anybody is told."""

    primary: PostgresServer
    standby: PostgresServer

    @property
    def url(self) -> str:
        """The database, wherever it can be written to."""
        places = ",".join(f"127.0.0.1:{each.port}" for each in (self.primary, self.standby))
        return f"postgresql://{APPLICATION}@{places}/{_DATABASE}?target_session_attrs=read-write"


@pytest.fixture
def pair() -> Iterator[Pair]:
    folder = short_path()
    own_folder(folder, server_account())
    try:
        with PostgresServer() as primary, contextlib.ExitStack() as stack:
            primary.create_database(_DATABASE)
            with psycopg.connect(primary.url(_DATABASE), autocommit=True) as connection:
                connection.execute(f"CREATE ROLE {APPLICATION} LOGIN".encode())
            migrate(
                Address.of(primary.url(_DATABASE)),
                partitions=1,
                vectors="bytea",
                grant=[APPLICATION],
            )
            subprocess.run(
                [
                    find_binaries() / "pg_basebackup",
                    f"--dbname={primary.url()}",
                    f"--pgdata={folder / 'data'}",
                    "--checkpoint=fast",
                    "--no-sync",
                ],
                check=True,
                capture_output=True,
                cwd=folder,
                **run_as(server_account()),
            )
            (folder / "data" / "standby.signal").touch()
            place = f"host=127.0.0.1 port={primary.port} user=postgres"
            standby = PostgresServer(folder, settings={"primary_conninfo": place})
            stack.enter_context(standby)
            with psycopg.connect(primary.url(), autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
                connection.execute("SELECT pg_reload_conf()")
                asyncio.run(_copied(connection))
            yield Pair(primary, standby)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _copied(connection: psycopg.Connection[Any]) -> None:
    """Wait until commits wait for the copy."""
    query = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
    await until(lambda: connection.execute(query).fetchone() is not None)


async def contents(memory: Memory) -> list[str]:
    page = await memory.list(scope=Scope("alice"), limit=10_000, origin="episode")
    return [item.content for item in page.items if isinstance(item, Episode)]


async def test_what_was_acknowledged_is_in_the_copy_that_takes_over(pair: Pair) -> None:
    acknowledged: list[str] = []

    async def write(memory: Memory, session: str) -> None:
        scope = Scope("alice", session_id=session)
        for number in range(10_000):
            if len(acknowledged) >= enough:
                return
            content = f"{session}-{number}"
            await memory.observe(Message("user", content), scope=scope)
            acknowledged.append(content)

    enough = 10_000
    async with Memory.open(pair.url) as memory:
        # Nobody writes where it is copied to.
        alone = f"postgresql://{APPLICATION}@127.0.0.1:{pair.standby.port}/{_DATABASE}"
        await memory.observe(Message("user", "first"), scope=ALICE)
        async with Memory.open(alone, busy_timeout=0.5) as copy:
            assert await copy.recall("first", scope=ALICE)
            with pytest.raises(StoreReadOnlyError, match="target_session_attrs"):
                await copy.observe(Message("user", "nowhere"), scope=ALICE)

        writing = [asyncio.create_task(write(memory, f"s{number}")) for number in range(4)]
        await until(lambda: len(acknowledged) > 20)
        await asyncio.to_thread(pair.primary.kill)
        with psycopg.connect(pair.standby.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")
        enough = len(acknowledged) + 20
        await asyncio.gather(*writing)
        found = await contents(memory)
    assert sorted(found) == sorted(["first", *acknowledged])


async def test_a_commit_found_again_waits_for_the_copy_as_well(pair: Pair) -> None:
    """What is there already, and in no copy yet, is not acknowledged before it is."""
    with psycopg.connect(pair.primary.url(), autocommit=True) as admin:

        def waiting() -> int | None:
            row = admin.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = %s AND wait_event = 'SyncRep'",
                (APPLICATION,),
            ).fetchone()
            return None if row is None else row[0]

        async with Memory.open(pair.url) as memory:
            await memory.observe(Message("user", "first"), scope=ALICE)
            await asyncio.to_thread(pair.standby.stop)
            writing = asyncio.create_task(memory.observe(Message("user", "second"), scope=ALICE))
            await until(lambda: waiting() is not None)
            before = waiting()
            admin.execute("SELECT pg_terminate_backend(%s)", (before,))
            await until(lambda: waiting() not in (None, before) or writing.done())
            assert not writing.done()
            await asyncio.to_thread(pair.standby.start)
            await writing
            assert await contents(memory) == ["first", "second"]
