"""What the embedded store does with jobs beyond the contract: older files, erasure, its log."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remanence import Filter, Memory, Message, Scope
from remanence.store.sqlite import SQLiteStore
from remanence.store.sqlite.database import APPLICATION_ID
from remanence.store.sqlite.statements import migrations, statements
from remanence.testing.jobs.records import ALICE, AMPLE, NOON, PLACE, keys, new_job, put, take
from remanence.testing.stores.records import erase

SECRET = "hazelnuts, of all things"


@pytest.fixture
async def store(database: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(database)
    await store.open()
    yield store
    await store.aclose()


def _bytes(database: Path) -> bytes:
    return b"".join(path.read_bytes() for path in database.parent.glob("memory.db*"))


@pytest.fixture
def version_1(database: Path) -> Path:
    """A file as version 1 of the schema made it, with one message in it."""
    first = migrations()[0]
    assert (first.version, first.name) == (1, "memories")
    connection = sqlite3.connect(database)
    connection.executescript(first.sql)
    connection.executescript(
        f"""
        PRAGMA application_id = {APPLICATION_ID};
        PRAGMA user_version = 1;
        UPDATE counters SET epoch = 1;
        INSERT INTO users VALUES ('alice', 0, 1, 1, 1);
        INSERT INTO sessions VALUES ('alice', '', '', 1, 1, 1);
        INSERT INTO episodes VALUES (1, 'alice', x'{"0" * 31}1', 1, 1, 0, 'user', NULL, 'hello',
                                     0, 0, 0, NULL, '{{}}');
        INSERT INTO entries VALUES ('alice', 1, 0, 1, 1, 0, NULL, 0, 'hello', 1);
        """
    )
    connection.close()
    return database


async def test_a_file_of_version_1_is_migrated(version_1: Path) -> None:
    async with Memory.open(version_1) as memory:
        assert [hit.text for hit in await memory.recall("hello", scope=Scope("alice"))] == ["hello"]
    store = SQLiteStore(version_1)
    await store.open()
    try:
        await put(store.jobs, "k1")
        assert keys(await take(store.jobs)) == ["k1"]
    finally:
        await store.aclose()
    connection = sqlite3.connect(version_1)
    assert connection.execute("PRAGMA user_version").fetchone() == (migrations()[-1].version,)
    connection.close()


def test_statements_of_all_files_are_found_by_name() -> None:
    assert {"append_nothing", ""}.isdisjoint(statements())
    assert {"add_episode", "count_all", "add_job", "erase_jobs"} <= set(statements())
    assert all(sql.strip().endswith(";") for sql in statements().values())


async def test_erasing_a_user_removes_their_jobs(store: SQLiteStore, database: Path) -> None:
    """Also when nothing else is there to erase."""
    await store.jobs.enqueue([new_job(payload=SECRET)], quota=AMPLE)
    await put(store.jobs, "b1", scope=Scope("bob"))
    await store.jobs.lease(
        PLACE, owner="one", now=NOON, lease=NOON - NOON, longest=NOON - NOON, limit=9
    )
    assert SECRET.encode() in _bytes(database)
    await erase(store, Filter("alice"), None)
    assert keys(await store.jobs.jobs()) == ["b1"]
    assert SECRET.encode() not in _bytes(database)


async def test_erasing_a_session_removes_its_jobs(store: SQLiteStore) -> None:
    for number, session in enumerate(("monday", "tuesday")):
        await put(store.jobs, f"k{number}", scope=Scope("alice", "clerk", session))
    await erase(store, Filter("alice", session_id="monday"), None)
    assert keys(await store.jobs.jobs()) == ["k1"]


async def test_erasing_by_id_leaves_jobs_alone(store: SQLiteStore) -> None:
    (job,) = await put(store.jobs, "k1")
    await erase(store, Filter("alice"), [job.id])
    await erase(store, Filter("alice"), [])
    assert keys(await store.jobs.jobs()) == ["k1"]


async def test_forgetting_reaches_jobs_in_the_memorys_file(memory: Memory, database: Path) -> None:
    store = SQLiteStore(database)
    await store.open()
    await memory.observe(Message("user", "hello"), scope=ALICE)
    await put(store.jobs, "k1")
    receipt = await memory.forget_user("alice")
    assert receipt.episodes == 1
    assert await store.jobs.jobs() == []
    await store.aclose()


async def test_what_a_done_job_carried_is_overwritten(store: SQLiteStore, database: Path) -> None:
    new = new_job(payload=SECRET)
    await store.jobs.enqueue([new], quota=AMPLE)
    await take(store.jobs)
    await store.jobs.finish(new.id, owner="one", now=NOON)
    await erase(store, Filter("nobody"), None)  # empties the log
    assert SECRET.encode() not in _bytes(database)
    assert b"retain" in _bytes(database)
