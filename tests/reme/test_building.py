"""What is refused at construction, and whose folders are whose."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("reme")

from remanence.errors import InputError, MissingExtraError
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.models import ScriptedChatModel
from remanence.types import Scope
from tests.reme.parts import ALICE, backend_of, exchange, found, middleware_of

pytestmark = pytest.mark.agentscope

INSTALL = 'pip install "remanence[reme]"'

USERS = (
    "alice",
    "Alice",
    "ALICE",
    "a/../b",
    "..",
    "a.b",
    "con",
    "CON",
    "李雷",
    "x" * 256,
    "%61lice",
)


def _version(monkeypatch: pytest.MonkeyPatch, told: Callable[[str], str]) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        return told(name) if name == "reme-ai" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)


@pytest.mark.parametrize("version", ["0.3.1", "0.4.1.7", "0.4.3", "0.4.3.1", "1.0"])
def test_a_release_that_does_not_work_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    _version(monkeypatch, lambda _: version)
    with pytest.raises(MissingExtraError) as caught:
        middleware_of(tmp_path)
    assert INSTALL in str(caught.value)
    assert f"reme-ai {version} is installed" in str(caught.value)


@pytest.mark.parametrize("version", ["0.4.1.8", "0.4.1.13", "0.4.2", "0.4.2.0", "0.4.2.9"])
def test_a_release_that_works_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    _version(monkeypatch, lambda _: version)
    middleware_of(tmp_path)


def test_without_reme_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    _version(monkeypatch, missing)
    with pytest.raises(MissingExtraError) as caught:
        middleware_of(tmp_path)
    assert INSTALL in str(caught.value)


def test_a_reme_that_can_not_be_imported_is_told_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "reme", None)
    with pytest.raises(MissingExtraError) as caught:
        middleware_of(tmp_path)
    assert INSTALL in str(caught.value)
    assert "can't be imported here" in str(caught.value)


def test_a_reme_that_lacks_a_step_is_refused_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry: Any = importlib.import_module("reme.components").R
    real = registry.get

    def lacking(kind: Any, name: str) -> Any:
        return None if name == "auto_memory_step" else real(kind, name)

    monkeypatch.setattr(registry, "get", lacking)
    with pytest.raises(MissingExtraError) as caught:
        middleware_of(tmp_path)
    assert INSTALL in str(caught.value)
    assert "lacks auto_memory_step" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("workspace_dir", {"workspace_dir": 5}, "give a str or a Path"),
        ("settings", {"settings": {}}, "give an OutboxSettings"),
        ("apart", {"apart": "yes"}, "give"),
        ("watch", {"watch": 1}, "give"),
        ("timezone", {"timezone": "Mars/Base"}, "Europe/Brussels"),
        ("timezone", {"timezone": "../etc/passwd"}, "Europe/Brussels"),
        ("timezone", {"timezone": None}, "is NoneType"),
        ("timezone", {"timezone": ""}, "Europe/Brussels"),
        ("chat_model", {"chat_model": ScriptedEmbeddingModel()}, "give a ChatModelBase"),
        ("chat_model", {"chat_model": "gpt"}, "give a ChatModelBase"),
        ("embedding_model", {"embedding_model": ScriptedChatModel()}, "give a EmbeddingModelBase"),
        ("dream", {"dream": "0 23 * * *"}, "give chat_model as well"),
        ("dream", {"dream": "at night"}, "as '0 23 * * *'"),
        ("dream", {"dream": "61 * * * *", "chat_model": ScriptedChatModel()}, "as cron does"),
        ("dream", {"dream": 5, "chat_model": ScriptedChatModel()}, "give"),
    ],
)
def test_what_is_not_acceptable_is_named_with_a_fix(
    tmp_path: Path, field: str, given: dict[str, Any], said: str
) -> None:
    options = {"workspace_dir": tmp_path, **given}
    with pytest.raises(InputError) as caught:
        backend_of(options.pop("workspace_dir"), **options)
    assert caught.value.field == field
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tools", ["memory_search", ("memory_serch",), 5])
def test_tools_that_there_are_not_are_refused(tmp_path: Path, tools: Any) -> None:
    with pytest.raises(InputError) as caught:
        middleware_of(tmp_path, extra_tools=tools)
    assert caught.value.field == "extra_tools"
    assert "memory_search" in str(caught.value)


@pytest.mark.parametrize("user_id", ["", " alice", "*", "a\nb", "x" * 257, "\ud800"])
async def test_ids_that_can_not_be_users_are_refused(tmp_path: Path, user_id: str) -> None:
    with pytest.raises(InputError) as caught:
        middleware_of(tmp_path, user_id=user_id)
    assert caught.value.field == "user_id"


async def test_users_have_folders_of_their_own_and_find_nothing_of_others(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    for number, user in enumerate(USERS):
        scope = Scope(user, "clerk", "monday")
        assert await backend.retain(exchange(f"bees number{number}"), scope=scope, wait=10)
    folders = _folders(tmp_path / "users")
    assert len({folder.name.casefold() for folder in folders}) == len(USERS)
    assert _folders(tmp_path) == [tmp_path / "users"]
    for number, user in enumerate(USERS):
        assert await found(backend, "bees", user_id=user) == [f"bees number{number}"]
    assert await found(backend, "bees", user_id="nobody") == []
    assert _folders(tmp_path / "users") == folders
    await backend.aclose()


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


async def test_a_folder_has_one_configuration_in_a_process(tmp_path: Path) -> None:
    first = backend_of(tmp_path)
    assert await found(first) == []
    assert await first.retain(exchange(), scope=ALICE, wait=10)
    for field, given in (
        ("embedding_model", {"embedding_model": ScriptedEmbeddingModel()}),
        ("timezone", {"timezone": "Europe/Brussels"}),
        ("watch", {"watch": True}),
    ):
        with pytest.raises(InputError, match="differs from that with which this process uses") as e:
            backend_of(tmp_path, **given)
        assert e.value.field == field

    second = backend_of(tmp_path)
    await first.aclose()
    assert await found(second) == ["I keep bees in Ghent."]
    await second.aclose()
    third = backend_of(tmp_path, timezone="Europe/Brussels")
    assert await found(third) == ["I keep bees in Ghent."]
    await third.aclose()


async def test_one_workspace_has_one_user(tmp_path: Path) -> None:
    backend = backend_of(tmp_path, apart=False)
    with pytest.raises(InputError, match="all users of one workspace would find the same"):
        backend.check_id("user_id", "alice")
    assert backend.check_id("user_id", "owner") == "owner"
    await backend.aclose()
