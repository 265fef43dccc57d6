"""Erasing: what goes, what stays, and what the receipt says."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from agentscope.tool import ToolChunk

pytest.importorskip("reme")

from remanence import Filter, Message
from remanence.backends import Exchange
from remanence.backends.reme import OWNER, ReMeBackend
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.types import Receipt, Scope
from tests.reme.noting import Noting
from tests.reme.parts import ALICE, backend_of, exchange, found, hits, middleware_of, told
from tests.reme.workspaces import files_with, notes_of

pytestmark = pytest.mark.agentscope

SECRET = "The zebra is striped in pyjamas tonight."
OTHER = "The zebra number two grazes in the meadow."
TUESDAY = dataclasses.replace(ALICE, session_id="tuesday")
BOB = Scope("bob", "clerk", "monday")

KINDS = ("words", "vectors", "model")


def _opened(folder: Path, kind: str, **options: Any) -> ReMeBackend:
    given: dict[str, Any] = {}
    if kind == "vectors":
        given["embedding_model"] = ScriptedEmbeddingModel(2_048)
    if kind == "model":
        given["chat_model"] = Noting(SECRET).model()
    return backend_of(folder, **given, **options)


async def _filled(folder: Path, kind: str) -> ReMeBackend:
    """Return a backend in which Alice has a session with a secret, another one, and Bob one."""
    backend = _opened(folder, kind)
    for scope, text in ((TUESDAY, OTHER), (BOB, OTHER)):
        assert await backend.remember([text], scope=scope, wait=10)
    assert await backend.retain(exchange(SECRET, "secret"), scope=ALICE, wait=10)
    # What ReMe saves is there only once it was closed.
    await backend.aclose()
    assert len(files_with(folder, "pyjamas")) >= 3
    again = _opened(folder, kind)
    assert await found(again, "zebra pyjamas", limit=1) == [SECRET]
    return again


def _check(receipt: Receipt) -> None:
    assert [check for check in receipt.checks if not check.passed] == []
    assert len(receipt.checks) >= 1
    assert any("file system" in each for each in receipt.out_of_reach)
    assert receipt.bytes_rewritten > 0


def _left(folder: Path) -> list[str]:
    return files_with(folder, "pyjamas")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_memory_goes_by_its_id(tmp_path: Path, kind: str) -> None:
    backend = await _filled(tmp_path, kind)
    (hit,) = await hits(backend, "zebra pyjamas", limit=1)
    assert hit.id is not None
    receipt = await backend.forget([hit.id], scope=Filter("alice"), asked_by="support")
    assert receipt.places["notes"] == 1
    assert receipt.places.get("conversations", 0) == (1 if kind == "model" else 0)
    assert receipt.asked_by == "support"
    _check(receipt)
    assert await found(backend, "zebra") == [OTHER]
    assert await found(backend, "zebra", user_id="bob") == [OTHER]
    assert _left(tmp_path) == []
    await backend.aclose()
    assert _left(tmp_path) == []

    again = _opened(tmp_path, kind)
    assert await found(again, "zebra") == [OTHER]
    await again.aclose()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_session_goes_and_others_stay(tmp_path: Path, kind: str) -> None:
    backend = await _filled(tmp_path, kind)
    assert await backend.retain(exchange("Pyjamas zebra, pyjamas.", "2"), scope=ALICE, wait=10)
    receipt = await backend.forget(scope=ALICE)
    assert receipt.places["notes"] == (1 if kind == "model" else 2)
    _check(receipt)
    assert await found(backend, "zebra") == [OTHER]
    assert await found(backend, "zebra", user_id="bob") == [OTHER]
    assert files_with(tmp_path, "pyjamas", "Pyjamas") == []
    await backend.aclose()
    assert files_with(tmp_path, "pyjamas", "Pyjamas") == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_user_goes_with_the_folder(tmp_path: Path, kind: str) -> None:
    backend = await _filled(tmp_path, kind)
    receipt = await backend.forget_user("alice")
    assert receipt.places["notes"] == 2
    _check(receipt)
    assert [path.name for path in _folders(tmp_path)] == ["bob"]
    assert await found(backend, "zebra") == []
    assert await found(backend, "zebra", user_id="bob") == [OTHER]
    assert _left(tmp_path) == []
    assert await backend.retain(exchange("A new zebra.", "new"), scope=ALICE, wait=10)
    if kind != "model":
        assert await found(backend, "zebra") == ["A new zebra."]
    await backend.aclose()


def _folders(folder: Path) -> list[Path]:
    return sorted((folder / "users").iterdir())


async def test_what_was_skipped_leaves_a_conversation_that_goes_with_its_session(
    tmp_path: Path,
) -> None:
    noting = Noting(before=lambda _: "Skipped.")
    backend = backend_of(tmp_path, chat_model=noting.model())
    assert await backend.retain(exchange(SECRET), scope=ALICE, wait=10)
    assert notes_of(tmp_path / "users" / "alice") == []
    assert "users/alice/session/dialog/clerk.s-monday.jsonl" in _left(tmp_path)
    receipt = await backend.forget(scope=ALICE)
    assert receipt.places["conversations"] == 1
    assert _left(tmp_path) == []
    await backend.aclose()


async def test_what_waits_goes_as_well(tmp_path: Path) -> None:
    noting = Noting(before=lambda _: ConnectionError("away"))
    backend = backend_of(tmp_path, chat_model=noting.model())
    assert not await backend.retain(exchange(SECRET), scope=ALICE, wait=0.3)
    assert "outbox.db" in " ".join(_left(tmp_path))
    receipt = await backend.forget(scope=ALICE)
    assert receipt.places["queue"] == 1
    assert await backend.settle(10)
    assert _left(tmp_path) == []
    await backend.aclose()
    assert _left(tmp_path) == []


async def test_the_page_of_a_day_tells_no_longer_of_what_was_erased(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    assert await backend.retain(exchange(SECRET, "one"), scope=ALICE, wait=10)
    assert await backend.retain(exchange(OTHER, "two"), scope=TUESDAY, wait=10)
    await backend.aclose()
    (page,) = (tmp_path / "users" / "alice").glob("daily/*.md")
    page.write_text(f"{page.read_text()}\nMy own line.\n")

    again = backend_of(tmp_path)
    await again.forget(scope=ALICE)
    told = page.read_text()
    assert "pyjamas" not in told
    assert "meadow" in told
    assert "My own line." in told
    await again.aclose()


async def test_notes_of_people_are_not_taken_for_a_sessions(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    assert await backend.retain(exchange(SECRET), scope=ALICE, wait=10)
    mine = tmp_path / "users" / "alice" / "digest" / "mine.md"
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("My zebra, by hand.")
    assert len(await found(backend, "zebra")) == 2
    receipt = await backend.forget(scope=ALICE)
    assert await found(backend, "zebra") == ["My zebra, by hand."]
    assert any("digest" in each for each in receipt.out_of_reach)
    await backend.aclose()


async def test_one_workspace_loses_what_is_remes_and_nothing_else(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("not ReMe's")
    backend = backend_of(tmp_path, apart=False)
    said = Exchange("r", (Message("user", SECRET, "Alice", id="r-0"),))
    assert await backend.retain(said, scope=Scope(OWNER), wait=10)
    assert await found(backend, "zebra", user_id=OWNER) == [SECRET]
    receipt = await backend.forget_user(OWNER)
    _check(receipt)
    assert await found(backend, "zebra", user_id=OWNER) == []
    assert _left(tmp_path) == []
    assert mine.read_text() == "not ReMe's"
    assert (tmp_path / "outbox.db").stat().st_size > 0
    again = Exchange("again", (Message("user", OTHER, "Alice", id="again-0"),))
    assert await backend.retain(again, scope=Scope(OWNER), wait=10)
    assert await found(backend, "zebra", user_id=OWNER) == [OTHER]
    await backend.aclose()


async def test_an_agent_forgets_by_a_tool(tmp_path: Path) -> None:
    async with middleware_of(tmp_path, extra_tools=("forget_memory",)) as middleware:
        await told(middleware, SECRET)
        tools = {tool.name: tool for tool in await middleware.list_tools()}
        chunk = await tools["search_memory"](keywords=["zebra pyjamas"])
        assert isinstance(chunk, ToolChunk)
        text = "".join(getattr(block, "text", "") for block in chunk.content)
        assert SECRET in text
        backend = backend_of(tmp_path)
        (hit,) = await hits(backend, "pyjamas", limit=1)
        await backend.aclose()
        assert str(hit.id) in text
        await tools["forget_memory"](thinking="Alice asked for it.", memory_ids=[hit.id])
        chunk = await tools["search_memory"](keywords=["pyjamas"])
        assert isinstance(chunk, ToolChunk)
        assert SECRET not in str(chunk.content)
    assert _left(tmp_path) == []
