"""Exporting to Markdown: what the pages say, and that nothing in a memory can break them."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.testing import Result

from remanence import Episode, InputError, Memory, MemoryClosedError, Message, Scope
from remanence.errors import ArchiveError

ALICE = Scope("alice", "clerk", "monday")
MAY = dt.datetime(2026, 5, 1, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
_ANCHOR = re.compile(r'<a id="([0-9a-f-]{36})">|</a>|<br>')
HOSTILE = (
    "```\n# Not a heading\n</a><script>alert(1)</script>\n~~~\n````text\n"
    "| a |\n- item\n<!-- \r\n1. one\n\n---\nsetext\n===\n[x]: http://e.org\n`"
)


def parsed(page: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page)


def quotes(page: str) -> list[str]:
    """Return the texts that a page quotes, as a reader of Markdown sees them."""
    told: list[str] = []
    depth = 0
    for token in parsed(page):
        depth += token.nesting if token.type.startswith("blockquote") else 0
        if token.type == "blockquote_open":
            told.append("")
        elif depth and token.type == "inline":
            told[-1] += "".join(map(_text, token.children or ())) + "\n"
        elif depth and token.type == "fence":
            told[-1] += token.content
    return told


def _text(token: Token) -> str:
    return "\n" if token.type in ("hardbreak", "softbreak") else token.content


def headings(page: str) -> list[str]:
    tokens = parsed(page)
    return [
        tokens[number + 1].content
        for number, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def html(page: str) -> Iterator[str]:
    for token in parsed(page):
        if token.type == "html_block":
            yield token.content
        yield from (each.content for each in token.children or () if each.type == "html_inline")


def links(page: str) -> list[str]:
    inner = [each for token in parsed(page) for each in token.children or ()]
    return [str(each.attrs["href"]) for each in inner if each.type == "link_open"]


async def tell(memory: Memory) -> list[Episode]:
    said = await memory.observe(
        [
            Message("user", "My sister Nora lives in Ghent.", name="Alice", at=MAY),
            Message("assistant", HOSTILE, at=MAY + dt.timedelta(minutes=1)),
            Message("tool", "42", name="calculator", at=MAY + dt.timedelta(days=1)),
        ],
        scope=ALICE,
    )
    home = await memory.remember(
        "Nora lives in Ghent.",
        scope=ALICE,
        sources=[said[0].id],
        kind="profile",
        at=MAY,
        stated_by="assistant",
    )
    await memory.correct(home.id, "Nora lives in *Bruges*.\n# really", scope=ALICE)
    return said


def named(folder: Path) -> list[str]:
    """Return the names in a folder that have to do with Alice's pages."""
    return [path.name for path in folder.iterdir() if "alice" in path.name]


def pages(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes().decode()
        for file in sorted(folder.rglob("*.md"))
    }


async def test_what_a_person_finds(memory: Memory, tmp_path: Path) -> None:
    said = await tell(memory)
    folder = tmp_path / "alice"
    done = await memory.export_markdown(folder, user_id="alice", asked_by="Alice")
    assert (done.sessions, done.episodes, done.facts, done.files) == (1, 3, 2, 3)
    assert (done.path, done.user_id, done.asked_by) == (folder, "alice", "Alice")
    told = pages(folder)
    assert done.file_bytes == sum(len(page.encode()) for page in told.values())
    name = next(each for each in told if each.startswith("sessions/2026-05-01-monday-"))
    assert set(told) == {"README.md", "facts.md", name}
    assert headings(told[name]) == [
        "monday (agent clerk)",
        "2026-05-01",
        "09:30:00+02:00 Alice (user)",
        "09:31:00+02:00 assistant",
        "2026-05-02",
        "09:30:00+02:00 calculator (tool result)",
    ]
    first, hostile, last = (text.removesuffix("\n") for text in quotes(told[name]))
    assert (first, last) == (said[0].content, "42")
    assert words(hostile) == words(HOSTILE)
    assert headings(told["facts.md"]) == ["What is known of alice", "Profile", "Superseded"]
    known, superseded = told["facts.md"].split("## Superseded")
    assert "Nora lives in \\*Bruges\\*.<br>\\# really" in known
    assert "Nora lives in Ghent." in superseded
    assert "that it never was so" in superseded
    assert "told by the assistant" in superseded
    assert "told by" not in known
    target = f"{name}#{said[0].id}"
    assert target in links(superseded)
    assert f'<a id="{said[0].id}"></a>' in told[name]
    successor = next(link for link in links(superseded) if link.startswith("#"))
    assert f'<a id="{successor[1:]}"></a>' in known
    assert links(told["README.md"]) == ["facts.md", name]
    assert "3 messages in 1 session\n" in told["README.md"]
    for page in told.values():
        assert all(
            _ANCHOR.fullmatch(each.strip()) or each.startswith("<!-- remanence")
            for each in html(page)
        )
    actions = [(each.action, each.asked_by) for each in await memory.audit(user_id="alice")]
    assert ("export", "Alice") in actions


async def test_only_its_owner_can_read_it(memory: Memory, tmp_path: Path) -> None:
    await tell(memory)
    folder = tmp_path / "alice"
    await memory.export_markdown(folder, user_id="alice")
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert named(tmp_path) == ["alice"]


async def test_it_is_the_same_each_time(memory: Memory, tmp_path: Path) -> None:
    await tell(memory)
    for name in ("a", "b"):
        await memory.export_markdown(tmp_path / name, user_id="alice")
    a, b = pages(tmp_path / "a"), pages(tmp_path / "b")
    for page in (a, b):
        page["README.md"] = re.sub("As of .*", "", page["README.md"])
    assert a == b


async def test_sessions_that_alternate_are_told_apart(memory: Memory, tmp_path: Path) -> None:
    names: list[str | None] = [None, "a/b", "a:b", "A/B", "..", "con", "ünï", "x" * 200, "a-b"]
    for number in range(3):
        for name in names:
            scope = Scope("alice", session_id=name)
            await memory.observe(Message("user", f"{name} {number}", at=MAY), scope=scope)
    await memory.observe(Message("user", "agent", at=MAY), scope=Scope("alice", "clerk", "a-b"))
    await memory.export_markdown(tmp_path / "alice", user_id="alice")
    told = pages(tmp_path / "alice" / "sessions")
    assert len({name.casefold() for name in told}) == len(names) + 1
    assert "2026-05-01-a-b.md" in told
    for name in told:
        assert re.fullmatch(r"2026-05-01(-[a-z0-9]+)+\.md", name)
        assert len(name) < 100
    found = sorted([text.strip() for text in quotes(page)] for page in told.values())
    assert found == sorted([[f"{name} {n}" for n in range(3)] for name in names] + [["agent"]])


async def test_an_unknown_user_has_nothing(memory: Memory, tmp_path: Path) -> None:
    done = await memory.export_markdown(tmp_path / "bob", user_id="bob")
    assert (done.sessions, done.episodes, done.facts, done.files) == (0, 0, 0, 2)
    assert "Nothing yet." in pages(tmp_path / "bob")["facts.md"]


async def test_what_is_there_is_replaced_only_if_it_is_an_export(
    memory: Memory, tmp_path: Path
) -> None:
    await tell(memory)
    folder = tmp_path / "alice"
    folder.mkdir()
    await memory.export_markdown(folder, user_id="alice")
    before = pages(folder)
    with pytest.raises(InputError, match="is not empty"):
        await memory.export_markdown(folder, user_id="alice")
    await memory.observe(Message("user", "One more.", at=MAY), scope=ALICE)
    await memory.export_markdown(folder, user_id="alice", overwrite=True)
    assert pages(folder) != before
    assert named(tmp_path) == ["alice"]
    mine = folder / "sessions" / "mine.txt"
    for put in (mine, folder / "mine.md", folder / "sessions" / "inner" / "x.md"):
        put.parent.mkdir(exist_ok=True)
        put.write_text("mine")
        with pytest.raises(InputError, match="holds something else"):
            await memory.export_markdown(folder, user_id="alice", overwrite=True)
        assert put.read_text() == "mine"
        put.unlink()
        if put.parent.name == "inner":
            put.parent.rmdir()
    other = tmp_path / "other"
    other.mkdir()
    (other / "README.md").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        await memory.export_markdown(other, user_id="alice", overwrite=True)


async def test_where_it_cannot_be(memory: Memory, tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("mine")
    (tmp_path / "empty").mkdir()
    link.symlink_to(tmp_path / "empty")
    for path, why in (
        (file, "is a file"),
        (link, "is a link"),
        (tmp_path / "gone" / "alice", "does not exist"),
        ("", "is empty"),
    ):
        with pytest.raises(InputError, match=why):
            await memory.export_markdown(path, user_id="alice", overwrite=True)
    with pytest.raises(InputError, match="user_id"):
        await memory.export_markdown(tmp_path / "a", user_id="*")
    with pytest.raises(InputError, match="asked_by"):
        await memory.export_markdown(tmp_path / "a", user_id="alice", asked_by="")
    await memory.aclose()
    with pytest.raises(MemoryClosedError):
        await memory.export_markdown(tmp_path / "a", user_id="alice")


async def test_one_that_is_cancelled_leaves_nothing(memory: Memory, tmp_path: Path) -> None:
    await memory.observe([Message("user", f"number {i}") for i in range(3_000)], scope=ALICE)
    folder = tmp_path / "alice"
    writing = asyncio.create_task(memory.export_markdown(folder, user_id="alice"))
    await asyncio.to_thread(_until_it_is_written, tmp_path)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    for _ in range(100):  # until the thread has noticed
        if not named(tmp_path):
            break
        await asyncio.sleep(0.05)
    assert named(tmp_path) == []


async def test_what_appears_meanwhile_is_kept(memory: Memory, tmp_path: Path) -> None:
    await memory.observe([Message("user", f"number {i}") for i in range(3_000)], scope=ALICE)
    folder = tmp_path / "alice"
    writing = asyncio.create_task(memory.export_markdown(folder, user_id="alice"))
    await asyncio.to_thread(_until_it_is_written, tmp_path)
    folder.mkdir()
    (folder / "mine").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        await writing
    assert named(tmp_path) == ["alice"]
    assert (folder / "mine").read_text() == "mine"


async def test_a_folder_that_goes_away_meanwhile_is_told(memory: Memory, tmp_path: Path) -> None:
    await memory.observe([Message("user", f"number {i}") for i in range(3_000)], scope=ALICE)
    parent = tmp_path / "there"
    parent.mkdir()
    writing = asyncio.create_task(memory.export_markdown(parent / "alice", user_id="alice"))
    await asyncio.to_thread(_until_it_is_written, parent)
    await asyncio.to_thread(shutil.rmtree, parent, ignore_errors=True)
    with pytest.raises((ArchiveError, InputError)):
        await writing


def _until_it_is_written(folder: Path) -> None:
    while not named(folder):
        time.sleep(0.001)


def words(text: str) -> str:
    """Return all of a text but for its blanks and line ends."""
    return "".join(text.split())


Run = Callable[..., Result]


@pytest.mark.usefixtures("alice")
def test_the_command_writes_pages(remanence: Run, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    done = remanence("export", folder, "--user", "alice", "--to", "markdown", "--by", "Alice")
    assert f"folder  {folder}" in done.stdout
    assert "holds   4 episodes, 0 facts (2 sessions)" in done.stdout
    assert len(pages(folder)) == 4
    done = remanence("export", folder, "--user", "alice", "--to", "markdown", code=1)
    assert "is not empty" in done.stderr
    remanence("export", folder, "--user", "alice", "--to", "markdown", "--overwrite")
    done = remanence("export", tmp_path / "x", "--user", "bob2", "--to", "markdown", code=1)
    assert "Nothing is stored for 'bob2'" in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.fixture
def remanence(database: Path) -> Run:
    """Runs a command against the test's database and checks the exit code."""
    from typer.testing import CliRunner

    from remanence.cli.app import app

    def run(*arguments: str | Path, code: int = 0) -> Result:
        told: list[Any] = [str(argument) for argument in arguments]
        result = CliRunner().invoke(app, told, env={"REMANENCE_DB": str(database)})
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
async def alice(database: Path) -> None:
    async with Memory.open(database) as memory:
        for name in ("spring", "summer"):
            told = [Message("user", f"{name} {n}", at=MAY) for n in range(2)]
            await memory.observe(told, scope=Scope("alice", session_id=name))
