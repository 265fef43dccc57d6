from __future__ import annotations

import asyncio
import gc
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("mem0")

from mem0 import AsyncMemory
from mem0.configs.base import MemoryConfig

from remanence import InputError
from remanence.backends.mem0 import library as shelves
from remanence.backends.mem0.building import Plan
from remanence.errors import BackendUnavailableError
from tests.mem0.parts import ALICE, backend_of, exchange, found, ours

pytestmark = pytest.mark.agentscope

HOLD = """
import asyncio, pathlib, sys
from tests.mem0.parts import ALICE, backend_of, exchange, found
async def main():
    backend = backend_of(pathlib.Path(sys.argv[1]))
    await found(backend)
    print("open", flush=True)
    sys.stdin.readline()
    await backend.aclose()
asyncio.run(main())
"""


async def test_backends_of_one_store_share_a_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Plan] = []
    build = shelves._built  # pyright: ignore[reportPrivateUsage] - to count

    def counting(plan: Plan) -> AsyncMemory:
        built.append(plan)
        return build(plan)

    monkeypatch.setattr(shelves, "_built", counting)
    backends = [backend_of(tmp_path) for _ in range(4)]
    await asyncio.gather(*(found(backend) for backend in backends))
    assert len(built) == 1

    texts = [f"bees number{number}" for number in range(4)]
    kept = [
        each.retain(exchange(text, text), scope=ALICE, wait=10)
        for each, text in zip(backends, texts, strict=True)
    ]
    assert all(await asyncio.gather(*kept))
    for backend in backends:
        assert sorted(await found(backend, "bees")) == texts
        await backend.aclose()
    assert len(built) == 1
    assert ours() == []


async def test_each_backend_searches_with_its_own_model(tmp_path: Path) -> None:
    one, two = backend_of(tmp_path), backend_of(tmp_path)
    assert await one.retain(exchange(), scope=ALICE, wait=10)
    await one.aclose()
    assert await found(two) == ["I keep bees in Ghent."]
    assert await two.retain(exchange("I have an owl.", "two"), scope=ALICE, wait=10)
    assert await found(two, "owl") == ["I have an owl."]
    await two.aclose()


async def test_one_store_has_one_configuration(tmp_path: Path) -> None:
    first = backend_of(tmp_path)
    with pytest.raises(InputError, match="differs from that with which this process uses"):
        backend_of(tmp_path, mem0_config=MemoryConfig(custom_instructions="Be brief."))
    await first.aclose()


# Qdrant leaves the file of the lock that it could not have to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_store_that_another_process_has_is_waited_for(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start_python("-c", HOLD, str(tmp_path))
    try:
        assert process.stdout is not None
        line = await asyncio.to_thread(process.stdout.readline)
        assert line == "open\n"

        # Another file, so that it is this process that delivers.
        given = MemoryConfig(vector_store={"config": {"path": str(tmp_path / "qdrant")}})  # pyright: ignore[reportArgumentType] - as mem0 takes it
        backend = backend_of(tmp_path / "here", mem0_config=given)
        with pytest.raises(BackendUnavailableError, match="in use by another process"):
            await found(backend)
        assert not await backend.retain(exchange(), scope=ALICE, wait=10)
        assert backend.faults.counts["deliver"] >= 1
        assert backend.faults.counts["park"] == 0

        await asyncio.to_thread(process.communicate, "\n")
        assert await backend.settle(20)
        assert await found(backend) == ["I keep bees in Ghent."]
        await backend.aclose()
    finally:
        process.kill()
        process.communicate()
        gc.collect()


@pytest.mark.parametrize("part", ["qdrant", "history.db"])
async def test_what_can_not_be_opened_is_opened_when_it_can_be(tmp_path: Path, part: str) -> None:
    obstacle = tmp_path / part
    if part == "qdrant":
        obstacle.write_text("in the way")
    else:
        obstacle.mkdir()
    backend = backend_of(tmp_path)
    assert not await backend.retain(exchange(), scope=ALICE, wait=10)
    assert backend.faults.counts["deliver"] >= 1
    obstacle.rename(tmp_path / "aside")
    assert await backend.settle(20)
    assert await found(backend) == ["I keep bees in Ghent."]
    await backend.aclose()


async def test_a_client_that_is_being_built_when_its_last_user_leaves_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = shelves._built  # pyright: ignore[reportPrivateUsage] - to take its time
    building = threading.Event()
    built: list[AsyncMemory] = []  # so that no garbage collector closes it

    def slowly(plan: Plan) -> AsyncMemory:
        building.set()
        while not built and "remanence-mem0-close" not in {t.name for t in threading.enumerate()}:
            time.sleep(0.05)
        built.append(build(plan))
        return built[-1]

    monkeypatch.setattr(shelves, "_built", slowly)
    first = backend_of(tmp_path)
    assert not await first.retain(exchange(), scope=ALICE, wait=0.01)
    assert await asyncio.to_thread(building.wait, 20)
    await first.aclose()

    second = backend_of(tmp_path)
    assert await second.settle(20)
    assert await found(second) == ["I keep bees in Ghent."]
    assert second.faults.counts["deliver"] == 0
    await second.aclose()
    assert len(built) == 2
