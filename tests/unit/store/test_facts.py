"""Files of before facts had two times."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from remanence import Memory, Scope
from remanence.store.sqlite.database import APPLICATION_ID
from remanence.store.sqlite.statements import migrations

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
ALICE = Scope("alice")


def _id(number: int) -> str:
    return f"x'{number:032x}'"


@pytest.fixture
def version_3(database: Path) -> Path:
    """A file as version 3 of the schema made it: three messages, and three facts."""
    connection = sqlite3.connect(database)
    for migration in migrations()[:3]:
        connection.executescript(migration.sql)
    roles = ("user", "assistant", "tool")
    for number, role in enumerate(roles, 1):
        connection.execute(
            f"INSERT INTO episodes VALUES ({number}, 'alice', {_id(number)}, {number}, 1, "
            f"{number - 1}, '{role}', NULL, 'said {role}', 0, 0, {number} * 1000000, NULL, '{{}}')"
        )
        connection.execute(
            "INSERT INTO entries (user_id, seq, origin, item, session, at, speaker, asks, terms, "
            f"analyzer, role) VALUES ('alice', {number}, 0, {number}, 1, 0, NULL, 0, 'said', 2, "
            f"{number + (number == 3)})"
        )
    for number, sources in ((4, (1,)), (5, (1, 3)), (6, ())):
        item = number - 3
        connection.execute(
            f"INSERT INTO facts VALUES ({item}, 'alice', {_id(number)}, {number}, 1, "
            f"'fact {number}', 0, 0, {number} * 1000000, '{{}}')"
        )
        connection.execute(
            "INSERT INTO entries (user_id, seq, origin, item, session, at, speaker, asks, terms, "
            f"analyzer, role) VALUES ('alice', {number}, 1, {item}, 1, 0, NULL, 0, 'fact', 2, 0)"
        )
        for source in sources:
            connection.execute(f"INSERT INTO fact_sources VALUES ('alice', {number}, {source})")
    connection.executescript(
        f"""
        PRAGMA application_id = {APPLICATION_ID};
        PRAGMA user_version = 3;
        UPDATE counters SET epoch = 1;
        INSERT INTO users VALUES ('alice', 0, 1, 1, 1);
        INSERT INTO sessions VALUES ('alice', '', '', 1, 3, 6);
        """
    )
    connection.close()
    return database


async def test_facts_learn_whose_words_they_are(version_3: Path) -> None:
    async with Memory.open(version_3) as memory:
        facts = (await memory.facts(scope=ALICE)).items
        assert [fact.stated_by for fact in facts] == ["user", "tool", None]
        assert all(fact.superseded_at is None and fact.valid_from is None for fact in facts)


async def test_what_was_known_when_is_known(version_3: Path) -> None:
    async with Memory.open(version_3) as memory:
        for seconds in range(7):
            then = EPOCH + dt.timedelta(seconds=seconds)
            found = await memory.recall("said fact", scope=ALICE, known_at=then)
            assert len(found) == seconds


async def test_nothing_of_before_is_read_unless_asked_for(version_3: Path) -> None:
    async with Memory.open(version_3) as memory:
        stats = await memory.stats()
        assert (stats.unextracted, stats.model_calls) == (0, 0)
