"""A file gets a key, another one, or none any more."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from remanence import InputError, Memory, Message, NotADatabaseError, Scope, StoreError
from remanence.errors import StoreBusyError, StoreKeyError
from remanence.store.sqlite.rekey import rekey
from tests.acceptance.killing import killed

ALICE = Scope("alice", session_id="monday")
WORDS = [f"zyxq{number:03}vord" for number in range(100)]
Key = str | bytes | None


async def _write(path: Path, key: Key) -> None:
    async with Memory.open(path, key=key) as memory:
        await memory.observe(
            [Message("user", f"The {word} is here.") for word in WORDS], scope=ALICE
        )


async def _read(path: Path, key: Key) -> list[str]:
    async with Memory.open(path, key=key) as memory:
        return [item.id for item in (await memory.list(scope=ALICE)).items]


def _written(path: Path, key: Key) -> list[str]:
    asyncio.run(_write(path, key))
    return asyncio.run(_read(path, key))


def _readable(folder: Path) -> set[str]:
    contents = [file.read_bytes() for file in folder.iterdir()]
    return {word for word in WORDS if any(word.encode() in content for content in contents)}


def test_encrypted_then_with_another_key_then_decrypted(database: Path, key: bytes) -> None:
    written = _written(database, None)
    assert _readable(database.parent) == set(WORDS)
    before: Key = None
    after: Key
    for after in ("a passphrase", key, "another one", None):
        rekey(database, key=before, new_key=after)
        assert [file.name for file in database.parent.iterdir()] == [database.name]
        assert _readable(database.parent) == (set() if after else set(WORDS))
        if before is not None:
            with pytest.raises((StoreKeyError, NotADatabaseError)):
                asyncio.run(_read(database, before))
        assert asyncio.run(_read(database, after)) == written
        before = after


def test_what_the_file_was_is_overwritten(database: Path, key: bytes) -> None:
    _written(database, None)
    with database.open("rb") as old:
        rekey(database, key=None, new_key=key)
        content = old.read()
        assert len(content) > 4096
        assert not any(content)


def test_its_owner_alone_can_read_the_new_file_too(database: Path, key: bytes) -> None:
    _written(database, None)
    database.chmod(0o640)
    rekey(database, key=None, new_key=key)
    assert database.stat().st_mode & 0o777 == 0o640


def test_a_link_to_the_file_stays_one(database: Path, key: bytes, tmp_path: Path) -> None:
    written = _written(database, None)
    link = tmp_path / "link.db"
    link.symlink_to(database)
    rekey(link, key=None, new_key=key)
    assert link.is_symlink()
    assert asyncio.run(_read(database, key)) == written
    assert _readable(tmp_path) == set()


def test_a_file_with_two_names_is_left_alone(database: Path, key: bytes, tmp_path: Path) -> None:
    written = _written(database, None)
    os.link(database, tmp_path / "backup.db")
    with pytest.raises(StoreError, match="another name"):
        rekey(database, key=None, new_key=key)
    assert asyncio.run(_read(database, None)) == written


def test_the_rest_of_an_attempt_that_was_ended_is_no_hindrance(database: Path, key: bytes) -> None:
    written = _written(database, None)
    database.with_name(f"{database.name}-rekeyed").write_text("half of it")
    rekey(database, key=None, new_key=key)
    assert asyncio.run(_read(database, key)) == written


def test_a_file_that_is_open_here_is_left_alone(database: Path, key: bytes) -> None:
    async def attempt() -> None:
        async with Memory.open(database) as memory:
            await memory.observe(Message("user", "hello"), scope=ALICE)
            with pytest.raises(StoreBusyError, match="is open elsewhere"):
                await asyncio.to_thread(rekey, database, key=None, new_key=key)
            await memory.observe(Message("user", "and again"), scope=ALICE)
            assert (await memory.stats()).episodes == 2

    asyncio.run(attempt())
    assert len(asyncio.run(_read(database, None))) == 2


HOLDING = """
import apsw, asyncio, sys
from remanence import Memory

async def hold(path, state):
    if state == "has read nothing":
        connection = apsw.Connection(path)
        await said()
        return
    async with Memory.open(path):
        if state == "lost its locks":
            open(path).close()  # as POSIX has it
        await said()

async def said():
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(hold(*sys.argv[1:]))
"""


@pytest.mark.parametrize("state", ["has its locks", "lost its locks", "has read nothing"])
def test_a_file_that_another_process_has_open_is_left_alone(
    database: Path, key: bytes, state: str
) -> None:
    written = _written(database, None)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, database, state],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(StoreBusyError, match=f"in process {process.pid}"):
            rekey(database, key=None, new_key=key)
        process.communicate("")
    assert asyncio.run(_read(database, None)) == written


@pytest.mark.parametrize("delay", [0, 0.02, 0.04, 0.08])
def test_whatever_is_ended_in_the_middle_leaves_a_whole_file(
    database: Path, key: bytes, delay: float
) -> None:
    async def write_anew(pipe: int) -> None:
        os.write(pipe, b"begun\n")
        rekey(database, key=None, new_key=key)
        await asyncio.Event().wait()

    written = _written(database, None)
    killed(write_anew, delay=delay)
    plain = database.read_bytes().startswith(b"SQLite format 3")
    assert asyncio.run(_read(database, None if plain else key)) == written
    rekey(database, key=None if plain else key, new_key="seven ducks")
    assert asyncio.run(_read(database, "seven ducks")) == written
    assert [file.name for file in database.parent.iterdir()] == [database.name]
    assert _readable(database.parent) == set()


def test_who_waited_for_the_file_finds_nothing_to_write_to(database: Path, key: bytes) -> None:
    """A process that had opened it by name, but not read it, would write where nobody reads."""
    written = _written(database, None)
    late: Any = apsw.Connection(str(database))
    rekey(database, key=None, new_key=key)
    with pytest.raises(apsw.NotADBError):
        late.execute("CREATE TABLE lost (a)")
    late.close()
    assert asyncio.run(_read(database, key)) == written


def test_what_can_not_be_done(database: Path, key: bytes) -> None:
    written = _written(database, key)
    with pytest.raises(InputError, match="give a key"):
        rekey(database, key=None, new_key=None)
    with pytest.raises(NotADatabaseError, match="open it with its key"):
        rekey(database, key=None, new_key=key)
    with pytest.raises(StoreKeyError, match="does not open"):
        rekey(database, key=bytes(32), new_key=None)
    with pytest.raises(InputError, match="has 3 bytes"):
        rekey(database, key=key, new_key=b"new")
    other = database.with_name("other.db")
    other.touch()
    with pytest.raises(NotADatabaseError, match="not a Remanence database"):
        rekey(other, key=None, new_key=key)
    assert asyncio.run(_read(database, key)) == written


LIMITED = """
import resource, signal, sys, traceback
from pathlib import Path
from remanence.errors import StoreFullError
from remanence.store.sqlite.rekey import rekey
from tests.acceptance.killing import killed

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
try:
    rekey(Path(sys.argv[1]), key=None, new_key=bytes.fromhex(sys.argv[2]))
except StoreFullError as error:
    print("".join(traceback.format_exception(error)))
"""


def test_there_is_no_room_for_it(
    database: Path, key: bytes, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    written = _written(database, None)
    done = run_python("-c", LIMITED, database, key.hex())
    assert "StoreFullError" in done.stdout, done.stderr
    assert [file.name for file in database.parent.iterdir()] == [database.name]
    assert asyncio.run(_read(database, None)) == written


def test_a_folder_is_in_the_way(database: Path, key: bytes) -> None:
    written = _written(database, None)
    database.with_name(f"{database.name}-rekeyed").mkdir()
    with pytest.raises(StoreError, match="could not be written anew"):
        rekey(database, key=None, new_key=key)
    assert asyncio.run(_read(database, None)) == written


def test_what_fails_does_not_show_the_key(tmp_path: Path, key: bytes) -> None:
    """SQLite is told the key in a file's name, here one that is too long for it, and says so."""
    folder = tmp_path
    while len(str(folder)) < 380:
        folder /= "f" * 80
    folder.mkdir(parents=True)
    database = folder / ("m" * (498 - len(str(folder))))
    written = _written(database, None)
    with pytest.raises(StoreError, match="can't be opened") as failed:
        rekey(database, key=None, new_key=key)
    told = "".join(traceback.format_exception(failed.value))
    assert "the new file could not be written" in told
    assert key.hex() not in told
    assert asyncio.run(_read(database, None)) == written
