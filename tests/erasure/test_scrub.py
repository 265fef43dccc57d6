"""Freed space of the file holds nothing after it was overwritten, and all that is in use stays."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remanence import Memory, Message, Scope
from remanence.store.sqlite import scrub
from remanence.store.sqlite.database import Database
from remanence.store.sqlite.pages import Layout, remains_of_free_page, remains_of_page
from remanence.store.sqlite.scrub import overwrite_free_space
from tests.erasure.files import readable, word


@pytest.fixture
def database_of(database: Path) -> Iterator[Database]:
    opened = Database(database, busy_timeout=1, writable=True)
    yield opened
    opened.close()


def _connection(path: Path) -> Any:
    return apsw.Connection(str(path))


def _tails(path: Path) -> bytes:
    """Return what stands behind the last byte of each long row."""
    connection = _connection(path)
    data, size = path.read_bytes(), connection.pragma("page_size")
    pages = connection.execute("SELECT pageno, unused FROM dbstat WHERE pagetype = 'overflow'")
    tails = b"".join(data[number * size - unused : number * size] for number, unused in pages)
    connection.close()
    return tails


def _remains(path: Path) -> list[bytes]:
    """Return what is in space that no row takes, found by another way than the code's own."""
    data = path.read_bytes()
    layout = Layout(data[:100])
    found: list[bytes] = []
    connection = _connection(path)
    used = connection.execute("SELECT pageno, pagetype FROM dbstat").fetchall()
    connection.close()
    for number, kind in used:
        page = data[(number - 1) * layout.page_size : number * layout.page_size]
        if number > 1 and kind != "overflow":
            found += [page[start:end] for start, end in remains_of_page(page, layout.usable)]
    return found


def test_copies_that_rows_leave_when_they_move_are_overwritten(
    database: Path, database_of: Database
) -> None:
    """Whatever was inserted and deleted, in whatever order."""
    connection: Any = database_of.connection
    random_ = random.Random(5)
    with database_of.transaction():
        connection.execute("CREATE TABLE said (name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
    names = [f"{random_.random():.12f}" for _ in range(1_500)]
    for start in range(0, len(names), 100):
        with database_of.transaction():
            for place, name in enumerate(names[start : start + 100], start):
                text = word(place) + "x" * random_.choice([10, 100, 900, 9_000])
                connection.execute("INSERT INTO said VALUES (?, ?)", (name, text))
    with database_of.transaction():
        connection.execute("DELETE FROM said WHERE substr(name, -1) IN ('1', '2', '3', '4')")
    kept = connection.execute("SELECT name, text FROM said").fetchall()
    assert database_of.truncate_log()
    assert any(map(any, _remains(database)))  # or else there is nothing to be seen here

    done = overwrite_free_space(database_of, 1.0)

    assert (done.clean, done.log_empty) == (True, True)
    assert done.bytes_rewritten > 0
    assert not any(map(any, _remains(database)))
    assert not any(_tails(database))
    assert connection.execute("SELECT name, text FROM said").fetchall() == kept
    assert connection.pragma("integrity_check") == "ok"
    gone = {word(place) for place in range(len(names))} - {text[:9] for _, text in kept}
    assert readable(database, gone) == set()
    assert overwrite_free_space(database_of, 1.0).bytes_rewritten == 0


def test_no_connection_writes_back_what_it_had_read(
    database: Path, database_of: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has read the pages right before they are overwritten."""
    own: Any = database_of.connection
    with database_of.transaction():
        own.execute("CREATE TABLE said (id INTEGER PRIMARY KEY, text TEXT)")
        for number in range(500):
            own.execute("INSERT INTO said VALUES (?, ?)", (number * 7 % 500, word(number) * 9))
    other = Database(database, busy_timeout=1, writable=True)
    connections: dict[Database, Any] = {each: each.connection for each in (database_of, other)}
    with database_of.transaction():
        own.execute("DELETE FROM said WHERE id % 2 = 0")
    assert database_of.truncate_log()
    assert any(map(any, _remains(database)))

    def read_and_look(file: apsw.VFSFile) -> tuple[int, list[tuple[int, int]]]:
        for each in connections.values():
            each.execute("SELECT sum(length(text)) FROM said").fetchall()
        return look(file)

    look = scrub.look_through
    monkeypatch.setattr(scrub, "look_through", read_and_look)
    assert overwrite_free_space(database_of, 1.0).clean
    for place, (each, connection) in enumerate(connections.items()):
        with each.transaction():
            connection.execute(
                "UPDATE said SET text = 'y' || substr(text, 2) WHERE id % 5 = ?", (2 * place + 1,)
            )
    assert other.truncate_log()
    assert not any(map(any, _remains(database)))
    other.close()


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="locks are looked up as Linux does")
def test_the_locks_of_the_process_are_kept(database: Path, database_of: Database) -> None:
    """Whoever closes a file by itself loses all locks that the process has on it."""
    own: Any = database_of.connection
    own.execute("SELECT count(*) FROM users").fetchall()
    inode = f":{database.stat().st_ino} "

    def held() -> int:
        return sum(inode in line for line in Path("/proc/locks").read_text().splitlines())

    before = held()
    assert before > 0
    assert overwrite_free_space(database_of, 1.0).clean
    assert held() == before


def test_the_log_of_a_file_that_is_a_link_is_seen(database: Path, tmp_path: Path) -> None:
    """It is beside the file that the link names."""
    link = tmp_path / "links" / "memory.db"
    link.parent.mkdir()
    link.symlink_to(database)
    Database(database, busy_timeout=1, writable=True).close()
    opened = Database(link, busy_timeout=1, writable=True)
    with opened.transaction():
        opened.run("next_epoch", {})
    assert opened.log_bytes() > 0
    assert overwrite_free_space(opened, 1.0).clean
    assert opened.log_bytes() == 0
    opened.close()


@settings(max_examples=200, deadline=None)
@given(page=st.binary(min_size=512, max_size=512), listed=st.none() | st.integers(0, 200))
def test_no_page_is_read_beyond_its_end(page: bytes, listed: int | None) -> None:
    """Also a damaged one."""
    for spans in (remains_of_page(page, 480), remains_of_free_page(page, 480, listed)):
        for start, end in spans:
            assert 0 <= start < end <= 480


async def _talk(memory: Memory, random_: random.Random, said: dict[str, str], number: int) -> int:
    """Say or forget something, and return how many words there were by then."""
    user = random_.choice(["alice", "bob", "carol"])
    scope = Scope(user, session_id=random_.choice("abc"))
    match random_.choice(["say", "say", "say", "one", "session", "user"]):
        case "say":
            told = [
                Message("user", f"{word(number + place)} {'so ' * random_.randrange(400)}ends.")
                for place in range(random_.randrange(1, 40))
            ]
            for episode in await memory.observe(told, scope=scope):
                said[episode.id] = episode.content[:9]
            return number + len(told)
        case "one":
            page = await memory.list(scope=Scope(user))
            chosen = [item.id for item in page.items if random_.random() < 0.3]
            receipt = await memory.forget(chosen, scope=Scope(user))
        case "session":
            receipt = await memory.forget(scope=scope)
        case _:
            receipt = await memory.forget_user(user)
    assert receipt.complete
    for id_ in receipt.ids:
        del said[id_]
    return number


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_said_and_forgotten_only_the_rest_can_be_read(
    database: Path, seed: int
) -> None:
    random_ = random.Random(seed)
    said: dict[str, str] = {}
    number = 0
    async with Memory.open(database) as memory:
        for _ in range(60):
            number = await _talk(memory, random_, said, number)
        await memory.forget(["nonsense"], scope=Scope("alice"))
        await asyncio.sleep(0)
        everything = {word(each) for each in range(number)}
        assert readable(database, everything) == set(said.values())
    connection = _connection(database)
    assert connection.pragma("integrity_check") == "ok"
    connection.close()
