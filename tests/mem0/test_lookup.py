"""Whether a delivery that may have arrived is there, asked of the real mem0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mem0")

from mem0 import AsyncMemory

from remanence import Scope
from remanence.backends import Delivery
from remanence.backends.mem0 import Mem0Backend, Mem0Service
from remanence.backends.mem0.access import BuiltClient
from remanence.backends.mem0.building import plan
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import facts_answer, verbatim_facts
from remanence.testing.models import ScriptedChatModel
from tests.mem0.clients import made_client
from tests.mem0.parts import ALICE, QUICK, exchange, found

pytestmark = pytest.mark.agentscope


def client_of(folder: Path, answers: Any = verbatim_facts) -> BuiltClient:
    chat, embedding = ScriptedChatModel(answers), ScriptedEmbeddingModel(512)
    made = plan(chat_model=chat, embedding_model=embedding, config=None, folder=folder)
    return BuiltClient(made, chat, embedding)


async def test_a_delivery_is_found_by_its_key_where_it_belongs(tmp_path: Path) -> None:
    access = client_of(tmp_path, [verbatim_facts, facts_answer()])
    service = Mem0Service(access)
    assert not await service.has("reply", scope=ALICE)
    await service.deliver(Delivery("reply", ALICE, exchange=exchange()))
    await service.deliver(Delivery("stated", ALICE, statements=("Nora keeps an owl.",)))
    for key in ("reply", "stated"):
        assert await service.has(key, scope=ALICE)
        assert not await service.has(key, scope=Scope("bob", ALICE.agent_id))
        assert not await service.has(key, scope=Scope("alice", "another"))
    for other in ("repl", "reply#1", "*", ""):
        assert not await service.has(other, scope=ALICE)
    await access.aclose()


class Losing(AsyncMemory):
    """Does what it is asked, and then fails to say so, once."""

    failures = 1

    async def add(self, messages: Any, **options: Any) -> Any:
        added = await super().add(messages, **options)
        if self.failures:
            self.failures -= 1
            raise TimeoutError
        return added


@pytest.mark.parametrize("what", ["an exchange", "statements"])
async def test_what_is_there_already_is_not_added_again(tmp_path: Path, what: str) -> None:
    client = made_client(tmp_path / "mine")
    client.__class__ = Losing  # pyright: ignore[reportAttributeAccessIssue] - both are mem0's client
    backend = Mem0Backend(client=client, data_dir=tmp_path / "data", settings=QUICK)
    if what == "an exchange":
        await backend.retain(exchange(), scope=ALICE, wait=0)
    else:
        await backend.remember(["I keep bees in Ghent."], scope=ALICE, wait=0)
    assert await backend.settle(10)
    assert await found(backend) == ["I keep bees in Ghent."]
    kept = await client.get_all(filters={"user_id": "alice"}, top_k=10)
    assert len(kept["results"]) == 1
    assert backend.faults.counts["deliver"] == 1
    said = client.db.connection.execute("SELECT count(*) FROM messages").fetchone()
    assert said == (1,)
    await backend.aclose()
    client.close()
    client.vector_store.client.close()
