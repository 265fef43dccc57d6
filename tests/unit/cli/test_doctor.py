import asyncio
import importlib.resources
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from remanence import Scope
from remanence.backends import Exchange, QueuedBackend
from remanence.errors import BackendRefusedError, DimensionError
from remanence.testing.service import Fault, ScriptedService
from remanence.types import Message

Run = Callable[..., Result]


def _findings(result: Result) -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {finding["about"].split(" for ")[0]: finding for finding in found}


@pytest.mark.usefixtures("alice")
def test_all_is_well(remanence: Run, database: Path) -> None:
    output = remanence("doctor").stdout
    assert str(database) in output
    assert all(line.startswith("ok") for line in output.splitlines())
    assert all(
        finding["fix"] == "" for finding in _findings(remanence("doctor", "--json")).values()
    )
    remanence("doctor", "--thorough")


@pytest.mark.usefixtures("alice")
def test_an_erasure_that_is_not_done_is_told(remanence: Run, database: Path) -> None:
    connection = sqlite3.connect(database)
    for sql in (
        "INSERT INTO erasures (user_id, upto, action, asked_at, rows_gone) "
        "VALUES ('alice', 1, 'forget', 0, 1)",
        "INSERT INTO orders (destination, user_id, upto, asked_at) VALUES ('shop', 'bob', 1, 0)",
    ):
        connection.execute(sql)
    connection.commit()
    connection.close()
    result = remanence("doctor", code=1)
    assert "error    erasures: 2 erasures not carried out whole yet" in result.stdout


def test_there_is_no_file(remanence: Run) -> None:
    assert "there is no database" in remanence("doctor", code=1).stderr


@pytest.fixture
def locked(database: Path) -> Iterator[int]:
    """Another process that holds the file in a transaction."""
    code = (
        "import sys, apsw; c = apsw.Connection(sys.argv[1]); c.execute('BEGIN IMMEDIATE'); "
        "print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process.pid
        process.communicate("")


@pytest.mark.usefixtures("alice")
def test_a_locked_store_names_who_holds_it(remanence: Run, request: pytest.FixtureRequest) -> None:
    holder = request.getfixturevalue("locked")
    lock = _findings(remanence("doctor", "--json", code=1))["lock"]
    assert lock["state"] == "error"
    assert str(holder) in lock["found"]
    assert "end the transaction" in lock["fix"]


def _park(database: Path, fault: Fault) -> None:
    async def park() -> None:
        service = ScriptedService(deliver=fault)
        async with QueuedBackend.open(service, database) as backend:
            exchange = Exchange("one", (Message("user", "A secret.", id="m"),))
            assert not await backend.retain(exchange, scope=Scope("alice"), wait=10)

    asyncio.run(park())


@pytest.mark.parametrize(
    ("error", "said", "fix"),
    [
        (BackendRefusedError("it is too long"), "it is too long", "mend the cause"),
        (DimensionError("384 where 1536 are stored"), "384 where 1536", "embedding model"),
    ],
)
def test_parked_writes_are_named_with_their_cause(
    remanence: Run, database: Path, error: Exception, said: str, fix: str
) -> None:
    _park(database, error)
    outbox = _findings(remanence("doctor", "--json", code=1))["outbox"]
    assert outbox["state"] == "error"
    assert "1 write set aside" in outbox["found"]
    assert said in outbox["found"]
    assert "secret" not in outbox["found"]
    assert fix in outbox["fix"]


def test_an_older_schema_is_named_and_left_as_it_is(remanence: Run, database: Path) -> None:
    migrations = importlib.resources.files("remanence.store.sqlite") / "migrations"
    first = (migrations / "0001_memories.sql").read_text("utf-8")
    connection = sqlite3.connect(database)
    connection.executescript(
        f"{first}; PRAGMA application_id = 0x524D4E43; PRAGMA user_version = 1;"
    )
    connection.close()
    before = database.read_bytes()

    schema = _findings(remanence("doctor", "--json"))["schema"]

    assert schema["state"] == "warning"
    assert "version 1" in schema["found"]
    assert "backup" in schema["fix"]
    assert database.read_bytes() == before


def test_a_newer_schema_asks_for_an_upgrade(remanence: Run, database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.executescript(
        "CREATE TABLE later (a); PRAGMA application_id = 0x524D4E43; PRAGMA user_version = 999;"
    )
    connection.close()
    schema = _findings(remanence("doctor", "--json", code=1))["schema"]
    assert "pip install --upgrade remanence" in schema["fix"]


def test_what_is_no_database(remanence: Run, database: Path) -> None:
    database.write_text("no database, but a text that is long enough to be looked at\n" * 20)
    assert _findings(remanence("doctor", "--json", code=1))["file"]["state"] == "error"


@pytest.mark.usefixtures("alice")
def test_a_damaged_file(remanence: Run, database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[4096 * 3 : 4096 * 5] = bytes([255]) * (4096 * 2)
    database.write_bytes(bytes(content))
    found = _findings(remanence("doctor", "--json", code=1))["file"]
    assert found["state"] == "error"
    assert "backup" in found["fix"]


def test_another_programs_database(remanence: Run, database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.executescript("CREATE TABLE theirs (a);")
    connection.close()
    found = _findings(remanence("doctor", "--json", code=1))["file"]
    assert "another program" in found["found"]
    assert "schema" not in _findings(remanence("doctor", "--json", code=1))


def test_an_empty_file(remanence: Run, database: Path) -> None:
    database.touch()
    found = _findings(remanence("doctor", "--json"))["file"]
    assert (found["state"], "empty" in found["found"]) == ("warning", True)
    assert database.read_bytes() == b""


def test_what_to_do_names_the_file(remanence: Run, tmp_path: Path) -> None:
    file = tmp_path / "out box.db"
    _park(file, BackendRefusedError("no"))
    outbox = _findings(remanence("doctor", "--db", file, "--json", code=1))["outbox"]
    assert f"--db '{file}'" in outbox["fix"]
