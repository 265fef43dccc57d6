import importlib.resources
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[..., Result]


def test_a_file_is_made_once(remanence: Run, database: Path) -> None:
    assert "no schema yet" in remanence("migrate", "--check", code=1).stdout
    assert not database.exists()
    assert "it had none before" in remanence("migrate").stdout
    assert "nothing was to be done" in remanence("migrate", database).stdout
    remanence("migrate", "--check")


def test_an_older_file_is_brought_up_to_date(remanence: Run, database: Path) -> None:
    migrations = importlib.resources.files("remanence.store.sqlite") / "migrations"
    first = (migrations / "0001_memories.sql").read_text("utf-8")
    connection = sqlite3.connect(database)
    connection.executescript(
        f"{first}; PRAGMA application_id = 0x524D4E43; PRAGMA user_version = 1;"
    )
    connection.close()
    assert "has schema version 1, and" in remanence("migrate", "--check", code=1).stdout
    assert "went from schema version 1 to" in remanence("migrate").stdout
    remanence("migrate", "--check")


def test_a_newer_file_asks_for_an_upgrade(remanence: Run, database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.executescript(
        "CREATE TABLE later (a); PRAGMA application_id = 0x524D4E43; PRAGMA user_version = 999;"
    )
    connection.close()
    assert "pip install --upgrade" in remanence("migrate", "--check", code=1).stderr


@pytest.mark.parametrize(
    "option", [("--partitions", "4"), ("--vectors", "bytea"), ("--grant", "ada")]
)
def test_what_only_servers_have_is_refused(remanence: Run, option: tuple[str, str]) -> None:
    assert "leave out" in remanence("migrate", *option, code=1).stderr


def test_one_database_is_named(remanence: Run, database: Path) -> None:
    remanence("migrate", database, "--db", database, code=2)
