"""``remanence import --from``: what it tells beforehand, what it does, and what it refuses."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from typer.testing import CliRunner, Result

from remanence.cli.app import app
from tests.moving.remembering import remember, remembering

Run = Callable[..., Result]


@pytest.fixture
def run(database: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command for a source, and checks the exit code."""
    monkeypatch.setenv("COLUMNS", "200")

    def run_it(*arguments: str | Path, code: int = 0, command: str = "import") -> Result:
        named = [command, *(str(argument) for argument in arguments)]
        result = CliRunner().invoke(app, named, env={"REMANENCE_DB": str(database)})
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return run_it


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of mem0's: two users, a memory that was updated, one of nobody's."""

    async def fill() -> Path:
        async with remembering(tmp_path / "mem0") as client:
            id_ = await remember(client, "I live in Ghent.", user_id="alice", run_id="monday")
            await client.update(id_, "I live in Bruges.")
            await remember(client, "I keep bees.", user_id="alice")
            await remember(client, "I keep hens.", user_id="bob")
            await remember(client, "Anybody's.", agent_id="clerk")
        return tmp_path / "mem0"

    return asyncio.run(fill())


def test_a_dry_run_tells_what_would_come(run: Run, folder: Path, database: Path) -> None:
    result = run("--from", "mem0", folder, "--dry-run")
    assert "for 'alice': 0 messages in 0 sessions, 3 statements (1 superseded), 20" in result.stdout
    assert "for 'bob': 0 messages in 0 sessions, 1 statement, 20" in result.stdout
    assert "Would import 3 new items (0 already there) for " in result.stdout
    assert "Would skip: 1. Nothing was written." in result.stdout
    assert "belongs to no user; name whose it is to be with --user" in result.stderr
    assert not database.exists()


def test_it_is_taken_in_once(run: Run, folder: Path) -> None:
    result = run("--from", "mem0", folder, "--by", "Ines")
    assert (
        "alice: 0 new messages, 3 new statements, 0 already there; 3 of 3 verified."
        in result.stdout
    )
    assert "bob: 0 new messages, 1 new statement" in result.stdout
    assert "Skipped: 1" in result.stdout
    assert "skipped mem0 " in result.stderr
    listed = run("--user", "alice", command="facts").stdout
    assert "I live in Bruges." in listed
    assert "I live in Ghent." not in listed
    again = run("--from", "mem0", folder)
    assert "alice: 0 new messages, 0 new statements, 3 already there; 3 of 3" in again.stdout
    assert "Ines" in run("--user", "alice", command="audit").stdout


def test_a_dry_run_compares_with_what_is_there(run: Run, folder: Path) -> None:
    run("--from", "mem0", folder, "--user", "bob")
    audit = run("--user", "bob", command="audit").stdout
    result = run("--from", "mem0", folder, "--user", "bob", "--dry-run")
    assert "2 statements" in result.stdout
    assert "Would import 0 new items (2 already there) for " in result.stdout
    assert "Would skip: 2. Nothing was written." in result.stdout
    both = run("--from", "mem0", folder, "--dry-run").stdout
    assert "(1 superseded)" in both
    assert "Would import 3 new items (0 already there) for " in both
    assert "Would import 0 new items (1 already there) for " in both
    assert run("--user", "bob", command="audit").stdout == audit


def test_sessions_are_those_in_which_something_was_said(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    """Whoever counts them: alice's memories name two, and she said something in none."""
    assert "0 messages in 0 sessions" in run("--from", "mem0", folder, "--dry-run").stdout
    run("--from", "mem0", folder)
    for options in ([], ["--to", "markdown"]):
        out = tmp_path / f"out{len(options)}"
        told = run(out, "--user", "alice", *options, command="export").stdout
        assert "0 episodes, 3 facts (0 sessions)" in told
    told = run("--user", "alice", command="stats").stdout
    assert ["sessions", "0"] in [line.split() for line in told.splitlines()]


async def test_what_mem0_deleted_since_is_told_with_how_to_forget_it(
    run: Run, tmp_path: Path
) -> None:
    """With all that it said before, and also of a user of whom mem0 has nothing left."""
    folder = tmp_path / "mem0"

    async def told(*options: str) -> list[str]:
        result = await asyncio.to_thread(run, "--from", "mem0", folder, *options)
        return [line for line in result.stderr.splitlines() if line.startswith("still here: ")]

    async with remembering(folder) as client:
        home = await remember(client, "I live in Ghent.", user_id="alice")
        await client.update(home, "I live in Bruges.")
        bees = await remember(client, "I keep bees.", user_id="alice")
        await remember(client, "I keep hens.", user_id="bob")
        assert await told() == []
        await client.delete(home)
        await client.delete(bees)
        assert await told("--user", "bob") == []
        (line,) = await told("--dry-run")
        assert await told() == [line]
        assert "still here: 2 of what was deleted in mem0 are known of 'alice'" in line
        _, _, ids = line.partition("remanence forget --user alice ")
        assert len(ids.split()) == 3
        forget = ("--user", "alice", "--yes", *ids.split())
        await asyncio.to_thread(run, *forget, command="forget")
        assert await told() == []


def test_one_user_may_be_chosen(run: Run, folder: Path) -> None:
    result = run("--from", "mem0", folder / "qdrant", "--user", "bob", "--agent", "butler")
    assert "bob: 0 new messages, 2 new statements" in result.stdout
    assert "alice" not in result.stdout
    assert "left out: 2 of other users" in result.stderr
    result = run("--from", "mem0", folder, "--user", " bob", code=1)
    assert "--user: has white space at its ends" in result.stderr


def test_the_history_may_be_elsewhere(run: Run, folder: Path, tmp_path: Path) -> None:
    history = (folder / "history.db").rename(tmp_path / "elsewhere.db")
    result = run("--from", "mem0", folder, "--history", history)
    assert "3 new statements" in result.stdout
    for wrong in (["--from", "reme", folder], [folder]):
        result = run(*wrong, "--history", history, code=2)
        assert "--history goes with --from mem0" in result.stderr


@pytest.mark.parametrize(
    "option", [("--session", "monday"), ("--format", "jsonl"), ("--skip-malformed",)]
)
def test_what_is_for_files_of_messages_is_refused(
    run: Run, folder: Path, database: Path, option: tuple[str, ...]
) -> None:
    result = run("--from", "mem0", folder, *option, code=2)
    assert "leave them out with --from" in " ".join(result.stderr.split())
    assert not database.exists()


def test_nothing_is_made_of_nothing(run: Run, folder: Path, tmp_path: Path, database: Path) -> None:
    assert "no store of mem0's" in run("--from", "mem0", tmp_path, code=1).stderr
    (folder / "qdrant" / "meta.json").write_text('{"collections": {}}', encoding="utf-8")
    (folder / "history.db").unlink()
    assert "there is nothing to import in it" in run("--from", "mem0", folder, code=1).stderr
    assert not database.exists()


def test_what_is_missing_afterwards_ends_in_an_error(
    run: Run, folder: Path, database: Path
) -> None:
    """Whatever the database made of it."""
    run("--from", "mem0", folder, "--user", "bob")
    connection: Any = apsw.Connection(str(database))
    connection.execute(
        "CREATE TRIGGER other AFTER INSERT ON facts WHEN new.text LIKE '%bees%' BEGIN "
        "UPDATE facts SET text = 'other' WHERE user_id = new.user_id AND seq = new.seq; END"
    )
    connection.close()
    result = run("--from", "mem0", folder, code=1)
    assert "error: alice: 3 items are to be here, and 2 were found; run it again" in result.stderr
    assert "2 of 3 verified" in result.stdout
    assert "1 of 1 verified" in result.stdout


def test_it_needs_an_extra(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, database: Path
) -> None:
    monkeypatch.setitem(sys.modules, "qdrant_client", None)
    result = run("--from", "mem0", folder, code=1)
    assert 'pip install "remanence[mem0]"' in result.stderr
    assert not database.exists()
