from __future__ import annotations

import logging
import stat
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mem0")

from mem0 import AsyncMemory, Memory
from mem0.configs.base import MemoryConfig

from remanence import InputError
from remanence.backends.mem0 import Mem0Backend
from remanence.backends.mem0.building import plan
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import verbatim_facts
from remanence.testing.models import ScriptedChatModel
from tests.mem0.parts import ALICE, backend_of, exchange, found

pytestmark = pytest.mark.agentscope

CHAT = ScriptedChatModel(verbatim_facts)
EMBEDDING = ScriptedEmbeddingModel(64)


def config(**settings: Any) -> MemoryConfig:
    return MemoryConfig(vector_store={"provider": "qdrant", "config": settings})  # pyright: ignore[reportArgumentType] - as mem0 takes it


async def test_models_alone_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    folder = tmp_path / "deep" / "memory"
    backend = backend_of(folder)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    assert await found(backend) == ["I keep bees in Ghent."]
    await backend.aclose()
    names = {path.name for path in folder.iterdir()}
    assert {"qdrant", "history.db", "outbox.db"} <= names
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_models_replace_those_of_a_configuration_and_nothing_else(tmp_path: Path) -> None:
    given = MemoryConfig(
        vector_store={"config": {"path": str(tmp_path / "store"), "collection_name": "bees"}},  # pyright: ignore[reportArgumentType] - as mem0 takes it
        custom_instructions="Be brief.",
        history_db_path=str(tmp_path / "elsewhere" / "told.db"),
    )
    before = repr(given)
    backend = backend_of(tmp_path / "data", mem0_config=given)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    assert await found(backend) == ["I keep bees in Ghent."]
    await backend.aclose()
    assert repr(given) == before
    assert (tmp_path / "elsewhere" / "told.db").exists()
    assert (tmp_path / "store" / "collection" / "bees").exists()
    assert not (tmp_path / "data" / "qdrant").exists()

    embedding = ScriptedEmbeddingModel(512)
    planned = plan(chat_model=CHAT, embedding_model=embedding, config=given, folder=tmp_path).config
    assert planned.custom_instructions == "Be brief."
    assert (planned.llm.provider, planned.embedder.provider) == ("remanence", "remanence")


@pytest.mark.parametrize("given", ["none", "chat", "embedding"])
async def test_a_configuration_may_bring_models_of_its_own(tmp_path: Path, given: str) -> None:
    chat = CHAT if given == "chat" else None
    embedding = EMBEDDING if given == "embedding" else None
    planned = plan(
        chat_model=chat, embedding_model=embedding, config=MemoryConfig(), folder=tmp_path
    ).config
    assert (planned.llm.provider == "remanence") == (given == "chat")
    assert (planned.embedder.provider == "remanence") == (given == "embedding")
    size = 64 if given == "embedding" else 1536
    assert planned.vector_store.config.embedding_model_dims == size
    Mem0Backend(
        chat_model=chat, embedding_model=embedding, mem0_config=MemoryConfig(), data_dir=tmp_path
    )


async def test_the_size_is_that_of_the_embedding_model(tmp_path: Path) -> None:
    for number, given in enumerate((None, MemoryConfig(), config(), config(on_disk=True))):
        planned = plan(
            chat_model=CHAT, embedding_model=EMBEDDING, config=given, folder=tmp_path / str(number)
        )
        settings = planned.config.vector_store.config
        assert settings.embedding_model_dims == 64
        assert settings.path == str(tmp_path / str(number) / "qdrant")


async def test_a_size_that_was_set_has_to_agree(tmp_path: Path) -> None:
    backend_of(tmp_path, mem0_config=config(embedding_model_dims=512))
    with pytest.raises(InputError, match=r"embedding_model_dims.* 100\b.* 512\b"):
        backend_of(tmp_path / "other", mem0_config=config(embedding_model_dims=100))


async def test_a_store_that_is_there_has_to_agree(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    await backend.aclose()
    with pytest.raises(InputError, match=r"\b64\b.*\b512\b"):
        backend_of(tmp_path, embedding_model=EMBEDDING)
    again = backend_of(tmp_path)
    assert await found(again) == ["I keep bees in Ghent."]
    await again.aclose()


@pytest.mark.parametrize(
    "given", [{}, {"chat_model": CHAT}, {"embedding_model": EMBEDDING}], ids=str
)
def test_it_says_what_to_pass(tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="pass a client, or chat_model and embedding_model"):
        Mem0Backend(data_dir=tmp_path, **given)
    assert list(tmp_path.iterdir()) == []


async def test_a_client_takes_precedence_and_stays_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = AsyncMemory(
        plan(
            chat_model=CHAT, embedding_model=EMBEDDING, config=None, folder=tmp_path / "mine"
        ).config
    )
    with caplog.at_level(logging.WARNING):
        backend = Mem0Backend(
            client=client, chat_model=CHAT, mem0_config=MemoryConfig(), data_dir=tmp_path / "data"
        )
    assert "chat_model, mem0_config are ignored" in caplog.text
    assert backend.identity.endswith("mine/qdrant:mem0")
    await backend.aclose()
    assert await client.get_all(filters={"user_id": "alice"}) == {"results": []}
    client.close()
    client.vector_store.client.close()


def test_synchronous_clients_are_refused(tmp_path: Path) -> None:
    for client in (Memory.__new__(Memory), object()):
        with pytest.raises(TypeError, match="not the synchronous Memory"):
            Mem0Backend(client=client, data_dir=tmp_path)


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="data_dir"):
        backend_of(tmp_path / "file" / "data")


def test_the_identity_is_the_place_and_tells_no_secret(tmp_path: Path) -> None:
    named = {"api_key": "secret", "url": "https://me:secret@qdrant.example:6333/"}
    served = plan(
        chat_model=CHAT, embedding_model=EMBEDDING, config=config(**named), folder=tmp_path
    )
    assert served.identity == "mem0:qdrant:qdrant.example:6333:mem0"
    hosted = config(host="db.example", port=6333)
    placed = plan(chat_model=CHAT, embedding_model=EMBEDDING, config=hosted, folder=tmp_path)
    assert placed.identity == "mem0:qdrant:db.example:6333:mem0"
    (tmp_path / "link").symlink_to(tmp_path)
    one = backend_of(tmp_path / "x").identity
    assert backend_of(tmp_path / "link" / "x").identity == one
    assert backend_of(tmp_path / "y").identity != one


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"mem0_config": {}}, "mem0_config"),
        ({"chat_model": "gpt", "embedding_model": ScriptedEmbeddingModel(64)}, "chat_model"),
        (
            {"chat_model": ScriptedEmbeddingModel(64), "embedding_model": ScriptedChatModel()},
            "chat_model",
        ),
        ({"chat_model": ScriptedChatModel(), "embedding_model": 5}, "embedding_model"),
        ({"data_dir": 5}, "data_dir"),
        ({"settings": 5}, "settings"),
    ],
)
def test_what_is_something_else_is_named(tmp_path: Path, given: dict[str, Any], field: str) -> None:
    complete: dict[str, Any] = {"data_dir": tmp_path, **given}
    with pytest.raises(InputError) as caught:
        Mem0Backend(**complete)
    assert caught.value.field == field
