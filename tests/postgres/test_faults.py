"""What goes wrong with a server is told clearly, and nothing that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from evals.serving.accounts import server_account
from evals.serving.cutting import Cutter, Fate
from evals.serving.databases import Databases
from evals.serving.places import free_port, own_folder, short_path
from evals.serving.postgres import PostgresServer
from evals.serving.proxy import Proxy
from remanence import Memory, Scope
from remanence.errors import (
    MemoryClosedError,
    RemanenceError,
    SchemaTooNewError,
    StoreBusyError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnreachableError,
)
from remanence.store.extraction import Expense
from remanence.store.postgres import PostgresStore
from remanence.store.postgres.connections import Address
from remanence.store.postgres.migrating import migrate
from remanence.store.relational.database import Database as Runner
from remanence.store.relational.extraction import spend
from remanence.types import Fact, Message
from tests.postgres.databases import APPLICATION, OWNER
from tests.postgres.workers import until

ALICE = Scope("alice", session_id="s")
_COMMIT = rb"UPDATE remanence\.writers.*COMMIT"
_DELAYS = [0.0, *(0.0005 * 1.4**step for step in range(16))]


@pytest.fixture
def kind() -> str:
    """What vectors are kept in makes no difference here."""
    return "bytea"


@pytest.fixture
def admin(server: Databases, database: str) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection with the database."""
    name = urlsplit(database).path.removeprefix("/")
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        yield connection


@pytest.fixture
def by_network(server: Databases, database: str) -> str:
    """The database's URL by TCP."""
    name = urlsplit(database).path.removeprefix("/")
    url = server.url(name, user=APPLICATION, tcp=True)
    if urlsplit(url).port is None:
        pytest.skip("the server that REMANENCE_TEST_POSTGRES names has no port")
    return url


@pytest.fixture
def cutter(by_network: str) -> Iterator[Cutter]:
    parts = urlsplit(by_network)
    assert parts.hostname is not None
    assert parts.port is not None
    with Cutter(parts.hostname, parts.port) as cutter:
        yield cutter


@pytest.fixture
def proxy(by_network: str) -> Iterator[Proxy]:
    parts = urlsplit(by_network)
    assert parts.hostname is not None
    assert parts.port is not None
    with Proxy(parts.hostname, parts.port) as proxy:
        yield proxy


@pytest.fixture
async def memory(database: str) -> AsyncIterator[Memory]:
    """A memory that has but half a second of patience."""
    async with Memory.open(database, busy_timeout=0.5) as memory:
        yield memory


async def contents(memory: Memory) -> list[str]:
    page = await memory.list(scope=Scope("alice"), limit=10_000)
    return [item.text if isinstance(item, Fact) else item.content for item in page.items]


async def open_fails(url: str, kind: type[RemanenceError], match: str) -> None:
    with pytest.raises(kind, match=match):
        async with Memory.open(url, busy_timeout=1):
            pass


def named(url: str, *, user: str | None = None, database: str | None = None) -> str:
    parts = urlsplit(url)
    old_user, at, place = parts.netloc.rpartition("@")
    netloc = f"{old_user if user is None else user}{at}{place}"
    return parts._replace(netloc=netloc, path=f"/{database}" if database else parts.path).geturl()


class TestOpening:
    async def test_no_server(self) -> None:
        began = time.monotonic()
        url = f"postgresql://anna:secret@127.0.0.1:{free_port()}/db"
        with pytest.raises(StoreUnreachableError, match=r"anna@127\.0\.0\.1.*refused") as caught:
            async with Memory.open(url, busy_timeout=1):
                pass
        assert "secret" not in str(caught.value)
        assert time.monotonic() - began < 5

    async def test_several_servers_none_of_which_runs(self) -> None:
        ports = free_port(), free_port()
        url = f"postgresql://anna@127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}/db"
        await open_fails(url, StoreUnreachableError, f"{ports[0]}.*refused.*{ports[1]}.*refused")

    async def test_a_server_that_never_answers(self) -> None:
        began = time.monotonic()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"postgresql://anna@127.0.0.1:{silent.getsockname()[1]}/db"
            await open_fails(url, StoreUnreachableError, "timeout")
        assert time.monotonic() - began < 5

    async def test_no_such_role(self, database: str) -> None:
        await open_fails(named(database, user="nobody_here"), StoreUnreachableError, "nobody_here")

    async def test_no_such_database(self, database: str) -> None:
        url = named(database, database="no_such_database")
        await open_fails(url, StoreUnreachableError, "no_such_database.*does not exist")

    async def test_a_wrong_password(self, own_server: PostgresServer) -> None:
        rules = own_server.folder / "data" / "pg_hba.conf"
        before = rules.read_text("utf-8")
        with psycopg.connect(own_server.url(), autocommit=True) as admin:
            admin.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
            rules.write_text(f"host all guarded all scram-sha-256\n{before}", "utf-8")
            try:
                admin.execute("SELECT pg_reload_conf()")
                url = own_server.url(user="guarded:wrong", tcp=True).replace("%3A", ":")
                with pytest.raises(StoreUnreachableError, match="password authentication") as told:
                    async with Memory.open(url, busy_timeout=1):
                        pass
                assert "wrong" not in str(told.value)
            finally:
                rules.write_text(before, "utf-8")
                admin.execute("SELECT pg_reload_conf()")
                admin.execute("DROP ROLE guarded")

    async def test_a_login_without_the_roles(
        self, database: str, admin: psycopg.Connection[Any]
    ) -> None:
        admin.execute("CREATE ROLE stranger LOGIN")
        try:
            await open_fails(
                named(database, user="stranger"),
                StoreReadOnlyError,
                "remanence migrate --grant stranger",
            )
        finally:
            admin.execute("DROP ROLE stranger")

    async def test_a_login_that_has_one_of_the_roles(
        self, database: str, admin: psycopg.Connection[Any]
    ) -> None:
        admin.execute("CREATE ROLE half LOGIN IN ROLE remanence_worker")
        try:
            with pytest.raises(StoreReadOnlyError, match="remanence_app"):
                async with Memory.open(named(database, user="half"), busy_timeout=1) as memory:
                    await memory.observe(Message("user", "Hello."), scope=ALICE)
        finally:
            admin.execute("DROP ROLE half")

    async def test_no_schema_and_no_right_to_make_one(
        self, server: Databases, database: str
    ) -> None:
        del database  # its fixture makes the roles
        server.drop_database("bare")
        server.create_database("bare")
        try:
            url = server.url("bare", user=APPLICATION)
            await open_fails(url, StoreReadOnlyError, "no Remanence schema.*remanence migrate")
        finally:
            server.drop_database("bare")

    async def test_a_schema_that_is_too_new(
        self, database: str, admin: psycopg.Connection[Any]
    ) -> None:
        admin.execute("INSERT INTO remanence.migrations VALUES (900, 'later', 900)")
        try:
            await open_fails(database, SchemaTooNewError, "900.*pip install --upgrade")
        finally:
            admin.execute("DELETE FROM remanence.migrations WHERE version = 900")

    async def test_no_connection_to_spare(
        self, database: str, admin: psycopg.Connection[Any]
    ) -> None:
        admin.execute(f"ALTER ROLE {APPLICATION} CONNECTION LIMIT 0".encode())
        try:
            await open_fails(database, StoreUnreachableError, "too many connections")
        finally:
            admin.execute(f"ALTER ROLE {APPLICATION} CONNECTION LIMIT -1".encode())


class TestBusy:
    async def test_rows_that_somebody_holds(
        self, memory: Memory, admin: psycopg.Connection[Any]
    ) -> None:
        await memory.observe(Message("user", "first"), scope=ALICE)
        with admin.transaction():
            admin.execute("SELECT 1 FROM remanence.users FOR UPDATE")
            began = time.monotonic()
            with pytest.raises(StoreBusyError, match="pg_stat_activity"):
                await memory.observe(Message("user", "held up"), scope=ALICE)
            assert 0.4 < time.monotonic() - began < 5
            assert await contents(memory) == ["first"]  # who reads waits for nobody
        await memory.observe(Message("user", "second"), scope=ALICE)
        assert await contents(memory) == ["first", "second"]

    async def test_a_limit_on_statements(
        self, database: str, admin: psycopg.Connection[Any]
    ) -> None:
        admin.execute(f"ALTER ROLE {APPLICATION} SET statement_timeout = '200ms'".encode())
        try:
            async with Memory.open(database) as memory:
                await memory.observe(Message("user", "first"), scope=ALICE)
                with admin.transaction():
                    admin.execute("SELECT 1 FROM remanence.users FOR UPDATE")
                    with pytest.raises(StoreBusyError, match="statement_timeout"):
                        await memory.observe(Message("user", "held up"), scope=ALICE)
                await memory.observe(Message("user", "second"), scope=ALICE)
                assert await contents(memory) == ["first", "second"]
        finally:
            admin.execute(f"ALTER ROLE {APPLICATION} RESET statement_timeout".encode())

    async def test_connections_that_run_out(
        self, memory: Memory, admin: psycopg.Connection[Any]
    ) -> None:
        await memory.observe(Message("user", "first"), scope=ALICE)
        admin.execute(f"ALTER ROLE {APPLICATION} CONNECTION LIMIT 0".encode())
        try:
            cut_all(admin)
            began = time.monotonic()
            for attempt in (memory.observe(Message("user", "lost"), scope=ALICE), contents(memory)):
                with pytest.raises(StoreUnreachableError):
                    await attempt
            assert time.monotonic() - began < 5
        finally:
            admin.execute(f"ALTER ROLE {APPLICATION} CONNECTION LIMIT -1".encode())
        await memory.observe(Message("user", "second"), scope=ALICE)
        assert await contents(memory) == ["first", "second"]

    async def test_writers_who_wait_in_vain_wait_once(
        self, memory: Memory, admin: psycopg.Connection[Any]
    ) -> None:
        """Those that shared a transaction are not tried again one after the other."""
        await memory.observe(Message("user", "first"), scope=ALICE)
        admin.execute(f"ALTER ROLE {APPLICATION} CONNECTION LIMIT 0".encode())
        try:
            cut_all(admin)
            began = time.monotonic()
            writes = [memory.observe(Message("user", f"{n}"), scope=ALICE) for n in range(30)]
            told = await asyncio.gather(*writes, return_exceptions=True)
            assert {type(each) for each in told} == {StoreUnreachableError}
            assert time.monotonic() - began < 5
        finally:
            admin.execute(f"ALTER ROLE {APPLICATION} CONNECTION LIMIT -1".encode())
        await memory.observe(Message("user", "second"), scope=ALICE)
        assert await contents(memory) == ["first", "second"]


class TestReadOnly:
    async def test_a_database_that_only_reads(
        self, database: str, admin: psycopg.Connection[Any]
    ) -> None:
        name = urlsplit(database).path.removeprefix("/")
        async with Memory.open(database) as memory:
            await memory.observe(Message("user", "first"), scope=ALICE)
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        try:
            async with Memory.open(database, busy_timeout=0.5) as memory:
                with pytest.raises(StoreReadOnlyError, match="target_session_attrs"):
                    await memory.observe(Message("user", "second"), scope=ALICE)
                assert await contents(memory) == ["first"]
        finally:
            admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())


@pytest.fixture
def small_place() -> Iterator[Path]:
    """A folder of the server's with room for 24 MB."""
    folder = short_path()
    own_folder(folder, server_account())
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip(f"no small disk can be made: {mounted.stderr.decode().strip()}")
    try:
        own_folder(folder, server_account())
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


@pytest.fixture
def small_database(
    own_server: PostgresServer, small_place: Path, templates: dict[str, str]
) -> Iterator[str]:
    """A database there."""
    del templates  # their fixture makes the roles
    name = "remanence_small"
    with psycopg.connect(own_server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE TABLESPACE small LOCATION '{small_place}'".encode())
        admin.execute(f"CREATE DATABASE {name} TABLESPACE small OWNER {OWNER}".encode())
        try:
            migrate(
                Address.of(own_server.url(name, user=OWNER)),
                partitions=1,
                vectors="bytea",
                grant=[APPLICATION],
            )
            yield own_server.url(name, user=APPLICATION)
        finally:
            own_server.drop_database(name)
            admin.execute("DROP TABLESPACE small")


async def fill(memory: Memory, kept: list[str]) -> None:
    """Store more than there is room for, and tell what was acknowledged."""
    for number in range(5_000):
        content = f"{number} " + os.urandom(8_000).hex()
        await memory.observe(Message("user", content), scope=ALICE)
        kept.append(content)


async def test_a_full_disk(own_server: PostgresServer, small_database: str) -> None:
    name = urlsplit(small_database).path.removeprefix("/")
    kept: list[str] = []
    async with Memory.open(small_database, busy_timeout=5) as memory:
        with psycopg.connect(own_server.url(name), autocommit=True) as admin:
            admin.execute(
                "CREATE TABLE filler AS SELECT repeat('x', 500) FROM generate_series(1, 10000)"
            )
            with pytest.raises(StoreFullError, match="nothing was kept"):
                await fill(memory, kept)
            assert kept
            assert await contents(memory) == kept
            admin.execute("DROP TABLE filler")
            await memory.observe(Message("user", "afterwards"), scope=ALICE)
            assert await contents(memory) == [*kept, "afterwards"]


def cut_all(admin: psycopg.Connection[Any]) -> None:
    """Have the server end all connections of the application, and see it done."""
    admin.execute(
        "SELECT pg_terminate_backend(pid, 10_000) FROM pg_stat_activity WHERE usename = %s",
        (APPLICATION,),
    )


class TestBrokenConnections:
    async def test_idle_ones_are_replaced(
        self, database: str, admin: psycopg.Connection[Any]
    ) -> None:
        async with Memory.open(database) as memory:
            for number in range(5):
                await memory.observe(Message("user", f"{number}"), scope=ALICE)
                cut_all(admin)
            assert await contents(memory) == [f"{number}" for number in range(5)]
            cut_all(admin)
            assert len(await memory.recall("4", scope=ALICE)) > 0

    async def test_one_that_waits_for_a_lock(
        self, database: str, admin: psycopg.Connection[Any], server: Databases
    ) -> None:
        name = urlsplit(database).path.removeprefix("/")
        async with Memory.open(database) as memory:
            await memory.observe(Message("user", "first"), scope=ALICE)
            with psycopg.connect(server.url(name)) as holder:
                holder.execute("SELECT 1 FROM remanence.users FOR UPDATE")
                writing = asyncio.create_task(
                    memory.observe(Message("user", "second"), scope=ALICE)
                )
                await until(
                    lambda: (
                        admin.execute(
                            "SELECT 1 FROM pg_stat_activity"
                            " WHERE usename = %s AND wait_event_type = 'Lock'",
                            (APPLICATION,),
                        ).fetchone()
                        is not None
                    )
                )
                cut_all(admin)
            await writing
            assert await contents(memory) == ["first", "second"]

    @pytest.mark.parametrize("fate", ["lost", "answered", "late"])
    async def test_a_commit_that_nobody_answers(
        self, by_network: str, cutter: Cutter, fate: Fate, admin: psycopg.Connection[Any]
    ) -> None:
        async with Memory.open(cutter.through(by_network), busy_timeout=3) as memory:
            await memory.observe(Message("user", "before"), scope=ALICE)
            cut = cutter.cut_at(_COMMIT, fate)
            (episode,) = await memory.observe(Message("user", "meanwhile"), scope=ALICE)
            assert cut.happened.is_set()
            if fate == "late":
                cut.deliver()
                assert await asyncio.to_thread(cut.carried.wait, 10)
            assert cut.carried.is_set() == (fate != "lost")
            await memory.observe(Message("user", "afterwards"), scope=ALICE)
            assert await contents(memory) == ["before", "meanwhile", "afterwards"]
            assert await memory.get(episode.id, scope=ALICE) == episode
        left = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND state <> 'idle'",
            (APPLICATION,),
        ).fetchone()
        assert left == (0,)

    @pytest.mark.parametrize("fates", [("lost", "late"), ("answered", "answered")])
    async def test_an_effect_that_adds_up_is_had_once(
        self, by_network: str, cutter: Cutter, fates: tuple[Fate, Fate]
    ) -> None:
        """Nothing but the writer's number tells whether a count was raised."""
        store = PostgresStore(cutter.through(by_network))
        await store.open()
        try:
            for number, fate in enumerate(fates, 1):
                cut = cutter.cut_at(_COMMIT, fate)
                await store.extraction.spend(Expense(1, 10, 1))
                assert cut.happened.is_set()
                if fate == "late":
                    cut.deliver()
                    assert await asyncio.to_thread(cut.carried.wait, 10)
                assert (await store.extraction.spent()).calls == number
        finally:
            await store.aclose()

    async def test_what_was_taken_for_lost_comes_too_late(
        self, by_network: str, cutter: Cutter
    ) -> None:
        """It arrives when the writer has asked for it, and before it is written once more."""
        attempts = 0

        def spend_once(database: Runner) -> None:
            nonlocal attempts
            attempts += 1
            if attempts == 2:
                cut.deliver()
                assert cut.carried.wait(10)
            spend(database, Expense(1, 10, 1))

        store = PostgresStore(cutter.through(by_network))
        await store.open()
        try:
            cut = cutter.cut_at(_COMMIT, "late")
            await store._write(spend_once)  # pyright: ignore[reportPrivateUsage]
            assert attempts == 2
            assert (await store.extraction.spent()).calls == 1
        finally:
            await store.aclose()

    @pytest.mark.parametrize("fate", ["lost", "answered", "late"])
    async def test_the_question_whether_it_was_committed_is_lost_as_well(
        self, by_network: str, cutter: Cutter, fate: Fate
    ) -> None:
        async with Memory.open(cutter.through(by_network), busy_timeout=3) as memory:
            await memory.observe(Message("user", "before"), scope=ALICE)
            cuts = [cutter.cut_at(_COMMIT, fate), cutter.cut_at(rb"SELECT last", "lost")]
            cuts.append(cutter.cut_at(_COMMIT, "answered"))
            await memory.observe(Message("user", "meanwhile"), scope=ALICE)
            await memory.observe(Message("user", "afterwards"), scope=ALICE)
            assert all(cut.happened.is_set() for cut in cuts)
            if fate == "late":
                cuts[0].deliver()
                assert await asyncio.to_thread(cuts[0].carried.wait, 10)
            assert await contents(memory) == ["before", "meanwhile", "afterwards"]

    async def test_what_is_not_known_is_said(self, by_network: str, proxy: Proxy) -> None:
        parts = urlsplit(proxy.through(by_network))
        assert parts.port is not None
        with Cutter("127.0.0.1", parts.port) as cutter:
            async with Memory.open(cutter.through(by_network), busy_timeout=0.5) as memory:
                await memory.observe(Message("user", "before"), scope=ALICE)
                proxy.refuse()
                cutter.cut_at(_COMMIT, "answered")
                with pytest.raises(StoreUnreachableError, match="not known"):
                    await memory.observe(Message("user", "perhaps", id="m1"), scope=ALICE)
                proxy.resume()
                await memory.observe(Message("user", "perhaps", id="m1"), scope=ALICE)
                assert await contents(memory) == ["before", "perhaps"]

    async def test_a_network_that_stalls(self, by_network: str, proxy: Proxy) -> None:
        async with Memory.open(proxy.through(by_network)) as memory:
            await memory.observe(Message("user", "before"), scope=ALICE)
            proxy.stall()
            writing = asyncio.create_task(memory.observe(Message("user", "held"), scope=ALICE))
            reading = asyncio.create_task(contents(memory))
            await asyncio.sleep(0.1)
            assert not writing.done()
            proxy.resume()
            await writing
            assert (await reading)[0] == "before"
            proxy.refuse()
            proxy.cut()
            writing = asyncio.create_task(memory.observe(Message("user", "refused"), scope=ALICE))
            await asyncio.sleep(0.1)
            proxy.resume()
            await writing
            assert await contents(memory) == ["before", "held", "refused"]


class TestCancelling:
    @pytest.mark.parametrize("what", ["observe", "recall", "remember", "forget"])
    async def test_at_any_moment(
        self, database: str, what: str, admin: psycopg.Connection[Any]
    ) -> None:
        async with Memory.open(database, busy_timeout=5) as memory:
            await memory.observe(Message("user", "The kettle is red."), scope=ALICE)

            def work(number: int) -> Coroutine[Any, Any, object]:
                match what:
                    case "observe":
                        return memory.observe(Message("user", f"{number}"), scope=ALICE)
                    case "recall":
                        return memory.recall("What is red?", scope=Scope("alice"))
                    case "remember":
                        return memory.remember(f"It is {number}.", scope=ALICE)
                    case _:
                        return memory.forget(scope=Scope("alice", session_id=f"{number}"))

            cancelled = 0
            for number, delay in enumerate(_DELAYS * 2):
                try:
                    async with asyncio.timeout(delay):
                        await work(number)
                except TimeoutError:
                    cancelled += 1
            assert cancelled
            await memory.observe(Message("user", "The kettle is blue."), scope=ALICE)
            assert "The kettle is blue." in await contents(memory)
            await idle(admin)
            with admin.transaction():  # nobody holds a row
                admin.execute("SELECT 1 FROM remanence.users FOR UPDATE NOWAIT")

    async def test_no_connection_is_kept(self, database: str) -> None:
        store = PostgresStore(database, connections=4, patience=5)
        await store.open()
        try:
            for delay in _DELAYS * 3:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(delay):
                        await asyncio.gather(*(store.count(None) for _ in range(10)))
            await asyncio.gather(*(store.count(None) for _ in range(10)))
            pool = store._lanes.pool  # pyright: ignore[reportPrivateUsage, reportOptionalMemberAccess]

            def all_free() -> bool:
                stats = pool.get_stats()
                return stats["pool_available"] == stats["pool_size"]

            await until(all_free)
        finally:
            await store.aclose()


async def idle(admin: psycopg.Connection[Any]) -> None:
    """Wait until no connection of the application is in a transaction."""
    await until(
        lambda: (
            admin.execute(
                "SELECT 1 FROM pg_stat_activity WHERE usename = %s AND state <> 'idle'",
                (APPLICATION,),
            ).fetchone()
            is None
        )
    )


def test_a_process_that_was_forked_has_to_open_it_again(database: str) -> None:
    with asyncio.Runner() as runner:
        memory = runner.run(_opened(database))
        child = os.fork()
        if child == 0:
            os._exit(asyncio.run(_in_the_child(memory, database)))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        runner.run(memory.observe(Message("user", "The parent goes on."), scope=ALICE))
        assert runner.run(contents(memory)) == ["The child's own.", "The parent goes on."]
        runner.run(memory.aclose())


async def _opened(url: str) -> Memory:
    return await Memory.open(url)


async def _in_the_child(memory: Memory, url: str) -> int:
    try:
        await memory.observe(Message("user", "By the parent's."), scope=ALICE)
    except MemoryClosedError as error:
        if "forked" not in str(error):
            return 2
    else:
        return 3
    async with Memory.open(url) as own:
        await own.observe(Message("user", "The child's own."), scope=ALICE)
    return 0


async def test_closing_while_work_is_under_way(database: str) -> None:
    acknowledged: set[str] = set()

    async def write(number: int) -> None:
        await memory.observe(Message("user", f"{number}"), scope=ALICE)
        acknowledged.add(f"{number}")

    memory = await Memory.open(database)
    tasks = [asyncio.create_task(write(number)) for number in range(200)]
    await until(lambda: bool(acknowledged))
    await memory.aclose()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(each) for each in told} <= {type(None), MemoryClosedError}
    async with Memory.open(database) as memory:
        assert set(await contents(memory)) == acknowledged
