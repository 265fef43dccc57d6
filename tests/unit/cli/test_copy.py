import asyncio
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from remanence import Memory, Message, Scope
from remanence.clock import SystemClock
from remanence.engine.copying import Copier
from remanence.store.protocol import Batch
from remanence.store.sqlite import SQLiteStore
from remanence.testing.chat import ScriptedModel
from remanence.testing.embedder import ScriptedEmbedder
from remanence.testing.stores.records import ALICE, new_episode
from tests.recollecting import fill

Run = Callable[..., Result]


@pytest.fixture
def filled(database: Path) -> Path:
    asyncio.run(fill(database))
    return database


def test_from_file_to_file(remanence: Run, filled: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    planned = remanence("copy", filled, target, "--dry-run")
    assert "Would copy 3 users: 9 episodes, 4 facts (5 sessions)" in planned.stdout
    assert not target.exists()
    done = remanence("copy", filled, target, "--by", "Ada")
    assert "Copied 3 users: 9 episodes, 4 facts (5 sessions)" in done.stdout
    assert "3 users the same" in done.stdout
    assert "Not copied: vectors" in done.stderr
    again = remanence("copy", filled, target)
    assert "Copied 0 users: 0 episodes, 0 facts (0 sessions). 3 users already" in again.stdout
    audit = remanence("audit", "--json", "--db", target).stdout.splitlines()
    assert [(json.loads(line)["action"], json.loads(line)["asked_by"]) for line in audit] == [
        ("import", "Ada")
    ] * 3


def test_what_came_since_is_brought(remanence: Run, filled: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    remanence("copy", filled, target)

    async def say_more() -> None:
        async with Memory.open(filled) as memory:
            await memory.observe(Message("user", "More."), scope=Scope("bob"))

    asyncio.run(say_more())
    planned = remanence("copy", filled, target, "--dry-run").stdout
    assert "Would copy 1 user: 1 episode, 0 facts (0 sessions)" in planned
    done = remanence("copy", filled, target).stdout
    assert "Copied 1 user: 1 episode, 0 facts (0 sessions)" in done
    assert "3 users the same" in remanence("copy", filled, target).stdout


def test_what_was_forgotten_since_is_a_difference(
    remanence: Run, filled: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    remanence("copy", filled, target)
    remanence("forget", "--user", "alice", "--session", "x", "--yes")
    told = remanence("copy", filled, target, code=1)
    stderr = " ".join(told.stderr.split())
    assert "alice: the target has 3 sessions where the source has 2" in stderr
    assert "if that was forgotten at the source, forget it there too" in stderr
    assert "'remanence forget --user alice --everything'), and copy again" in stderr
    assert "Copied 0 users: 0 episodes" in told.stdout
    assert "2 users the same" in told.stdout


def test_what_is_stored_for_who_differs_is_counted(
    remanence: Run, filled: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    remanence("copy", filled, target)
    remanence("forget", "--user", "alice", "--session", "x", "--yes")

    async def say_more() -> None:
        async with Memory.open(filled) as memory:
            await memory.observe(Message("user", "More."), scope=Scope("alice"))
            await memory.observe(Message("user", "More."), scope=Scope("bob"))

    asyncio.run(say_more())
    told = remanence("copy", filled, target, "--json", code=1).stdout
    alice = json.loads(told.splitlines()[0])
    assert (alice["state"], alice["stored"]["episodes"]) == ("different", 1)
    assert "Copied 2 users, 1 of them not the same afterwards: 2 episodes, 0 facts" in told


def test_another_content_under_an_id_is_refused(
    remanence: Run, database: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    new = new_episode("one")

    async def put(path: Path, content: str) -> None:
        store = SQLiteStore(path)
        await store.open()
        await store.append([Batch(ALICE, (dataclasses.replace(new, content=content),))])
        await store.aclose()

    asyncio.run(put(database, "one"))
    asyncio.run(put(target, "two"))
    told = remanence("copy", database, target, code=1)
    assert "already stored here with another content" in told.stderr
    assert "'remanence forget --user alice --everything'" in " ".join(told.stderr.split())
    assert "Copied 0 users: 0 episodes" in told.stdout


def test_a_file_onto_itself_is_refused(remanence: Run, filled: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(filled)
    assert "the same file" in remanence("copy", filled, link, code=1).stderr


def test_there_is_nothing_to_copy(remanence: Run, tmp_path: Path) -> None:
    refused = remanence("copy", tmp_path / "none.db", tmp_path / "copy.db", code=1)
    assert refused.stderr.startswith("error: FROM: there is no database")
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_missing_folder_is_not_made(
    remanence: Run, filled: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    folder = tmp_path / "one" / "two"
    refused = remanence("copy", filled, f"sqlite:///{folder}/copy.db", *options, code=1)
    assert "TO: its folder" in refused.stderr
    assert "create the folder first" in " ".join(refused.stderr.split())
    assert not folder.parent.exists()


async def test_what_is_still_to_be_done_is_done_where_it_comes_to(
    database: Path, tmp_path: Path
) -> None:
    """Vectors are made, and what waits is read for facts, as soon as an engine opens the copy."""
    async with Memory.open(database, chat_model=ScriptedModel(), extract_after=3_600) as memory:
        await memory.observe(Message("user", "My sister Nora lives in Ghent."), scope=ALICE)
    source, target = SQLiteStore(database), SQLiteStore(tmp_path / "copy.db")
    await source.open()
    await target.open()
    copied = await Copier(source, target, clock=SystemClock()).copy("alice")
    assert copied.state == "copied"
    await source.aclose()
    await target.aclose()
    async with Memory.open(target.path) as memory:
        assert (await memory.stats()).unextracted == 1
    model, embedder = ScriptedModel([{"facts": []}]), ScriptedEmbedder()
    async with Memory.open(target.path, embedder=embedder, chat_model=model) as memory:
        assert await memory.settle()
        stats = await memory.stats()
    assert (stats.unextracted, stats.embedded, stats.unembedded) == (0, 1, 0)
    assert len(model.questions) == 1
