"""Which key opens which file, and what is said otherwise."""

from __future__ import annotations

import asyncio
import logging
import traceback
from pathlib import Path

import pytest

from remanence import Memory, Message, NotADatabaseError, Scope, StoreError
from remanence.errors import StoreKeyError
from remanence.store.sqlite import SQLiteStore
from tests.recording import recording

ALICE = Scope("alice", session_id="monday")
PASSPHRASE = 'seven "ducks" & a goose\'s ünder-study; --'


async def _write(path: Path, key: str | bytes | None) -> None:
    async with Memory.open(path, key=key) as memory:
        await memory.observe(Message("user", "Nora lives in Ghent."), scope=ALICE)


def _content(path: Path) -> bytes:
    return path.read_bytes()


def _spoil(path: Path) -> None:
    """Change a bit in each page but the first."""
    content = bytearray(_content(path))
    for page in range(1, len(content) // 4096):
        content[4096 * page + 2000] ^= 1
    path.write_bytes(content)


async def _read(path: Path, key: str | bytes | None) -> list[str]:
    async with Memory.open(path, key=key) as memory:
        return [hit.text for hit in await memory.recall("Nora", scope=ALICE)]


@pytest.mark.parametrize("form", ["bytes", "passphrase"])
async def test_what_was_written_is_read_with_the_same_key(
    database: Path, key: bytes, form: str
) -> None:
    given = key if form == "bytes" else PASSPHRASE
    await _write(database, given)
    assert await _read(database, given) == ["Nora lives in Ghent."]


@pytest.mark.parametrize("other", [bytes(32), "a passphrase"])
async def test_another_key(database: Path, key: bytes, other: str | bytes) -> None:
    await _write(database, key)
    before = _content(database)
    with pytest.raises(StoreKeyError, match="give the key that the file was made with"):
        await _read(database, other)
    assert _content(database) == before
    assert await _read(database, key)


async def test_a_passphrase_is_taken_to_the_letter(database: Path) -> None:
    await _write(database, PASSPHRASE)
    for other in (PASSPHRASE.upper(), f"{PASSPHRASE} ", PASSPHRASE[:-1]):
        with pytest.raises(StoreKeyError):
            await _read(database, other)


async def test_no_key_for_an_encrypted_file(database: Path, key: bytes) -> None:
    await _write(database, key)
    before = _content(database)
    with pytest.raises(NotADatabaseError, match=r"or encrypted.*open it with its key"):
        await _read(database, None)
    assert _content(database) == before


async def test_a_key_for_a_file_that_is_not_encrypted(database: Path, key: bytes) -> None:
    await _write(database, None)
    before = _content(database)
    with pytest.raises(
        StoreKeyError, match=r"is not encrypted.*leave the key out.*remanence rekey"
    ):
        await _read(database, key)
    assert _content(database) == before


async def test_two_files_with_one_passphrase_have_different_keys(tmp_path: Path) -> None:
    for name in ("one.db", "two.db"):
        await _write(tmp_path / name, PASSPHRASE)
    one, two = (_content(tmp_path / name) for name in ("one.db", "two.db"))
    assert one[:16] != two[:16]


async def test_a_page_that_was_changed_is_not_read(database: Path, key: bytes) -> None:
    async with Memory.open(database, key=key) as memory:
        said = [Message("user", f"Nora said {number} things. " * 50) for number in range(200)]
        await memory.observe(said, scope=ALICE)
    _spoil(database)
    with pytest.raises(StoreError, match="damaged"):
        await _read(database, key)


def _everything_told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error.args)


async def test_the_key_is_never_shown(
    database: Path, key: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    with recording() as recorded:
        for given in (key, PASSPHRASE):
            path = database.with_name(f"{type(given).__name__}.db")
            store = SQLiteStore(path, key=given)
            memory = Memory.open(path, key=given)
            told += [repr(store), str(vars(store)), repr(memory), memory.location]
            async with memory:
                await memory.observe(Message("user", "Nora lives in Ghent."), scope=ALICE)
                await memory.recall("Nora", scope=ALICE)
                told += [repr(memory), repr(await memory.stats()), repr(memory.faults)]
            _spoil(path)
            with pytest.raises(StoreError) as failed:
                await _read(path, given)
            told.append(_everything_told(failed.value))
            with pytest.raises(StoreKeyError) as refused:
                await _read(path, bytes(32))
            told.append(_everything_told(refused.value))
        told += [span.to_json() for span in recorded.spans()]
    told += [caplog.text, *capfd.readouterr()]
    shown = "".join(told)
    assert "Memory object" in shown
    secrets = [repr(key)[2:-1], key.hex(), key.hex().upper(), PASSPHRASE, repr(PASSPHRASE)[1:-1]]
    assert [secret for secret in secrets if secret in shown] == []


async def test_many_open_a_new_file_at_once(database: Path) -> None:
    """Whoever comes second takes the salt of the one who came first."""
    memories = [Memory.open(database, key=PASSPHRASE) for _ in range(4)]
    await asyncio.gather(*(memory.__aenter__() for memory in memories))
    said = [Message("user", f"parcel {number}") for number in range(4)]
    await asyncio.gather(
        *(memory.observe(each, scope=ALICE) for memory, each in zip(memories, said, strict=True))
    )
    for memory in memories:
        assert (await memory.stats()).episodes == 4
        await memory.aclose()
