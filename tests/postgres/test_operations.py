"""A server's database operated from the command line."""

import asyncio
import datetime as dt
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from evals.serving.databases import Databases
from evals.serving.pgbouncer import PgBouncer
from evals.serving.places import free_port
from evals.serving.postgres import find_binaries
from remanence import Memory, Message, Scope
from remanence.cli.app import app
from remanence.store.erasing import NewErasure
from remanence.store.postgres import PostgresStore
from remanence.types import Filter
from tests.postgres.databases import APPLICATION, OWNER
from tests.recollecting import fill

Run = Callable[..., Result]


@pytest.fixture
def kind() -> str:
    return "halfvec"


@pytest.fixture
def remanence() -> Run:
    """Runs a command and checks its exit code."""

    def run(*arguments: object, code: int = 0, db: str | None = None) -> Result:
        environment = {"REMANENCE_DB": db, "REMANENCE_KEY_FILE": None}
        result = CliRunner().invoke(app, [str(each) for each in arguments], env=environment)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def empty(server: Databases, templates: dict[str, str]) -> Iterator[str]:
    """A database with nothing in it, in which the owner may make a schema."""
    name = "remanence_test_empty"
    server.drop_database(name)
    server.create_database(name, extensions=False)
    _execute(server.url(name), f"GRANT CREATE ON DATABASE {name} TO {OWNER}")
    yield name
    server.drop_database(name)


def _execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _findings(result: Result) -> dict[str, dict[str, Any]]:
    return {found["about"]: found for found in map(json.loads, result.stdout.splitlines())}


def _line(result: Result) -> str:
    """Errors as one line, however wide the terminal."""
    return " ".join(result.stderr.split())


def _now() -> dt.datetime:
    return dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def _fill(location: str) -> None:
    asyncio.run(fill(location))


# --- all commands ------------------------------------------------------------------------------


def test_commands_take_a_servers_database(remanence: Run, database: str, tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_text('{"user_id": "alice", "role": "user", "content": "Nora lives in Ghent."}\n')
    secret = database.replace(APPLICATION, f"{APPLICATION}:hidden")
    outputs = [
        remanence("import", file, "--db", secret),
        remanence("recall", "Nora", "--user", "alice", db=secret),
        remanence("show", "--user", "alice", db=secret),
        remanence("stats", db=secret),
        remanence("outbox", "status", db=secret),
        remanence("export", tmp_path / "alice.zip", "--user", "alice", db=secret),
        remanence("forget", "--user", "alice", "--everything", "--yes", db=secret),
        remanence("audit", db=secret),
        remanence("doctor", db=secret),
    ]
    told = "".join(result.output for result in outputs)
    assert "Nora lives in Ghent." in outputs[1].stdout
    assert APPLICATION in outputs[3].stdout
    assert "forget" in outputs[7].stdout
    assert "hidden" not in told


def test_a_file_has_a_key_and_a_server_none(remanence: Run, database: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("seven ducks")
    key.chmod(0o600)
    refused = remanence("--key-file", key, "stats", "--db", database, code=1)
    assert "--key-file" in refused.stderr
    refused = remanence("rekey", "--plain", "--db", database, code=1)
    assert "names a server" in refused.stderr
    result = CliRunner().invoke(
        app, ["stats", "--db", database], env={"REMANENCE_KEY_FILE": str(key)}
    )
    assert result.exit_code == 0, result.output


def test_nothing_is_made_by_looking(remanence: Run, server: Databases, empty: str) -> None:
    url = server.url(empty, user=OWNER)
    refused = remanence("stats", "--db", server.url(empty, user=APPLICATION), code=1)
    assert "there is no memory" in refused.stderr
    assert f"remanence migrate postgresql://OWNER@… --grant {APPLICATION}" in _line(refused)
    assert _findings(remanence("doctor", "--db", url, "--json", code=1))["schema"]["fix"]
    assert "no schema yet" in remanence("migrate", "--check", url, code=1).stdout


def test_a_server_that_is_not_there(remanence: Run) -> None:
    url = f"postgresql://alice:hidden@127.0.0.1:{free_port()}/memory"
    for command in (("stats", "--db"), ("migrate",)):
        refused = remanence(*command, url, code=1)
        assert "can't be reached" in refused.stderr
        assert "hidden" not in refused.output
    found = _findings(remanence("doctor", "--db", url, "--json", code=1))
    assert "can't be reached" in found["server"]["found"]
    assert found["server"]["fix"] == ""


@pytest.mark.parametrize("password", ["hid%den", "hid%zz", "hid%"])
def test_what_can_not_be_understood_tells_no_password(remanence: Run, password: str) -> None:
    refused = remanence("stats", "--db", f"postgresql://alice:{password}@host/memory", code=1)
    assert "% as %25" in refused.stderr
    assert "hid" not in refused.output


# --- migrate -----------------------------------------------------------------------------------


def test_a_schema_is_made_once(remanence: Run, server: Databases, empty: str) -> None:
    url = server.url(empty, user=OWNER)
    made = remanence("migrate", url, "--partitions", 2, "--grant", APPLICATION)
    assert "it had none before" in made.stdout
    again = remanence("migrate", url, "--partitions", 2, "--grant", APPLICATION)
    assert "nothing was to be done" in again.stdout
    remanence("migrate", "--check", url, "--grant", APPLICATION)
    lacking = remanence("migrate", "--check", "--db", url, "--grant", "nobody", code=1)
    assert "Not granted yet: nobody" in lacking.stdout
    found = _findings(remanence("doctor", "--json", "--db", server.url(empty, user=APPLICATION)))
    assert {each["about"] for each in found.values() if each["state"] != "ok"} == {"log"}
    assert "vectors are kept as bytea" in found["pgvector"]["found"]


def test_nothing_is_made_for_a_role_that_is_not_there(
    remanence: Run, server: Databases, empty: str
) -> None:
    url = server.url(empty, user=OWNER)
    refused = remanence("migrate", url, "--grant", APPLICATION, "--grant", "nobody", code=1)
    assert "--grant: names nobody: there is no role" in _line(refused)
    assert "no schema yet" in remanence("migrate", "--check", url, code=1).stdout


def test_whoever_may_not_is_told_what_to_grant(
    remanence: Run, server: Databases, empty: str, database: str
) -> None:
    refused = remanence("migrate", server.url(empty, user=APPLICATION), code=1)
    assert f"migrate postgresql://OWNER@… --grant {APPLICATION}" in refused.stderr
    refused = remanence("migrate", database, "--grant", "pg_monitor", code=1)
    assert "may not grant remanence_app to pg_monitor" in refused.stderr
    refused = remanence("migrate", database, "--grant", "nobody", code=1)
    assert "there is no role" in refused.stderr


def test_who_made_the_roles_can_become_them(remanence: Run, server: Databases, empty: str) -> None:
    """Since PostgreSQL 16, who makes a role is a member of it that can only grant it."""
    maker = "remanence_test_maker"
    groups = "remanence_app, remanence_worker, remanence_operator"
    _execute(
        server.url(empty),
        f"CREATE ROLE {maker} LOGIN CREATEROLE",
        f"GRANT CREATE ON DATABASE {empty} TO {maker}",
        f"GRANT {groups} TO {maker} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
    )
    try:
        url = server.url(empty, user=maker)
        remanence("migrate", url, "--partitions", 1)
        assert "users     0" in remanence("stats", "--db", url).stdout
    finally:
        _execute(server.url(empty), f"DROP OWNED BY {maker} CASCADE", f"DROP ROLE {maker}")


# --- doctor ------------------------------------------------------------------------------------


def test_all_is_well(remanence: Run, server: Databases, database: str) -> None:
    name = database.rpartition("/")[2].partition("?")[0]
    found = _findings(remanence("doctor", "--db", database, "--json"))
    assert found["log"]["state"] == "warning"
    assert "log_min_error_statement = error" in found["log"]["found"]
    _execute(server.url(name), f"ALTER DATABASE {name} SET log_min_error_statement = 'panic'")
    try:
        found = _findings(remanence("doctor", "--db", database, "--json"))
    finally:
        _execute(server.url(name), f"ALTER DATABASE {name} RESET log_min_error_statement")
    assert {each["state"] for each in found.values()} == {"ok"}
    assert {"isolation", "notifications", "clocks", "erasures", "outbox"} <= found.keys()
    assert "halfvec" in found["pgvector"]["found"]


def test_who_owns_it_is_warned(remanence: Run, owner_url: str) -> None:
    login = _findings(remanence("doctor", "--db", owner_url, "--json"))["login"]
    assert (login["state"], "owns the schema" in login["found"]) == ("warning", True)


def test_a_superuser_is_warned_and_a_stranger_refused(
    remanence: Run, server: Databases, new_database: Callable[[str], str]
) -> None:
    name, stranger = new_database("bytea"), "remanence_test_stranger"
    login = _findings(remanence("doctor", "--db", server.url(name), "--json"))["login"]
    assert (login["state"], "is a superuser" in login["found"]) == ("warning", True)
    _execute(server.url(name), f"CREATE ROLE {stranger} LOGIN BYPASSRLS")
    try:
        url = server.url(name, user=stranger)
        found = _findings(remanence("doctor", "--db", url, "--json", code=1))
        assert "can't become remanence_app" in found["roles"]["found"]
        assert "BYPASSRLS" in found["login"]["found"]
        assert found["schema"]["state"] == "error"
    finally:
        _execute(server.url(name), f"DROP ROLE {stranger}")


def test_what_keeps_users_apart_is_missed(remanence: Run, server: Databases, database: str) -> None:
    url = server.url(database.rpartition("/")[2].partition("?")[0])
    try:
        _execute(
            url,
            "ALTER TABLE remanence.entries_1 NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE remanence.facts DISABLE ROW LEVEL SECURITY",
            "DROP POLICY one_user ON remanence.sessions_0",
            "ALTER POLICY one_user ON remanence.jobs USING (true)",
            "CREATE POLICY mine ON remanence.episodes USING (true)",
            "CREATE POLICY ours ON remanence.users TO remanence_app USING (true)",
        )
        result = remanence("doctor", "--db", database, "--json", code=1)
    finally:
        _mend(url)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    isolation = [each for each in found if each["about"] == "isolation"]
    assert {each["state"] for each in isolation} == {"error"}
    assert [each["found"].rpartition(" on ")[2].rpartition("user: ")[2] for each in isolation] == [
        "entries_1, facts",
        "jobs, sessions_0",
        "episodes: mine, users: ours",
    ]


def _mend(url: str) -> None:
    own = "user_id = current_setting('remanence.user_id', true)"
    _execute(
        url,
        "ALTER TABLE remanence.entries_1 FORCE ROW LEVEL SECURITY",
        "ALTER TABLE remanence.facts ENABLE ROW LEVEL SECURITY",
        "DROP POLICY IF EXISTS one_user ON remanence.sessions_0",
        f"CREATE POLICY one_user ON remanence.sessions_0 TO remanence_app"
        f" USING ({own}) WITH CHECK ({own})",
        f"ALTER POLICY one_user ON remanence.jobs USING ({own}) WITH CHECK ({own})",
        "DROP POLICY IF EXISTS mine ON remanence.episodes",
        "DROP POLICY IF EXISTS ours ON remanence.users",
    )


def test_an_erasure_that_is_left_is_told(remanence: Run, server: Databases, database: str) -> None:
    async def ask() -> None:
        store = PostgresStore(database)
        await store.open()
        await store.erasures.ask([NewErasure(Filter("alice"), None, _now())])
        await store.aclose()

    asyncio.run(ask())
    found = _findings(remanence("doctor", "--db", database, "--json", code=1))
    assert "1 erasure not carried out" in found["erasures"]["found"]
    remanence("stats", "--db", database)  # whoever opens it carries it out
    assert _findings(remanence("doctor", "--db", database, "--json"))["erasures"]["state"] == "ok"


def test_a_proxy_that_lends_connections(remanence: Run, pooler: PgBouncer, database: str) -> None:
    name = database.rpartition("/")[2].partition("?")[0]
    found = _findings(remanence("doctor", "--db", pooler.url(name, user=APPLICATION), "--json"))
    assert found["notifications"]["state"] == "warning"
    assert {each["state"] for each in found.values()} == {"ok", "warning"}


# --- stats -------------------------------------------------------------------------------------


def test_how_much_there_is_of_whom(remanence: Run, database: str) -> None:
    _fill(database)
    lines = remanence("stats", "--by", "user", "--db", database).stdout.splitlines()
    assert [line.split()[-1] for line in lines] == ["user", "alice", "bob", "李雷"]
    listed = remanence("stats", "--by", "user", "--sort", "facts", "--json", "--db", database)
    first = json.loads(listed.stdout.splitlines()[0])
    assert (first["user_id"], first["facts"]) == ("alice", 4)
    assert "Ghent" not in listed.output


# --- copy --------------------------------------------------------------------------------------


def test_there_and_back(remanence: Run, database: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    _fill(str(first))
    planned = remanence("copy", first, database, "--dry-run").stdout
    assert "Would copy 3 users" in planned
    assert "users     0" in remanence("stats", "--db", database).stdout
    for source, target in ((first, database), (database, second)):
        done = remanence("copy", f"sqlite:///{source}" if source is first else source, target)
        assert "Copied 3 users" in done.stdout
        assert "3 users the same" in done.stdout
        again = remanence("copy", source, target)
        assert "Copied 0 users: 0 episodes, 0 facts" in again.stdout
        assert "3 users the same" in again.stdout
    assert remanence("copy", second, first).stdout.startswith("Copied 0 users")
    audit = remanence("audit", "--user", "alice", "--json", "--db", database).stdout
    assert [json.loads(line)["action"] for line in audit.splitlines()] == ["import", "export"]


def test_a_difference_is_told_and_is_a_failure(
    remanence: Run, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "memory.db"
    _fill(str(file))
    remanence("copy", file, database)

    async def say_more() -> None:
        async with Memory.open(database) as memory:
            await memory.observe(Message("user", "More."), scope=Scope("bob", session_id="new"))

    asyncio.run(say_more())
    differing = remanence("copy", file, database, "--json", code=1)
    told = {user["user_id"]: user for user in map(json.loads, _json_lines(differing))}
    assert {name: user["state"] for name, user in told.items()} == {
        "alice": "there",
        "bob": "different",
        "李雷": "there",
    }
    assert "bob: the target has" in differing.stderr
    assert "'remanence forget --user bob --everything'" in _line(differing)
    brought = remanence("copy", database, file)
    assert "Copied 1 user: " in brought.stdout
    assert "3 users the same" in brought.stdout


def test_a_dry_run_is_refused_as_the_copy_is(
    remanence: Run, server: Databases, empty: str, tmp_path: Path
) -> None:
    file = tmp_path / "memory.db"
    _fill(str(file))
    target = server.url(empty, user=APPLICATION)
    planned, refused = (
        remanence("copy", file, target, *options, code=1) for options in (("--dry-run",), ())
    )
    assert "no Remanence schema" in refused.stderr
    assert (planned.stdout, planned.stderr) == ("", refused.stderr)
    owned = server.url(empty, user=OWNER)
    assert "Would copy 3 users" in remanence("copy", file, owned, "--dry-run").stdout
    missing = remanence("copy", target, file, code=1)
    assert missing.stderr.startswith("error: FROM: there is no memory")
    assert "no schema yet" in remanence("migrate", "--check", owned, code=1).stdout


def _json_lines(result: Result) -> list[str]:
    return [line for line in result.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("to_server", [True, False], ids=["to the server", "to a file"])
def test_a_copy_that_was_killed_goes_on(
    remanence: Run,
    database: str,
    tmp_path: Path,
    start_python: Callable[..., subprocess.Popen[str]],
    to_server: bool,
) -> None:
    file = str(tmp_path / "memory.db")
    source, target = (file, database) if to_server else (database, file)
    asyncio.run(fill(source, others=20))
    # Results come as they are made, so that it is killed in the midst of the users that follow.
    with start_python("-m", "remanence", "copy", source, target, "--json") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.kill()
    assert all(json.loads(line)["state"] == "copied" for line in lines)
    left = remanence("copy", source, target, "--dry-run").stdout
    assert "Would copy" in left
    assert "Would copy 0 users" not in left
    done = remanence("copy", source, target)
    copied = int(done.stdout.split()[1])
    assert 0 < copied <= 23 - 3
    assert f"{23 - copied} users already there" in done.stdout
    assert "23 users the same" in done.stdout


def test_what_is_to_be_erased_is_erased_first(
    remanence: Run, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "memory.db"
    _fill(database)

    async def ask() -> None:
        store = PostgresStore(database)
        await store.open()
        await store.erasures.ask([NewErasure(Filter("alice"), None, _now())])
        await store.aclose()

    asyncio.run(ask())
    done = remanence("copy", database, file)
    assert "Carried out first: 1 erasure" in done.stdout
    assert "Copied 2 users" in done.stdout
    assert "Nothing found" in remanence("show", "--user", "alice", "--db", file).stderr


# --- backups -----------------------------------------------------------------------------------


def test_a_backup_is_whole_only_by_who_sees_all(
    remanence: Run, server: Databases, database: str, empty: str, tmp_path: Path
) -> None:
    _fill(database)
    dump, name = tmp_path / "dump", database.rpartition("/")[2].partition("?")[0]
    options = ["--format=custom", f"--file={dump}"]
    refused = _ran(_program("pg_dump"), server.url(name, user=OWNER), *options)
    assert "row-level security" in refused.stderr
    assert _ran(_program("pg_dump"), server.url(name), *options).returncode == 0
    _execute(server.url(empty), f"ALTER DATABASE {empty} RESET extension_control_path")
    restored = _ran(
        _program("pg_restore"), f"--dbname={server.url(empty)}", "--exit-on-error", dump
    )
    assert restored.returncode == 0, restored.stderr
    url = server.url(empty, user=APPLICATION)
    found = _findings(remanence("doctor", "--db", url, "--json"))
    assert {each["about"] for each in found.values() if each["state"] != "ok"} == {"log"}
    compared = remanence("copy", database, url, "--dry-run").stdout
    assert "Would copy 0 users" in compared
    assert "3 users already there" in compared
    _fill(url)  # it goes on from there


def _ran(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False
    )


def _program(name: str) -> Path:
    """A program of the server's own version, which older ones can't back up."""
    program = find_binaries() / name
    if not program.exists():
        pytest.skip(f"{program.parent} has no {name}")
    return program
