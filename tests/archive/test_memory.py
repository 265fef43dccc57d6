"""Exporting and importing: files, errors, what happens meanwhile and afterwards."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import stat
import subprocess
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from remanence import (
    ConflictError,
    Episode,
    Fact,
    InputError,
    Memory,
    MemoryClosedError,
    Message,
    RecordError,
    Scope,
)
from remanence.errors import ArchiveError
from remanence.testing.embedder import ScriptedEmbedder
from tests.archive.records import episode, fact, lines, small
from tests.facts.stories import Reader
from tests.facts.stories import fact as found

ALICE = Scope("alice", "clerk", "monday")
MAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


async def tell(memory: Memory, scope: Scope = ALICE) -> list[Episode | Fact]:
    """Store a bit, and return it."""
    said = await memory.observe(
        [
            Message("user", "My sister Nora lives in Ghent.", name="Alice", at=MAY, id="m1"),
            Message("assistant", "Ghent is a lovely town.", at=MAY),
            Message("user", "She keeps two beehives.", metadata={"mood": "proud"}),
        ],
        scope=scope,
    )
    home = await memory.remember("Nora lives in Ghent.", scope=scope, sources=[said[0].id])
    right = await memory.correct(home.id, "Nora lives in Bruges.", scope=scope)
    known = await memory.get(home.id, scope=scope)
    assert known is not None
    return [*said, known, right]


async def listed(memory: Memory, user: str = "alice") -> list[Episode | Fact]:
    return list((await memory.list(scope=Scope(user))).items)


def named(folder: Path) -> list[str]:
    """Return the names of the files that have to do with Alice's archive."""
    return [path.name for path in folder.iterdir() if "alice" in path.name]


def until_it_is_written(folder: Path) -> None:
    """Return when an archive has begun to be written."""
    while not named(folder):
        time.sleep(0.001)


async def test_a_memory_comes_back_after_it_was_forgotten(memory: Memory, tmp_path: Path) -> None:
    there = await tell(memory)
    question = "Where does Nora live?"
    before = await memory.recall(question, scope=Scope("alice"))
    archive = tmp_path / "alice.zip"
    exported = await memory.export(archive, user_id="alice", asked_by="Alice")
    assert (exported.sessions, exported.episodes, exported.facts) == (1, 3, 2)
    assert (exported.path, exported.user_id, exported.asked_by) == (archive, "alice", "Alice")
    assert exported.file_bytes == archive.stat().st_size
    await memory.forget_user("alice")
    assert await listed(memory) == []
    imported = await memory.import_archive(str(archive), asked_by="Alice")
    assert (imported.user_id, imported.archived_user_id) == ("alice", "alice")
    assert (imported.sessions, imported.episodes, imported.facts) == (1, 3, 2)
    assert await listed(memory) == there
    assert await memory.recall(question, scope=Scope("alice")) == before
    actions = [(each.action, each.asked_by) for each in await memory.audit(user_id="alice")]
    assert [each for each in actions if each[0] in ("export", "import")] == [
        ("export", "Alice"),
        ("import", "Alice"),
    ]


async def test_the_file_is_its_owners_alone_and_readable_by_anything(
    memory: Memory, tmp_path: Path
) -> None:
    said = await tell(memory)
    archive = tmp_path / "alice.zip"
    await memory.export(archive, user_id="alice")
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert named(tmp_path) == ["alice.zip"]
    with zipfile.ZipFile(archive) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        episodes = [json.loads(line) for line in opened.read("episodes.jsonl").splitlines()]
    assert (manifest["format"], manifest["version"]) == ("remanence-archive", 1)
    assert manifest["user_id"] == "alice"
    assert [each["id"] for each in episodes] == [each.id for each in said[:3]]
    assert episodes[0]["at"] == "2026-05-01T00:00:00+00:00"
    assert episodes[2]["metadata"] == {"mood": "proud"}


async def test_what_is_there_is_replaced_only_if_that_is_asked_for(
    memory: Memory, tmp_path: Path
) -> None:
    await tell(memory)
    archive = tmp_path / "alice.zip"
    archive.write_bytes(b"something else")
    dangling = tmp_path / "dangling.zip"
    dangling.symlink_to(tmp_path / "elsewhere" / "gone.zip")
    for path in (archive, dangling):
        with pytest.raises(InputError, match="exists already"):
            await memory.export(path, user_id="alice")
    assert archive.read_bytes() == b"something else"
    assert await memory.audit(user_id="alice") == [
        each for each in await memory.audit(user_id="alice") if each.action != "export"
    ]
    await memory.export(archive, user_id="alice", overwrite=True)
    assert (await memory.import_archive(archive)).episodes_there == 3


async def test_a_file_that_appears_meanwhile_is_not_replaced(
    memory: Memory, tmp_path: Path
) -> None:
    await memory.observe([Message("user", f"number {i}") for i in range(3_000)], scope=ALICE)
    archive = tmp_path / "alice.zip"
    exporting = asyncio.create_task(memory.export(archive, user_id="alice"))
    await asyncio.to_thread(until_it_is_written, tmp_path)
    archive.write_bytes(b"mine")
    with pytest.raises(InputError, match="exists already"):
        await exporting
    assert archive.read_bytes() == b"mine"
    assert named(tmp_path) == ["alice.zip"]


async def test_an_export_that_is_cancelled_leaves_nothing(memory: Memory, tmp_path: Path) -> None:
    await memory.observe([Message("user", f"number {i}") for i in range(3_000)], scope=ALICE)
    exporting = asyncio.create_task(memory.export(tmp_path / "alice.zip", user_id="alice"))
    await asyncio.to_thread(until_it_is_written, tmp_path)
    exporting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await exporting
    await memory.export(tmp_path / "later.zip", user_id="alice")  # takes turns with what is left
    async with Memory.open(tmp_path / "memory.db") as again:
        await again.stats()
    assert named(tmp_path) == []


LIMITED = """
import asyncio, resource, signal, sys
from pathlib import Path
from remanence import Memory, Message, Scope
from remanence.errors import ArchiveError

def limit(size=resource.RLIM_INFINITY):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main(path):
    archive = path.with_name("alice.zip")
    async with Memory.open(path) as memory:
        said = [Message("user", f"{number} " + str(hash(str(number)))) for number in range(9_000)]
        await memory.observe(said, scope=Scope("alice"))
        for size in (0, 1_000, 100_000):
            limit(size)
            try:
                await memory.export(archive, user_id="alice")
            except ArchiveError as error:
                assert "can't be written" in str(error) and "free some space" in str(error), error
            else:
                raise AssertionError("it was written on a full disk")
            limit()
            assert [each.name for each in path.parent.glob("*.zip*")] == []
            assert [each.name for each in path.parent.glob(".*")] == []
        await memory.export(archive, user_id="alice")
        assert (await memory.import_archive(archive)).episodes_there == 9_000

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_full_disk_leaves_nothing_half_written(
    database: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python("-c", LIMITED, database)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("verb", "path", "named", "field"),
    [
        ("export", "missing/alice.zip", {"user_id": "alice"}, "path"),
        ("export", ".", {"user_id": "alice"}, "path"),
        ("export", "alice.zip", {"user_id": ""}, "user_id"),
        ("export", "alice.zip", {"user_id": "*"}, "user_id"),
        ("export", "alice.zip", {"user_id": "alice", "asked_by": ""}, "asked_by"),
        ("export", "alice.zip", {"user_id": "alice", "overwrite": 1}, "overwrite"),
        ("import_archive", "there.zip", {"user_id": ""}, "user_id"),
        ("import_archive", "there.zip", {"asked_by": "a\nb"}, "asked_by"),
    ],
)
async def test_what_can_not_be_is_refused(
    memory: Memory, tmp_path: Path, verb: str, path: str, named: dict[str, Any], field: str
) -> None:
    await tell(memory)
    (tmp_path / "there.zip").write_bytes(small())
    with pytest.raises(InputError) as caught:
        await getattr(memory, verb)(tmp_path / path, **named)
    assert caught.value.field == field
    assert not (tmp_path / "alice.zip").exists()


async def test_a_closed_memory_says_so(database: Path) -> None:
    memory = Memory.open(database)
    for call in (
        memory.export(database.with_name("alice.zip"), user_id="alice"),
        memory.import_archive(database.with_name("alice.zip")),
    ):
        with pytest.raises(MemoryClosedError):
            await call


async def test_an_unknown_users_archive_is_empty(memory: Memory, tmp_path: Path) -> None:
    exported = await memory.export(tmp_path / "nobody.zip", user_id="nobody")
    assert (exported.sessions, exported.episodes, exported.facts) == (0, 0, 0)
    imported = await memory.import_archive(tmp_path / "nobody.zip")
    assert (imported.user_id, imported.episodes) == ("nobody", 0)
    assert (await memory.stats()).users == 0


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"facts": lines(fact(2, 1), fact(3, 9))}, RecordError),
        ({"episodes": lines(episode(1), episode(4, role="king"))}, RecordError),
        ({"episodes": lines(episode(1), episode(4, id="no"))}, RecordError),
        ({"manifest": b"{}"}, ArchiveError),
        ({"episodes": lines(episode(1), episode(4, content="other"))}, ConflictError),
        ({"facts": lines(fact(2, 1, 4, text="other"))}, ConflictError),
    ],
)
async def test_what_is_refused_leaves_no_trace(
    memory: Memory, tmp_path: Path, changed: dict[str, bytes], error: type[Exception]
) -> None:
    """Not even of the lines before; and nothing is written down of it."""
    archive = tmp_path / "alice.zip"
    archive.write_bytes(small())
    await memory.import_archive(archive)
    await memory.forget([(await listed(memory))[2].id], scope=Scope("alice"))
    before, audit = await listed(memory), await memory.audit()
    assert len(before) == 3
    archive.write_bytes(small(**changed))
    with pytest.raises(error):
        await memory.import_archive(archive)
    assert await listed(memory) == before
    assert await memory.audit() == audit


async def test_a_message_id_that_is_taken_is_named(memory: Memory, tmp_path: Path) -> None:
    scope = Scope("alice", session_id="monday")
    await memory.observe(Message("user", "something else", id="m1"), scope=scope)
    archive = tmp_path / "alice.zip"
    archive.write_bytes(small())
    with pytest.raises(ConflictError, match="'m1' is already stored in session 'monday'"):
        await memory.import_archive(archive)
    assert len(await listed(memory)) == 1
    imported = await memory.import_archive(archive, user_id="carol")
    assert (imported.user_id, imported.archived_user_id) == ("carol", "alice")
    assert len(await listed(memory, "carol")) == 4


async def test_vectors_are_made_anew(tmp_path: Path) -> None:
    synonyms = {"dwells": "lives", "reside": "lives"}
    archive = tmp_path / "alice.zip"
    question = "Where does her sibling reside?"
    async with Memory.open(
        tmp_path / "one.db", embedder=ScriptedEmbedder(synonyms=synonyms)
    ) as memory:
        await tell(memory)
        assert await memory.settle(20)
        before = await memory.recall(question, scope=Scope("alice"))
        assert before
        await memory.export(archive, user_id="alice")
    embedder = ScriptedEmbedder(synonyms=synonyms)
    async with Memory.open(tmp_path / "two.db", embedder=embedder) as memory:
        await memory.import_archive(archive)
        assert await memory.settle(20)
        assert (await memory.stats()).embedded == 5
        assert await memory.recall(question, scope=Scope("alice")) == before


async def test_vectors_are_made_without_anybody_asking(tmp_path: Path) -> None:
    archive = tmp_path / "alice.zip"
    archive.write_bytes(small())
    embedded = asyncio.Event()

    def notice(texts: Sequence[str]) -> None:
        if "number 4" in texts:
            embedded.set()

    embedder = ScriptedEmbedder(script=notice)
    async with Memory.open(tmp_path / "memory.db", embedder=embedder) as memory:
        await memory.import_archive(archive)
        await asyncio.wait_for(embedded.wait(), 20)


async def test_what_was_not_read_for_facts_is_read_where_a_model_reads(tmp_path: Path) -> None:
    """And what was read is not read again."""
    archive = tmp_path / "alice.zip"
    async with Memory.open(tmp_path / "one.db", chat_model=Reader([{"facts": []}])) as memory:
        await memory.observe(Message("user", "I was read."), scope=ALICE)
        assert await memory.settle(20)
        await memory.observe(Message("user", "Nora lives in Ghent."), scope=ALICE)
        await memory.export(archive, user_id="alice")
    reader = Reader([{"facts": [found("Nora lives in Ghent.")]}])
    async with Memory.open(tmp_path / "two.db", chat_model=reader) as memory:
        await memory.import_archive(archive)
        assert await memory.settle(20)
        (fact,) = (await memory.facts(scope=Scope("alice"))).items
        assert fact.text == "Nora lives in Ghent."
        assert len(reader.questions) == 1
    # Where none reads yet, nothing waits for it until somebody asks.
    reader = Reader([{"facts": [found("Nora lives in Ghent.")]}])
    async with Memory.open(tmp_path / "three.db") as memory:
        await memory.import_archive(archive)
        assert (await memory.stats()).unextracted == 0
        await memory.extract_with(reader)
        assert await memory.settle(20)
        assert await memory.extract(scope=Scope("alice")) == 1
        assert await memory.settle(20)
        assert len((await memory.facts(scope=Scope("alice"))).items) == 1


async def test_what_passed_over_was_is_tried_again(tmp_path: Path) -> None:
    archive = tmp_path / "alice.zip"
    archive.write_bytes(
        small(episodes=lines(episode(1), episode(4, extraction="passed over")), facts=b"")
    )
    reader = Reader([{"facts": [found("Number 4 it is.")]}])
    async with Memory.open(tmp_path / "memory.db", chat_model=reader) as memory:
        await memory.import_archive(archive)
        assert await memory.settle(20)
        assert [fact.text for fact in (await memory.facts(scope=Scope("alice"))).items] == [
            "Number 4 it is."
        ]


async def test_what_comes_from_a_file_says_so_there_as_well(memory: Memory, tmp_path: Path) -> None:
    """And what was heard before it was archived was heard."""
    archive = tmp_path / "alice.zip"
    archive.write_bytes(
        small(episodes=lines(episode(1, imported=True), episode(4)), facts=lines(fact(2, 1)))
    )
    await memory.import_archive(archive)
    assert [item.imported for item in await listed(memory)] == [True, True, False]
    await memory.export(archive, user_id="alice", overwrite=True)
    with zipfile.ZipFile(archive) as opened:
        told = [json.loads(line) for line in opened.read("episodes.jsonl").splitlines()]
    assert [each["imported"] for each in told] == [True, False]


async def test_nothing_comes_in_that_can_not_be_told_afterwards(
    memory: Memory, tmp_path: Path
) -> None:
    """However deep the stack is of whoever asks: as deep as metadata may be, it is read."""
    deepest = json.loads('{"a":' + "[" * 99 + "]" * 99 + "}")
    archive = tmp_path / "alice.zip"
    archive.write_bytes(small(episodes=lines(episode(1, metadata=deepest)), facts=b""))
    await memory.import_archive(archive)

    async def recall(stack: int) -> Any:
        if stack:
            return await recall(stack - 1)
        return (await memory.recall("number 1", scope=Scope("alice")))[0].metadata

    assert await recall(500) == deepest
    await memory.export(archive, user_id="alice", overwrite=True)
    assert (await memory.import_archive(archive)).episodes_there == 1


async def test_several_at_once(memory: Memory, tmp_path: Path) -> None:
    """Archives of one user are taken in one after another; whoever comes second changes nothing."""
    await tell(memory)
    archives = [tmp_path / f"{number}.zip" for number in range(3)]
    await asyncio.gather(*(memory.export(path, user_id="alice") for path in archives))
    async with Memory.open(tmp_path / "other.db") as other:
        done = await asyncio.gather(*(other.import_archive(path) for path in archives))
        assert sorted(each.episodes for each in done) == [0, 0, 3]
        assert await listed(other) == await listed(memory)


async def test_sessions_are_told_apart(memory: Memory, tmp_path: Path) -> None:
    """Those of the same name of different agents, and those without a name."""
    scopes = [ALICE, Scope("alice", None, "monday"), Scope("alice", "clerk"), Scope("alice")]
    for number in range(2):
        for scope in scopes:
            await memory.observe(Message("user", f"number {number}"), scope=scope)
    archive = tmp_path / "alice.zip"
    assert (await memory.export(archive, user_id="alice")).sessions == 4
    before = await listed(memory)
    await memory.forget_user("alice")
    await memory.import_archive(archive)
    assert await listed(memory) == before
