"""Files and folders that can't hold a memory are refused with what is wrong and what to do."""

import asyncio
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from remanence import (
    InputError,
    Memory,
    Message,
    NotADatabaseError,
    SchemaTooNewError,
    Scope,
    StoreBusyError,
    StoreError,
)

ALICE = Scope("alice")
HELLO = Message("user", "hello")


async def _opened(path: Path) -> Memory:
    return await Memory.open(path)


def _open(path: Path, *messages: Message) -> int:
    """Open, store, close, and return how many messages are there."""

    async def open_and_count() -> int:
        async with Memory.open(path) as memory:
            await memory.observe(messages, scope=ALICE)
            return (await memory.stats()).episodes

    return asyncio.run(open_and_count())


def _refused(path: Path, error: type[StoreError], advice: str) -> None:
    before = path.read_bytes()
    with pytest.raises(error) as caught:
        _open(path)
    assert str(path) in str(caught.value)
    assert advice in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"abc", b"not a database " * 1000, os.urandom(8192)])
def test_a_file_that_is_no_database(database: Path, content: bytes) -> None:
    database.write_bytes(content)
    _refused(database, NotADatabaseError, "name another file")


def test_a_database_of_another_program(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE episodes (id)")
    connection.commit()
    connection.close()
    _refused(database, NotADatabaseError, "name another file")


def test_a_database_of_a_newer_version(database: Path) -> None:
    _open(database)
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 1000")
    connection.close()
    _refused(database, SchemaTooNewError, "pip install --upgrade remanence")


def test_a_damaged_database(database: Path) -> None:
    _open(database, *(Message("user", f"{i} " + "x" * 1000) for i in range(200)))
    content = database.read_bytes()
    database.write_bytes(content[: len(content) // 2])
    _refused(database, NotADatabaseError, "restore a backup")


def test_an_empty_file_becomes_a_database(database: Path) -> None:
    database.touch()
    assert _open(database, HELLO) == 1


def test_a_missing_folder(tmp_path: Path) -> None:
    path = tmp_path / "none" / "memory.db"
    with pytest.raises(InputError, match=re.escape(str(path.parent))) as caught:
        _open(path)
    assert "create the folder" in caught.value.fix
    assert not path.parent.exists()


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(str(tmp_path))) as caught:
        _open(tmp_path)
    assert "name a file" in caught.value.fix


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="name a file"):
        _open(tmp_path / ("x" * 300))


def _modes(database: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in database.parent.glob("memory.db*")}


async def test_only_the_owner_can_read_the_files(database: Path) -> None:
    async with Memory.open(database) as memory:
        await memory.observe(HELLO, scope=ALICE)
        modes = _modes(database)
    assert "memory.db-wal" in modes
    assert set(modes.values()) == {0o600}


async def test_a_new_file_opened_by_several_at_once(tmp_path: Path) -> None:
    for attempt in range(20):
        path = tmp_path / f"{attempt}.db"
        memories = await asyncio.gather(*(_opened(path) for _ in range(6)))
        for number, memory in enumerate(memories):
            await memory.observe(HELLO, scope=ALICE)
            assert (await memories[number - 1].stats()).episodes == number + 1
        for memory in memories:
            await memory.aclose()


@pytest.mark.parametrize("begin", ["BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
async def test_a_new_file_that_is_in_use_elsewhere(database: Path, begin: str) -> None:
    """Switching to a write-ahead log waits, which SQLite itself would not do."""
    other = apsw.Connection(str(database))
    for statement in (begin, "SELECT count(*) FROM sqlite_schema"):
        other.execute(statement).fetchall()  # pyright: ignore[reportUnknownMemberType]
    opening = asyncio.create_task(_opened(database))
    await asyncio.sleep(0.3)
    assert not opening.done()
    other.close()
    memory = await opening
    await memory.observe(HELLO, scope=ALICE)
    await memory.aclose()


async def test_a_lock_that_is_held_too_long(database: Path) -> None:
    async with Memory.open(database, busy_timeout=0.1) as memory:
        await memory.observe(HELLO, scope=ALICE)
        other = apsw.Connection(str(database))
        other.set_busy_timeout(5_000)
        other.execute("BEGIN IMMEDIATE")  # pyright: ignore[reportUnknownMemberType]
        with pytest.raises(StoreBusyError, match=re.escape(str(database))):
            await memory.observe(Message("user", "again"), scope=ALICE)
        assert (await memory.stats()).episodes == 1
        assert len(await memory.recall("hello", scope=ALICE)) == 1
        other.execute("ROLLBACK")  # pyright: ignore[reportUnknownMemberType]
        other.close()
        await memory.observe(Message("user", "again"), scope=ALICE)
        assert (await memory.stats()).episodes == 2


UNPRIVILEGED = """
import asyncio, os, sys, tempfile
from pathlib import Path
from remanence import Memory, StoreReadOnlyError

async def main(folder):
    for name in ("closed/memory.db", "closed/new.db", "file.db", "secret/memory.db"):
        path = folder / name
        try:
            async with Memory.open(path):
                print(name, "was opened")
        except StoreReadOnlyError as error:
            if str(path.parent) not in str(error) or "writable" not in str(error):
                print(name, error)
    async with Memory.open(folder / "own.db"):
        pass

async def warm_up():  # what is imported late might not be readable to everybody
    with tempfile.TemporaryDirectory() as folder:
        async with Memory.open(Path(folder) / "memory.db"):
            pass

if os.getuid() == 0:
    asyncio.run(warm_up())
    os.setuid(65534)
asyncio.run(main(Path(sys.argv[1])))
"""


def test_read_only_folders_and_files(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    closed, secret, file = tmp_path / "closed", tmp_path / "secret", tmp_path / "file.db"
    closed.mkdir()
    secret.mkdir()
    _open(closed / "memory.db")
    _open(file)
    if os.getuid() == 0:  # whom no mode keeps from writing
        for path in (tmp_path, closed, secret, file, closed / "memory.db"):
            os.chown(path, 65534, 65534)
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
    file.chmod(0o400)
    closed.chmod(0o500)
    secret.chmod(0)
    try:
        done = run_python("-c", UNPRIVILEGED, tmp_path)
    finally:
        closed.chmod(0o700)
        secret.chmod(0o700)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in closed.iterdir()] == ["memory.db"]
