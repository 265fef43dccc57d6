"""What SQLite files hold of what was deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("mem0")

from remanence.backends.mem0.remains import look_through, write_anew
from remanence.backends.pieces import Samples

SAID = "I keep forty-one beehives behind the old customs house in Ghent."
OTHERS = "Nora keeps an owl in the attic."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.db"


@pytest.fixture
def notes(path: Path) -> Iterator[sqlite3.Connection]:
    """Notes of which those of Alice were deleted, carelessly."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        with connection:
            connection.execute("CREATE TABLE notes (user TEXT, said TEXT, vector BLOB)")
            connection.executemany(
                "INSERT INTO notes VALUES (?, ?, ?)",
                [
                    (user, f"{text} {number}", f"{user}:{number}".encode() * 1_000)
                    for number in range(40)
                    for user, text in (("alice", SAID), ("bob", OTHERS))
                ],
            )
        with connection:
            connection.execute("DELETE FROM notes WHERE user = 'alice'")
        yield connection


def _samples() -> Samples:
    return Samples([f"{SAID} {number}" for number in range(40)], [b"alice:7" * 1_000])


def test_what_was_deleted_is_found_until_the_file_is_written_anew(
    path: Path, notes: sqlite3.Connection
) -> None:
    kept = notes.execute("SELECT * FROM notes ORDER BY rowid").fetchall()
    found = look_through(path, _samples())
    assert any(piece in SAID.encode() for piece in found)
    assert any(piece in b"alice:7" * 100 for piece in found)

    assert write_anew(path) == path.stat().st_size
    assert look_through(path, _samples()) == []
    assert b"alice" not in path.read_bytes()
    assert notes.execute("SELECT * FROM notes ORDER BY rowid").fetchall() == kept


def test_what_others_have_as_well_is_not_taken_for_what_was_deleted(
    path: Path, notes: sqlite3.Connection
) -> None:
    same = Samples([OTHERS])
    write_anew(path)
    assert look_through(path, same) == []
    with notes:
        notes.execute("DELETE FROM notes WHERE said = ?", (f"{OTHERS} 3",))
    assert look_through(path, same)


def test_a_journal_that_was_left_is_looked_through(path: Path, notes: sqlite3.Connection) -> None:
    write_anew(path)
    notes.execute("PRAGMA journal_mode = PERSIST")
    with notes:
        notes.execute("INSERT INTO notes VALUES ('bob', 'more', NULL)")
    journal = path.with_name("notes.db-journal")
    with journal.open("ab") as opened:
        opened.write(SAID.encode())
    assert look_through(path, Samples([SAID]))


def test_a_file_with_a_write_ahead_log_is_not_looked_through(
    path: Path, notes: sqlite3.Connection
) -> None:
    notes.execute("PRAGMA journal_mode = WAL")
    with notes:
        notes.execute("INSERT INTO notes VALUES ('bob', 'more', NULL)")
    write_anew(path)
    assert path.with_name("notes.db-wal").stat().st_size == 0
    with pytest.raises(sqlite3.NotSupportedError, match="write-ahead log"):
        look_through(path, _samples())


def test_a_file_that_is_not_there_is_not_made(path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        write_anew(path)
    with pytest.raises(sqlite3.OperationalError):
        look_through(path, _samples())
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "short", "\u540d\u524d"])
def test_what_is_too_short_to_tell_is_not_looked_for(text: str) -> None:
    assert Samples([text], [text.encode()]).pieces == ()


def test_pieces_are_few_and_short() -> None:
    samples = Samples([f"{SAID * 100} {number}" for number in range(500)], [bytes(5_000)] * 9)
    assert 0 < len(samples.pieces) < 60
    assert all(8 <= len(piece) <= 40 for piece in samples.pieces)
