"""What ReMe's agent makes up does no harm: it writes notes of its conversation, and no others."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentscope.message import ToolCallBlock

pytest.importorskip("reme")

from remanence import Scope
from remanence.errors import BackendRefusedError
from remanence.testing.models import Answer, ScriptedChatModel
from tests.reme.noting import Noting, call
from tests.reme.parts import ALICE, backend_of, exchange, found, hits
from tests.reme.workspaces import files_with, notes_of

pytestmark = pytest.mark.agentscope

SECRET = "The code of the door is zebra-blue-heron."
TUESDAY = Scope("alice", "cook", "tuesday")


def _written(number: int, prompt: str, **changed: Any) -> ToolCallBlock:
    """Return a call that writes a note, as the prompt asks for it but for what is changed."""
    day = re.search(r"Today: (\S+)", prompt)
    session = re.search(r"Session ID: (\S+)", prompt)
    assert day is not None
    assert session is not None
    told = {
        "name": "nora",
        "description": "what was said",
        "session_id": session[1],
        "content": SECRET,
        "date": day[1],
        **changed,
    }
    return ToolCallBlock(id=f"call-{number}", name="daily_write", input=json.dumps(told))


ODD: dict[str, Callable[[str], Answer]] = {
    "two notes": lambda prompt: [
        _written(1, prompt, name="bees", content="Bees are kept."),
        _written(2, prompt, name="code"),
    ],
    "another day": lambda prompt: [_written(1, prompt, date="2026-01-01")],
    "another session": lambda prompt: [_written(1, prompt, session_id="somebody-else")],
}


@pytest.mark.parametrize("kind", ODD)
async def test_whatever_is_written_is_of_the_conversation(tmp_path: Path, kind: str) -> None:
    backend = backend_of(tmp_path, chat_model=Noting(before=ODD[kind]).model())
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    (hit,) = [hit for hit in await hits(backend, "zebra heron") if "zebra" in hit.text]
    assert hit.scope == ALICE
    receipt = await backend.forget(scope=ALICE)
    assert all(check.passed for check in receipt.checks)
    assert files_with(tmp_path, "zebra") == []
    await backend.aclose()


async def test_notes_of_the_same_name_are_both_kept(tmp_path: Path) -> None:
    answers = iter(["Alice hates mondays.", "Alice loves tuesdays."])
    model = Noting(before=lambda prompt: [_written(1, prompt, content=next(answers))]).model()
    backend = backend_of(tmp_path, chat_model=model)
    for scope, reply_id in ((ALICE, "one"), (TUESDAY, "two")):
        assert await backend.retain(exchange(reply_id=reply_id), scope=scope, wait=10)
    told = sorted(note.text for note in notes_of(tmp_path / "users/alice"))
    assert told == ["Alice hates mondays.", "Alice loves tuesdays."]
    await backend.aclose()


@pytest.mark.parametrize("path", ["secret.md", "remanence.id", "../bob/x.md", "daily/../x.md"])
async def test_nothing_is_written_where_no_notes_are(tmp_path: Path, path: str) -> None:
    def answer(prompt: str) -> Answer | None:
        if "Target path" not in prompt:
            return None
        return call("write", path=path, name="x", description="y", content=SECRET)

    backend = backend_of(tmp_path, apart=False, chat_model=Noting(before=answer).model())
    owner = Scope("owner", "clerk", "monday")
    before = (tmp_path / "remanence.id").read_text()
    for number in range(2):
        await backend.retain(exchange(reply_id=f"reply-{number}"), scope=owner, wait=10)
    assert files_with(tmp_path, "zebra") == []
    assert (tmp_path / "remanence.id").read_text() == before
    await backend.aclose()


async def test_a_workspace_that_is_a_link_is_refused(tmp_path: Path) -> None:
    thesis = tmp_path / "elsewhere" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("Years of work.")
    (tmp_path / "here" / "users").mkdir(parents=True)
    (tmp_path / "here" / "users" / "alice").symlink_to(thesis.parent)
    backend = backend_of(tmp_path / "here")
    for refused in (backend.forget_user("alice"), found(backend)):
        with pytest.raises(BackendRefusedError, match="link"):
            await refused
    assert thesis.read_text() == "Years of work."
    await backend.aclose()


async def test_folders_in_a_workspace_that_are_links_are_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other" / "2026-03-01"
    other.mkdir(parents=True)
    (other / "x.md").write_text("The otter is somebody else's.")
    workspace = tmp_path / "here" / "users" / "alice"
    workspace.mkdir(parents=True)
    (workspace / "daily").symlink_to(tmp_path / "other")
    backend = backend_of(tmp_path / "here")
    assert await found(backend, "otter") == []
    await backend.forget_user("alice")
    assert (other / "x.md").exists()
    await backend.aclose()


async def test_a_session_that_is_forgotten_while_it_is_extracted_leaves_nothing(
    tmp_path: Path,
) -> None:
    begun = asyncio.Event()

    async def slow(messages: Any) -> Answer:
        if any(message.has_content_blocks("tool_result") for message in messages):
            begun.set()
            await asyncio.sleep(5)
        return Noting(SECRET)(messages)

    backend = backend_of(tmp_path, chat_model=ScriptedChatModel(slow))
    await backend.retain(exchange(), scope=ALICE, wait=0)
    await asyncio.wait_for(begun.wait(), 10)
    assert files_with(tmp_path, "zebra") != []
    receipt = await backend.forget(scope=ALICE)
    assert all(check.passed for check in receipt.checks)
    assert files_with(tmp_path, "zebra") == []
    assert await found(backend, "zebra heron") == []
    await backend.aclose()


async def test_what_the_agent_was_told_does_not_outlive_an_erasure(tmp_path: Path) -> None:
    backend = backend_of(tmp_path, chat_model=Noting(SECRET).model())
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    left = tmp_path / "users/alice/metadata/agents/agentscope/left.jsonl"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_text(SECRET)  # as by a process that was killed
    os.link(left, tmp_path / "linked")
    await backend.forget(scope=ALICE)
    assert not left.exists()
    assert "zebra" not in (tmp_path / "linked").read_text()
    await backend.aclose()


async def test_the_blocks_of_an_erased_note_are_overwritten(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    assert await backend.retain(exchange(SECRET), scope=ALICE, wait=10)
    (note,) = notes_of(tmp_path / "users/alice", "message")
    os.link(note.path, tmp_path / "linked")
    (hit,) = await hits(backend, "zebra")
    await backend.forget([hit.id], scope=ALICE)
    assert set((tmp_path / "linked").read_bytes()) == {0}
    await backend.aclose()


async def test_a_note_that_can_not_be_read_now_keeps_no_other_from_being_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "users/alice/daily/2026-03-01"
    folder.mkdir(parents=True)
    for number in range(6):
        (folder / f"{number}.md").write_text(f"The otter has the number {number}.")
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "3.md":
            raise OSError("the disk is broken")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    backend = backend_of(tmp_path)
    assert len(await found(backend, "otter")) == 5
    assert backend.faults.counts == {"index": 1}
    monkeypatch.undo()
    assert len(await found(backend, "otter")) == 6
    await backend.aclose()
