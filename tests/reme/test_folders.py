"""The folder itself: moved, in the wrong place, used in the other way, or with a broken index."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

pytest.importorskip("reme")

from remanence import InputError
from remanence.errors import BackendUnavailableError
from remanence.testing.models import ScriptedChatModel
from tests.reme.parts import ALICE, QUICK, backend_of, exchange, found, hits, middleware_of
from tests.reme.workspaces import files_with

pytestmark = pytest.mark.agentscope


async def test_what_waits_is_delivered_where_the_folder_was_moved_to(tmp_path: Path) -> None:
    away = ScriptedChatModel(lambda _: ConnectionError("the model is away"))
    backend = backend_of(tmp_path / "here", chat_model=away)
    assert not await backend.retain(exchange(), scope=ALICE, wait=0.5)
    await backend.aclose()

    (tmp_path / "here").rename(tmp_path / "there")
    moved = backend_of(tmp_path / "there")
    assert moved.identity == backend.identity
    assert await moved.settle(20)
    assert await found(moved) == ["I keep bees in Ghent."]
    await moved.aclose()
    assert backend_of(tmp_path / "here").identity != moved.identity


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_can_not_be_is_refused_at_construction(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("I am no folder.")
    with pytest.raises(InputError, match="workspace_dir"):
        backend_of(tmp_path / place)


async def test_a_broken_index_is_made_anew(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    await backend.aclose()
    saved = [path for path in (tmp_path / "users/alice/metadata").rglob("*") if path.is_file()]
    assert len(saved) > 2
    for path in saved:
        path.write_bytes(b"garbage" * 10)

    again = backend_of(tmp_path)
    assert await found(again) == ["I keep bees in Ghent."]
    assert again.faults.counts == {"index": 1}
    await again.aclose()


async def test_pages_list_notes_for_people(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    (page,) = (tmp_path / "users/alice/daily").glob("*.md")
    text = page.read_text("utf-8")
    assert "Alice: I keep bees in Ghent." in text
    assert "remanence" not in text
    await backend.aclose()


async def test_notes_that_name_no_agent_are_found_by_all(tmp_path: Path) -> None:
    note = tmp_path / "users/alice/daily/2026-03-01/by-hand.md"
    note.parent.mkdir(parents=True)
    note.write_text("Alice keeps herons.\n")
    backend = backend_of(tmp_path)
    assert await backend.retain(exchange("I keep owls."), scope=ALICE, wait=10)
    async with middleware_of(tmp_path, agent_id="helper", outbox=QUICK) as middleware:
        search = {tool.name: tool for tool in await middleware.list_tools()}["search_memory"]
        told = str(await search(keywords=["keep", "herons", "keeps"]))
        assert "herons" in told
        assert "owls" not in told  # which were told the clerk
    await backend.aclose()


async def test_a_note_is_forgotten_by_one_of_its_parts_only_if_it_has_that(tmp_path: Path) -> None:
    note = tmp_path / "users/alice/daily/2026-03-01/by-hand.md"
    note.parent.mkdir(parents=True)
    note.write_text("Alice keeps herons.\n")
    backend = backend_of(tmp_path)
    (hit,) = await hits(backend, "herons")

    nothing = await backend.forget([f"{hit.metadata['path']}:99-100"], scope=ALICE)
    assert (nothing.ids, note.exists()) == ((), True)
    receipt = await backend.forget([hit.id], scope=ALICE)
    assert receipt.ids == ()  # it is of no session, and the scope names one
    async with middleware_of(tmp_path, extra_tools=("forget_memory",)) as middleware:
        forget = {tool.name: tool for tool in await middleware.list_tools()}["forget_memory"]
        assert "Forgot 1 memory." in str(await forget(thinking="x", memory_ids=[hit.id]))
    assert not note.exists()
    await backend.aclose()


async def test_a_receipt_tells_messages_from_statements(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    assert await backend.remember(["Nora keeps herons."], scope=ALICE, wait=10)
    receipt = await backend.forget_user("alice")
    assert (receipt.episodes, receipt.facts) == (1, 1)
    await backend.aclose()


@pytest.mark.parametrize(("there", "user_id"), [("daily", "alice"), ("users", None)])
async def test_a_folder_that_is_used_in_the_other_way_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, there: str, user_id: str | None
) -> None:
    (tmp_path / there).mkdir()
    with caplog.at_level(logging.WARNING):
        await middleware_of(tmp_path, user_id=user_id).aclose()
    assert "user_id" in caplog.text
    caplog.clear()
    (tmp_path / ("users" if there == "daily" else "daily")).mkdir()
    with caplog.at_level(logging.WARNING):
        await middleware_of(tmp_path, user_id=user_id).aclose()
    assert caplog.text == ""


async def test_a_folder_that_was_moved_while_it_was_in_use_loses_nothing(tmp_path: Path) -> None:
    backend = backend_of(tmp_path / "here")
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    (tmp_path / "here").rename(tmp_path / "there")
    assert not await backend.retain(exchange("I keep owls.", "second"), scope=ALICE, wait=0.5)
    with pytest.raises(BackendUnavailableError, match="moved or removed"):
        await found(backend)
    await backend.aclose()
    assert not (tmp_path / "here").exists()

    moved = backend_of(tmp_path / "there")
    assert await moved.settle(20)
    assert sorted(await found(moved, "bees owls")) == ["I keep bees in Ghent.", "I keep owls."]
    await moved.aclose()


async def test_what_looks_like_the_end_of_a_list_stays_in_its_line(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    for number, end in enumerate(("<!-- /notes:auto -->", "<!-- notes:auto -->", "-->")):
        said = exchange(f"My PIN {end} is zebra{number}.", f"pin-{number}")
        assert await backend.retain(said, scope=ALICE, wait=10)
        await backend.aclose()  # the page is written anew
        backend = backend_of(tmp_path)
    (page,) = (tmp_path / "users/alice/daily").glob("*.md")
    assert page.read_text("utf-8").count("zebra0") == 1
    found_again = await hits(backend, "PIN")
    assert {hit.text for hit in found_again} >= {"My PIN <!-- /notes:auto --> is zebra0."}
    receipt = await backend.forget([hit.id for hit in found_again], scope=ALICE)
    assert receipt.complete
    assert files_with(tmp_path, "zebra") == []
    await backend.aclose()


async def test_a_page_that_is_not_written_at_once_is_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remanence.backends.reme.workspace._PAGE_SECONDS", 0.3)
    backend = backend_of(tmp_path)
    for number in range(3):
        said = exchange(f"I keep bees, says {number}.", f"reply-{number}")
        assert await backend.retain(said, scope=ALICE, wait=10)
    (page,) = (tmp_path / "users/alice/daily").glob("*.md")
    for _ in range(50):
        if page.read_text("utf-8").count("says") == 3:
            break
        await asyncio.sleep(0.1)
    assert page.read_text("utf-8").count("says") == 3
    await backend.aclose()
