"""What is started, by whom, and what is left behind."""

from __future__ import annotations

import asyncio
import importlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

pytest.importorskip("reme")

from remanence.backends.reme import ReMeBackend
from remanence.errors import MemoryClosedError
from tests.middleware.agents import until
from tests.reme.noting import Noting
from tests.reme.parts import ALICE, backend_of, exchange, found, middleware_of, ours, recalled, told

pytestmark = pytest.mark.agentscope

Run = Callable[..., CompletedProcess[str]]

LEAVE = """
import asyncio, pathlib, sys
from tests.reme.parts import ALICE, backend_of, exchange, found, middleware_of, told
async def main():
    middleware = middleware_of(pathlib.Path(sys.argv[1]))
    await told(middleware)
    waiting = middleware_of(pathlib.Path(sys.argv[1]), await_write=False)
    await told(waiting, "Nora keeps bees.")
    return middleware, waiting
kept = asyncio.run(main())
"""

HOST = """
import asyncio, pathlib, sys
try:
    from loguru import logger
except ImportError:
    logger = None
else:
    logger.remove()
    logger.add(lambda line: print("host:", line, end=""), format="{message}")
    before = set(logger._core.handlers)
from tests.reme.noting import Noting
from tests.reme.parts import middleware_of, recalled, told
async def main():
    for name, options in (("words", {}), ("model", {"chat_model": Noting().model()})):
        async with middleware_of(pathlib.Path(sys.argv[1]) / name, **options) as middleware:
            await told(middleware)
            assert await recalled(middleware)
asyncio.run(main())
if logger is not None:
    assert set(logger._core.handlers) == before
    logger.info("still here")
"""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The applications of ReMe that were started."""
    application: Any = importlib.import_module("reme").Application
    started: list[Any] = []
    real = application.start

    async def start(self: Any) -> Any:
        started.append(self)
        return await real(self)

    monkeypatch.setattr(application, "start", start)
    return started


async def test_many_first_uses_start_one_application(tmp_path: Path, started: list[Any]) -> None:
    backends = [backend_of(tmp_path) for _ in range(4)]
    kept = [
        backends[number % 4].retain(
            exchange(f"bees number{number}", str(number)), scope=ALICE, wait=20
        )
        for number in range(20)
    ]
    searches = [found(backends[number % 4]) for number in range(20)]
    await asyncio.gather(*kept, *searches)
    assert len(started) == 1
    assert len(await found(backends[0], "bees", limit=50)) == 20
    for backend in backends:
        await backend.aclose()
    assert len(started) == 1


def test_closing_ends_threads_and_tasks(tmp_path: Path) -> None:
    before = threading.enumerate()

    async def main() -> None:
        tasks = asyncio.all_tasks()
        backend = backend_of(tmp_path)
        assert await backend.retain(exchange(), scope=ALICE, wait=10)
        assert await found(backend)
        assert ours() != []
        await backend.aclose()
        await backend.aclose()
        assert ours() == []
        assert asyncio.all_tasks() == tasks
        with pytest.raises(MemoryClosedError):
            await found(backend)

    asyncio.run(main())
    left = [thread for thread in threading.enumerate() if thread not in before]
    assert [thread.name for thread in left if not thread.name.startswith("asyncio")] == []


async def test_closing_one_leaves_the_other_at_work(tmp_path: Path) -> None:
    one, two = backend_of(tmp_path), backend_of(tmp_path)
    assert await one.retain(exchange(), scope=ALICE, wait=10)
    assert await found(two) == ["I keep bees in Ghent."]
    await one.aclose()
    assert await two.retain(exchange("I keep an owl.", "two"), scope=ALICE, wait=10)
    assert await found(two, "owl") == ["I keep an owl."]
    assert ours() != []
    await two.aclose()
    assert ours() == []


def _jobs(application: Any) -> dict[str, str]:
    return {name: type(job).__name__ for name, job in application.context.jobs.items()}


async def test_nothing_runs_by_itself_unless_it_is_asked_to(
    tmp_path: Path, started: list[Any]
) -> None:
    backend = backend_of(tmp_path, chat_model=Noting().model())
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    (application,) = started
    assert set(_jobs(application).values()) == {"BaseJob"}
    await backend.aclose()


async def test_a_watcher_is_there_if_it_is_asked_for(
    tmp_path: Path, started: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    backend = backend_of(tmp_path, watch=True)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    assert _jobs(started[0])["watch"] == "BackgroundJob"
    note = tmp_path / "users" / "alice" / "daily" / "2026-03-01" / "by-hand.md"
    note.parent.mkdir(exist_ok=True)
    note.write_text("An otter lives here.\n")
    store = started[0].context.components["file_store"]["default"]

    async def is_watched() -> bool:
        return any("otter" in chunk.text for chunk in [*store.file_chunks.values()])

    await until(is_watched)  # without a search
    assert await found(backend, "otter") == ["An otter lives here."]
    await backend.aclose()
    assert ours() == []
    assert caplog.records == []


async def test_a_dream_is_there_if_it_is_asked_for(tmp_path: Path, started: list[Any]) -> None:
    backend = backend_of(tmp_path, dream="0 23 * * *", chat_model=Noting().model())
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    jobs = _jobs(started[0])
    assert jobs["dream"] == "CronJob"
    assert set(jobs.values()) == {"BaseJob", "CronJob"}
    began = time.monotonic()
    await backend.aclose()
    assert time.monotonic() - began < 5
    assert ours() == []


@pytest.mark.parametrize("extracts", [False, True])
def test_event_loops_may_come_one_after_the_other(tmp_path: Path, extracts: bool) -> None:
    options = {"chat_model": Noting().model()} if extracts else {}
    middleware = middleware_of(tmp_path, **options)

    async def first() -> None:
        await told(middleware)

    async def second() -> None:
        assert "Nora" in await recalled(middleware)
        await told(middleware, "Otto lives in Ghent.")
        await middleware.aclose()

    asyncio.run(first())
    asyncio.run(second())
    assert ours() == []


def test_a_process_ends_without_being_closed_and_loses_nothing(
    tmp_path: Path, run_python: Run
) -> None:
    began = time.monotonic()
    ended = run_python("-c", LEAVE, tmp_path, seconds=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert time.monotonic() - began < 12  # most of it is the imports

    async def again() -> None:
        async with middleware_of(tmp_path) as middleware:
            assert await middleware.settle(10)
            assert "lives in Ghent" in await recalled(middleware)
            assert "keeps bees" in await recalled(middleware, "Who keeps bees?")

    asyncio.run(again())


def test_nothing_is_printed_and_the_log_of_the_host_stays_its_own(
    tmp_path: Path, run_python: Run
) -> None:
    ended = run_python("-c", HOST, tmp_path, seconds=30)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout in ("", "host: still here\n")
    assert ended.stderr == ""


async def test_many_workspaces_are_used_and_few_stay_open(
    tmp_path: Path, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remanence.backends.reme.shelf._MOST", 2)
    backend = backend_of(tmp_path)
    users = [f"user{number}" for number in range(5)]
    for user in users:
        await _keep(backend, user)
    assert sum(application.is_started for application in started) <= 3
    await asyncio.gather(*(_keep(backend, user) for user in users * 3))
    for user in users:
        assert await found(backend, "bees", user_id=user, limit=50) == [f"bees of {user}"]
    await backend.aclose()


async def _keep(backend: ReMeBackend, user: str) -> None:
    scope = type(ALICE)(user, "clerk", "monday")
    await backend.retain(exchange(f"bees of {user}"), scope=scope, wait=20)
    assert await found(backend, "bees", user_id=user) == [f"bees of {user}"]
