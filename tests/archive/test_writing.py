"""What is written can be read again, or is not written."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from remanence.archive.file import ArchiveFile
from remanence.archive.limits import Limits
from remanence.archive.lines import episode_of
from remanence.archive.reading import ArchiveReader
from remanence.archive.writing import Written, write_archive
from remanence.errors import ArchiveError
from remanence.store.archive import ArchivedEpisode, ArchivedFact, ArchivedSession, Contents
from remanence.store.sqlite import SQLiteStore
from remanence.testing.stores.records import ALICE, say
from tests.archive.records import episode as episode_line
from tests.archive.records import lines

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


async def written(path: Path, limits: Limits, *contents: str) -> tuple[bytes, Written]:
    """Return an archive of what was said, and how much it holds."""
    store = SQLiteStore(path / "memory.db")
    await store.open()

    def take(contents: Contents) -> tuple[bytes, Written]:
        file = io.BytesIO()
        done = write_archive(file, contents, user_id="alice", created_at=NOW, limits=limits)
        return file.getvalue(), done

    try:
        await say(store, ALICE, *contents)
        return await store.archive.read_out("alice", take)
    finally:
        await store.aclose()


def compression(data: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.getinfo("episodes.jsonl").compress_type


async def test_what_packs_too_well_is_written_as_it_is(tmp_path: Path) -> None:
    """So that nothing that can be stored is taken for a trap when it comes back."""
    honest, cautious = Limits(), Limits(packed_well=10_000, most_ratio=20)
    said = ["a" * 50_000, "b" * 50_000]
    packed, _ = await written(tmp_path, honest, *said)
    assert (compression(packed), len(packed) < 5_000) == (zipfile.ZIP_DEFLATED, True)
    archive = tmp_path / "alice.zip"
    archive.write_bytes(packed)
    with pytest.raises(ArchiveError, match="nothing honest does"):
        ArchiveReader(archive, limits=cautious)
    plain, done = await written(tmp_path, cautious)
    assert (compression(plain), done) == (zipfile.ZIP_STORED, Written(1, 2, 0))
    archive.write_bytes(plain)
    with ArchiveReader(archive, limits=cautious) as reader:
        assert len(list(reader.sessions())) == 1
        assert len(list(reader.items())) == 2


async def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="larger than the 1,000 bytes"):
        await written(tmp_path, Limits(whole=1_000), "a" * 1_000)


async def test_the_same_is_written_the_same(tmp_path: Path) -> None:
    """To the byte: archives can be compared by their digests."""
    one, _ = await written(tmp_path, Limits(), "one", "two")
    assert (await written(tmp_path, Limits()))[0] == one


class _Endless:
    """Contents that never end: whoever writes them has to be stopped."""

    schema = 5

    def sessions(self) -> Iterator[ArchivedSession]:
        return iter([ArchivedSession(None, None, 1)])

    def episodes(self) -> Iterator[ArchivedEpisode]:
        episode = episode_of(lines(episode_line(1)), "here")
        while True:
            yield episode

    def facts(self) -> Iterator[ArchivedFact]:
        return iter([])


async def test_what_is_given_up_is_not_written_on(tmp_path: Path) -> None:
    file = ArchiveFile(tmp_path / "alice.zip", overwrite=False)
    writing = asyncio.create_task(
        asyncio.to_thread(file.write, _Endless(), user_id="alice", created_at=NOW)
    )
    await asyncio.to_thread(_until_there_is_a_file, tmp_path)
    file.give_up()
    with pytest.raises(ArchiveError, match="was given up"):
        await asyncio.wait_for(writing, 20)
    assert _names(tmp_path) == []


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _until_there_is_a_file(folder: Path) -> None:
    while not _names(folder):
        time.sleep(0.001)
