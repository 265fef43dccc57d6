from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

pytest.importorskip("mem0")

from mem0 import AsyncMemory

from remanence.backends.mem0 import Mem0Backend
from remanence.backends.mem0.building import plan
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import verbatim_facts
from remanence.testing.models import ScriptedChatModel
from tests.mem0.parts import ALICE, QUICK, backend_of, exchange, found

pytestmark = pytest.mark.agentscope

AMOUNT = 300
AT_ONCE = 32


async def told(backend: Mem0Backend, amount: int) -> list[str]:
    """Retain many exchanges, so many at a time, with searches between; return what was said."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> str:
        async with gate:
            scope = dataclasses.replace(ALICE, session_id=f"session-{number}")
            text = f"fact number{number}"
            assert await backend.retain(exchange(text, f"reply-{number}"), scope=scope, wait=60)
            if number % 10 == 0:
                assert text in await found(backend, text)
            return text

    return list(await asyncio.gather(*(one(number) for number in range(amount))))


async def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    settings = dataclasses.replace(QUICK, concurrency=AT_ONCE)
    backend = backend_of(tmp_path, settings=settings)
    texts = await told(backend, AMOUNT)
    assert backend.faults.counts == {}
    await backend.aclose()

    again = backend_of(tmp_path)
    assert sorted(await found(again, "fact", limit=2 * AMOUNT)) == sorted(texts)
    await again.aclose()


async def test_adds_to_a_client_of_the_users_come_one_at_a_time(tmp_path: Path) -> None:
    settings = plan(
        chat_model=None, embedding_model=None, config=None, folder=tmp_path / "mine"
    ).config
    settings = plan(
        chat_model=ScriptedChatModel(),
        embedding_model=ScriptedEmbeddingModel(),
        config=settings,
        folder=tmp_path / "mine",
    ).config
    client = AsyncMemory(settings)
    busy: list[int] = []

    async def add(self: AsyncMemory, messages: object, **_: object) -> object:
        busy.append(1)
        assert len(busy) == 1
        await asyncio.sleep(0.001)
        busy.pop()
        return {"results": []}

    class Watched(AsyncMemory):
        pass

    Watched.add = add  # pyright: ignore[reportAttributeAccessIssue] - watched, not called
    client.__class__ = Watched
    backends = [
        Mem0Backend(
            client=client,
            data_dir=tmp_path / name,
            settings=dataclasses.replace(QUICK, concurrency=AT_ONCE),
        )
        for name in ("one", "two")
    ]
    await asyncio.gather(*(told_only(backend, 40) for backend in backends))
    for backend in backends:
        assert backend.faults.counts == {}
        await backend.aclose()
    client.close()
    client.vector_store.client.close()


async def told_only(backend: Mem0Backend, amount: int) -> None:
    scopes = [dataclasses.replace(ALICE, session_id=f"session-{n}") for n in range(amount)]
    kept = await asyncio.gather(
        *(backend.retain(exchange(), scope=scope, wait=30) for scope in scopes)
    )
    assert all(kept)


async def test_slow_models_do_not_hold_searches_up(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def slowly(messages: object) -> str:
        asked.set()
        await asyncio.sleep(1.0)
        return verbatim_facts(messages)  # pyright: ignore[reportArgumentType] - they are messages

    backend = backend_of(tmp_path, slowly)
    await backend.retain(exchange(), scope=ALICE, wait=0)
    await asked.wait()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(10):
        assert await found(backend) == []
    assert loop.time() - began < 0.9
    assert await backend.settle(10)
    assert await found(backend) == ["I keep bees in Ghent."]
    await backend.aclose()
