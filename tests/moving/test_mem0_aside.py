"""Nothing is written beside what mem0 has, and what names nobody is nobody's."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import threading
import uuid
from pathlib import Path

import pytest

pytest.importorskip("mem0")

from remanence import InputError
from remanence.moving.mem0 import read_mem0
from remanence.moving.mem0.points import copied
from tests.moving.remembering import put, remember, remembering


def named(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rows(file: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(":memory:")) as copy:
        copied(file, copy)
        return [number for (number,) in copy.execute("SELECT x FROM t ORDER BY x")]


def logged(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=wal")
    connection.execute("CREATE TABLE t(x)")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.commit()
    return connection


def test_nothing_is_put_beside_a_file_that_has_a_log(tmp_path: Path) -> None:
    file = tmp_path / "w.db"
    logged(file).close()
    before = file.read_bytes()
    assert named(tmp_path) == ["w.db"]
    assert rows(file) == [1]
    assert (named(tmp_path), file.read_bytes()) == (["w.db"], before)


def test_what_is_in_the_log_alone_is_read_as_well(tmp_path: Path) -> None:
    file = tmp_path / "w.db"
    with contextlib.closing(logged(file)) as connection:
        connection.execute("INSERT INTO t VALUES (2)")
        connection.commit()
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert before["w.db-wal"]
        assert rows(file) == [1, 2]
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_it_is_as_of_one_moment_while_somebody_writes(tmp_path: Path) -> None:
    file = tmp_path / "w.db"
    stop = threading.Event()
    with contextlib.closing(logged(file)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=2")

        def write() -> None:
            number = 1
            while not stop.wait(0.005):
                number += 2
                connection.executemany("INSERT INTO t VALUES (?)", [(number - 1,), (number,)])
                connection.commit()

        writing = threading.Thread(target=write)
        writing.start()
        try:
            found = [[1]]
            while len(found) < 10 or len(found[-1]) < 40:
                found.append(rows(file))
        finally:
            stop.set()
            writing.join()
    for numbers in found:
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) % 2 == 1


def test_what_is_no_database_is_still_refused(tmp_path: Path) -> None:
    file = tmp_path / "w.db"
    file.write_bytes(b"\x02" * 4_096)
    with pytest.raises(InputError, match="can't be read"):
        rows(file)
    assert named(tmp_path) == ["w.db"]


async def test_what_is_no_text_names_nobody(tmp_path: Path) -> None:
    ids = {name: str(uuid.uuid4()) for name in ("user_id", "agent_id", "run_id", "number")}
    async with remembering(tmp_path / "mem0") as client:
        await remember(client, "A good one.", user_id="alice")
        for name in ("user_id", "agent_id", "run_id"):
            payload = {"data": f"{name} is odd.", "user_id": "alice", name: {"a": 1}}
            put(client, ids[name], payload)
        put(client, ids["number"], {"data": "Of a number.", "user_id": 7})
        arrivals = read_mem0(tmp_path / "mem0", user_id=None, now=dt.datetime.now(dt.UTC))
    assert {user.user_id: len(user.items) for user in arrivals.users} == {"alice": 1, "7": 1}
    told = {skipped.where: skipped.why for skipped in arrivals.skipped}
    for name in ("user_id", "agent_id", "run_id"):
        assert told[f"mem0 {ids[name]}"].startswith(f"{name}: is no text")
