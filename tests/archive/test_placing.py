"""An export that is being put into its place stays whole, whoever gives it up meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from pathlib import Path

import pytest

from remanence import Memory, Message, Scope
from remanence.archive.file import ArchiveFile
from remanence.archive.markdown.folder import MarkdownFolder
from remanence.errors import ArchiveError
from remanence.store.sqlite import SQLiteStore

AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
SESSIONS = 20
LONG = "\u8bb0" * 80
"""As many bytes as a name may have, almost, and fewer characters than that."""


def named(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def pages(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
async def export(tmp_path: Path, memory: Memory) -> Path:
    for session in range(SESSIONS):
        await memory.observe([Message("user", "bees")], scope=Scope("alice", None, f"s{session}"))
    folder = tmp_path / "exports" / "alice"
    folder.parent.mkdir()
    await memory.export_markdown(folder, user_id="alice")
    return folder


async def test_cancelled_while_it_takes_the_place_of_another(
    memory: Memory, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await memory.observe([Message("user", "hens")], scope=Scope("alice", None, "later"))
    before = pages(export)
    move, moving, cancelled = Path.rename, threading.Event(), threading.Event()

    def held(path: Path, target: Path) -> Path:
        if path.suffix == ".part":
            moving.set()
            assert cancelled.wait(30)
        return move(path, target)

    monkeypatch.setattr(Path, "rename", held)
    writing = asyncio.create_task(memory.export_markdown(export, user_id="alice", overwrite=True))
    assert await asyncio.to_thread(moving.wait, 30)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    cancelled.set()
    for _ in range(500):  # until the thread is through
        if named(export.parent) == ["alice"]:
            break
        await asyncio.sleep(0.01)
    assert named(export.parent) == ["alice"]
    assert len(pages(export) - before) == 1


@pytest.mark.parametrize("kind", [ArchiveFile, MarkdownFolder])
async def test_the_first_who_decides_what_becomes_of_it_has_decided(
    database: Path, memory: Memory, export: Path, kind: type[ArchiveFile | MarkdownFolder]
) -> None:
    store = SQLiteStore(database)
    await store.open()

    async def draft(place: Path) -> ArchiveFile | MarkdownFolder:
        made = kind(place, overwrite=True)
        await store.archive.read_out(
            "alice", lambda contents: made.write(contents, user_id="alice", created_at=AT)
        )
        return made

    try:
        given_up = await draft(export.with_name("one"))
        given_up.give_up()
        with pytest.raises(ArchiveError, match="was given up"):
            given_up.publish()
        assert named(export.parent) == ["alice"]
        published = await draft(export.with_name("two"))
        published.publish()
        published.give_up()
        assert named(export.parent) == ["alice", "two"]
    finally:
        await store.aclose()


@pytest.mark.parametrize(
    ("kind", "moves"), [(ArchiveFile, ["replace"]), (MarkdownFolder, ["rename", "rename"])]
)
async def test_given_up_right_before_it_is_moved(
    database: Path,
    export: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[ArchiveFile | MarkdownFolder],
    moves: list[str],
) -> None:
    place = export if kind is MarkdownFolder else export.with_name("alice.zip")
    before = pages(export)
    draft = kind(place, overwrite=True)
    store = SQLiteStore(database)
    await store.open()
    try:
        await store.archive.read_out(
            "alice", lambda contents: draft.write(contents, user_id="alice", created_at=AT)
        )
    finally:
        await store.aclose()
    move, moved = getattr(Path, moves[0]), list[str]()

    def give_up_and_move(path: Path, target: Path) -> Path:
        draft.give_up()
        moved.append(moves[0])
        return move(path, target)

    monkeypatch.setattr(Path, moves[0], give_up_and_move)
    draft.publish()
    assert moved == moves
    assert named(place.parent) == sorted({"alice", place.name})
    assert pages(export) == before


async def test_a_name_is_cut_by_its_bytes(memory: Memory, tmp_path: Path) -> None:
    folder = (await memory.export_markdown(tmp_path / LONG, user_id="alice")).path
    file = (await memory.export(tmp_path / f"{LONG}.zip", user_id="alice")).path
    assert {folder.name, file.name} <= set(named(tmp_path))
