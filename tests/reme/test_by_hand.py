"""Notes that people write, change and delete, and those that ReMe itself wrote before."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("reme")

from remanence import Filter
from remanence.backends.reme import OWNER, ReMeBackend
from remanence.backends.reme.release import application, import_reme
from remanence.backends.reme.settings import Background, settings_of
from tests.reme.parts import ALICE, backend_of, exchange, found, hits, middleware_of, recalled

pytestmark = pytest.mark.agentscope

DAY = "daily/2026-03-01"

ODD: dict[str, bytes] = {
    "plain.md": b"The otter is plain.\n",
    "top.md": b"---\nname: top\ndescription: d\n---\n\nThe otter has a top.\n",
    "broken.md": b"---\nname: [x\n: y\n---\nThe otter is broken.\n",
    "list.md": b"---\n- a\n- b\n---\nThe otter is in a list.\n",
    "open.md": b"---\nname: x\nThe otter is open.\n",
    "bom.md": b"\xef\xbb\xbf---\nname: x\n---\nThe otter has a mark.\n",
    "crlf.md": b"---\r\nname: x\r\n---\r\nThe otter has\r\ntwo lines.\r\n",
    "latin.md": b"The otter drinks caf\xe9.\n",
    "utf16.md": "The otter is wide.\n".encode("utf-16"),
    "nul.md": b"The otter \x00 is nothing.\n",
    "empty.md": b"",
    "[[odd]] #|.md": b"The otter is linked.\n",
    "deep/er/note.md": b"The otter is deep.\n",
    "tagged.md": b"---\na: !!python/object/apply:os.system ['true']\n---\nThe otter is tagged.\n",
}
"""The otter is found in all of these but those that have no readable text."""


def _write(workspace: Path, name: str, text: bytes | str) -> Path:
    path = workspace / DAY / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _link(path: Path, target: Path) -> None:
    path.symlink_to(target)


async def _opened(folder: Path, **options: Any) -> tuple[ReMeBackend, Path]:
    """Return a backend, and the workspace of Alice, in which there is a memory."""
    backend = backend_of(folder, **options)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    return backend, folder / "users" / "alice"


async def test_whatever_people_wrote_is_found(tmp_path: Path) -> None:
    backend, workspace = await _opened(tmp_path)
    for name, text in ODD.items():
        _write(workspace, name, text)
    told = await hits(backend, "otter", limit=100)
    expected = {f"{DAY}/{name}" for name in ODD} - {f"{DAY}/empty.md", f"{DAY}/utf16.md"}
    assert {hit.id.rpartition(":")[0] for hit in told} == expected
    assert all(hit.at is not None and hit.at.date().isoformat() == "2026-03-01" for hit in told)
    assert await found(backend) == ["I keep bees in Ghent."]
    assert backend.faults.counts == {}
    await backend.aclose()


async def test_one_note_that_can_not_be_read_keeps_no_other_from_being_found(
    tmp_path: Path,
) -> None:
    backend, workspace = await _opened(tmp_path)
    _write(workspace, "a-good.md", "The otter is good.")
    bad = _write(workspace, "bad.md", "---\ndate: 2026-99-99\n---\nThe otter is bad.")
    _write(workspace, "c-good.md", "The otter is better.")
    expected = ["The otter is better.", "The otter is good."]
    assert sorted(await found(backend, "otter")) == expected
    assert backend.faults.counts == {"index": 1}
    assert sorted(await found(backend, "otter")) == expected
    assert backend.faults.counts == {"index": 1}
    await backend.aclose()

    again = backend_of(tmp_path)  # which looks at all of them anew
    assert sorted(await found(again, "otter")) == expected
    assert await again.retain(exchange("I keep owls.", "owls"), scope=ALICE, wait=10)
    bad.write_text("The otter is well again.")
    assert len(await found(again, "otter")) == 3
    await again.aclose()


async def test_a_name_that_is_no_text_is_told_and_goes_with_the_user(tmp_path: Path) -> None:
    backend, workspace = await _opened(tmp_path)
    name = os.fsdecode(b"caf\xe9.md")
    try:
        _write(workspace, name, "The otter is unspeakable.")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert await found(backend, "otter") == []
    assert await found(backend) == ["I keep bees in Ghent."]
    assert backend.faults.counts == {"index": 1}
    receipt = await backend.forget_user("alice")
    assert receipt.places["notes"] == 2
    assert not _is_there(workspace)
    await backend.aclose()


def _is_there(path: Path) -> bool:
    return path.exists()


async def test_a_large_note_is_found_in_its_parts(tmp_path: Path) -> None:
    backend, workspace = await _opened(tmp_path)
    lines = [f"Line {number} is about nothing much." for number in range(30_000)]
    lines[20_000] = "Here an otter swims."
    _write(workspace, "large.md", "\n".join(lines))
    assert (workspace / DAY / "large.md").stat().st_size > 1_000_000
    (part,) = await found(backend, "otter")
    assert "Here an otter swims." in part
    assert len(part) < 20_000
    await backend.aclose()


async def test_links_lead_nowhere(tmp_path: Path) -> None:
    backend, workspace = await _opened(tmp_path)
    outside = tmp_path / "outside.md"
    outside.write_text("The otter is a secret.")
    note = _write(workspace, "note.md", "The otter is a note.")
    for name, target in (
        ("out.md", outside),
        ("in.md", note),
        ("gone.md", tmp_path / "gone"),
        ("loop.md", workspace / DAY / "loop.md"),
        ("folder", tmp_path),
    ):
        _link(workspace / DAY / name, target)
    os.mkfifo(workspace / DAY / "pipe.md")
    async with asyncio.timeout(20):
        assert await found(backend, "otter") == ["The otter is a note."]
        assert backend.faults.counts == {}
        await backend.forget_user("alice")
    assert not _is_there(workspace)
    assert outside.read_text() == "The otter is a secret."
    await backend.aclose()


async def test_what_people_change_and_delete_is_seen_by_the_next_search(tmp_path: Path) -> None:
    backend, workspace = await _opened(tmp_path)
    path = _write(workspace, "note.md", "The otter swims.")
    assert await found(backend, "otter") == ["The otter swims."]
    path.write_text("The otter runs.")
    assert await found(backend, "otter") == ["The otter runs."]
    path.rename(path.with_name("other.md"))
    (hit,) = await hits(backend, "otter")
    assert hit.metadata["path"] == f"{DAY}/other.md"
    path.with_name("other.md").unlink()
    assert await found(backend, "otter") == []
    await backend.aclose()


async def test_a_memory_that_people_correct_is_told_as_they_have_it(tmp_path: Path) -> None:
    backend, workspace = await _opened(tmp_path)
    (path,) = workspace.glob("daily/*/*.md")
    text = path.read_text("utf-8")
    path.write_text(text.replace("I keep bees in Ghent.\n", "I keep bees in Bruges.\n"), "utf-8")
    assert await found(backend) == ["I keep bees in Bruges."]
    await backend.aclose()
    again = backend_of(tmp_path)
    assert await found(again) == ["I keep bees in Bruges."]
    await again.aclose()


async def _by_reme(workspace: Path) -> None:
    """Let an application of ReMe's own write notes, and index them with the day's page."""
    import_reme()
    settings = settings_of(
        workspace, timezone="UTC", embeds=False, extracts=True, background=Background()
    )
    settings["jobs"]["daily_write"]["steps"] = [{"backend": "daily_write_step"}]  # as it is ReMe's
    app = application(settings)
    app.context.components["as_llm"]["default"].model = object()
    await app.start()
    written = await app.run_job(
        "daily_write",
        name="otters",
        description="What is known of otters.",
        session_id="s1",
        content="The otter lives in the canal.",
        date="2026-03-01",
    )
    assert written.success
    names = (f"{DAY}.md", f"{DAY}/otters.md")
    changes = [{"change": "added", "path": str(workspace / name)} for name in names]
    assert (await app.run_job("index", changes=changes)).success
    store = app.context.components["file_store"]["default"]
    assert {chunk.path for chunk in store.file_chunks.values()} == set(names)
    await app.close()


async def test_a_workspace_of_reme_is_searched_and_its_pages_are_no_memories(
    tmp_path: Path,
) -> None:
    await _by_reme(tmp_path)
    backend = backend_of(tmp_path, apart=False)
    told = await hits(backend, "otter otters notes today", limit=50, user_id=OWNER)
    assert {hit.metadata["path"] for hit in told} == {f"{DAY}/otters.md"}
    assert {hit.origin for hit in told} == {"fact"}
    assert told[0].metadata["description"] == "What is known of otters."
    await backend.aclose()

    options: dict[str, Any] = {"user_id": None, "scope_search_by_agent": False}
    async with middleware_of(tmp_path, **options) as middleware:
        note = await recalled(middleware, "Where does the otter live? What notes are there today?")
    assert "The otter lives in the canal." in note
    assert "note(s) today" not in note
    assert "notes:auto" not in note


async def test_a_note_of_nobodys_agent_is_erased_by_its_id_alone(tmp_path: Path) -> None:
    backend, workspace = await _opened(tmp_path)
    loose = workspace / "daily" / "loose.md"
    loose.write_text("The otter is loose.")
    _write(workspace, "note.md", "The otter is a note.")
    told = await hits(backend, "loose")
    assert told[0].metadata["path"] == "daily/loose.md"
    receipt = await backend.forget([told[0].id], scope=Filter("alice"))
    assert receipt.places == {"notes": 1}
    assert await found(backend, "otter") == ["The otter is a note."]
    pages = [path.name for path in workspace.glob("daily/*.md")]
    assert all(name.startswith("20") for name in pages)
    await backend.aclose()
