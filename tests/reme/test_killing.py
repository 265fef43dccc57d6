"""Processes that are killed in the middle of what they do."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("reme")

from remanence.outbox.settings import OutboxSettings
from tests.reme.parts import backend_of, found, middleware_of
from tests.reme.workspaces import files_with, notes_of

pytestmark = pytest.mark.agentscope

Start = Callable[..., subprocess.Popen[str]]

SOON = OutboxSettings(first_delay=0.02, longest_delay=0.1, poll_seconds=0.1, lease_seconds=1.0)
"""What a process had begun that is gone is taken over after a second."""

STREAM = """
import asyncio, pathlib, sys
from tests.middleware.agents import agent_of, says, script
from tests.reme.noting import Noting
from tests.reme.parts import middleware_of
from tests.reme.test_killing import SOON
async def main():
    middleware = middleware_of(
        pathlib.Path(sys.argv[1]),
        outbox=SOON,
        await_write=False,
        scope_search_by_agent=False,
    )
    agent = await agent_of(script(*("Noted." for _ in range(10_000))), middleware)
    for number in range(10_000):
        await agent.reply(says(f"My owl has number{number}."))
        print(number, flush=True)
asyncio.run(main())
"""


def _said_until_killed(process: subprocess.Popen[str], most: int) -> list[int]:
    assert process.stdout is not None
    said = [int(process.stdout.readline()) for _ in range(most)]
    process.kill()
    rest, errors = process.communicate()
    assert errors == ""
    return said + [int(line) for line in rest.split("\n") if line]


async def test_every_exchange_that_was_acknowledged_is_there_once(
    tmp_path: Path, start_python: Start
) -> None:
    process = start_python("-c", STREAM, tmp_path)
    said = await asyncio.to_thread(_said_until_killed, process, 25)
    assert len(said) >= 25

    async with middleware_of(tmp_path, outbox=SOON) as middleware:
        assert await middleware.settle(20)
    notes = notes_of(tmp_path / "users" / "alice", "message")
    texts = Counter(note.text for note in notes if note.role == "user")
    assert set(texts.values()) == {1}
    for number in said:
        assert texts[f"My owl has number{number}."] == 1
    assert len(texts) <= len(said) + 1  # the one that it was at

    backend = backend_of(tmp_path)
    assert len(await found(backend, "owl number", limit=500)) == len(texts)
    await backend.aclose()


FORGET = """
import asyncio, os, pathlib, signal, sys
from remanence.backends.reme import erasing
from tests.reme.parts import backend_of, ALICE, exchange
from tests.reme.test_killing import SOON
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
real, times = erasing.overwrite, 0
def overwrite(path):
    global times
    times += "-alice-" in path.name
    return die() if times == 3 else real(path)
async def main():
    folder, where = pathlib.Path(sys.argv[1]), sys.argv[2]
    for _ in range(2):  # so that there is a page of the day with all of them
        backend = backend_of(folder, settings=SOON)
        for number in range(8):
            said = exchange(f"My owl has number{number} on its wing.", str(number))
            await backend.retain(said, scope=ALICE, wait=10)
        await backend.aclose()
    backend = backend_of(folder, settings=SOON)
    if where == "notes":
        erasing.overwrite = overwrite
    else:
        erasing.strike_gone = die
    await (backend.forget_user("alice") if sys.argv[3] == "user" else backend.forget(scope=ALICE))
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("where", "what", "left"),
    [("notes", "user", 6), ("notes", "session", 6), ("pages", "session", 0)],
)
async def test_erasing_that_was_cut_off_is_done_before_anything_is_recalled(
    tmp_path: Path, start_python: Start, where: str, what: str, left: int
) -> None:
    process = start_python("-c", FORGET, tmp_path, where, what)
    _, errors = await asyncio.to_thread(process.communicate)
    assert process.returncode == -9, errors
    assert len(notes_of(tmp_path / "users" / "alice")) == left
    assert any(name.startswith("users/alice/daily") for name in files_with(tmp_path, "its wing"))

    backend = backend_of(tmp_path, settings=SOON)
    async with asyncio.timeout(20):
        assert await found(backend, "owl number", limit=50) == []
    assert files_with(tmp_path, "its wing") == []
    await backend.aclose()
    assert files_with(tmp_path, "its wing") == []
