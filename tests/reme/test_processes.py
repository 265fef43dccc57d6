"""Several processes over one folder, without a model and without a network."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("reme")

from tests.reme.parts import ALICE, backend_of, exchange, found, middleware_of, recalled
from tests.reme.talking import Talking
from tests.reme.workspaces import files_with, notes_of

pytestmark = pytest.mark.agentscope

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]

TELL = """
import asyncio, pathlib, sys
from tests.reme.parts import middleware_of, told
async def main():
    middleware = middleware_of(pathlib.Path(sys.argv[1]))
    await told(middleware)
    await middleware.aclose()
asyncio.run(main())
"""

WRITE = """
import asyncio, dataclasses, json, pathlib, sys
from tests.reme.parts import ALICE, backend_of, exchange
async def main():
    name = sys.argv[2]
    backend = backend_of(pathlib.Path(sys.argv[1]))
    kept = await asyncio.gather(*(
        backend.retain(
            exchange(f"{name} has owl number{number}", f"{name}-{number}"),
            scope=dataclasses.replace(ALICE, session_id=f"{name}-{number % 4}"),
            wait=60,
        )
        for number in range(40)
    ))
    print(json.dumps({"kept": sum(kept), "faults": backend.faults.counts}))
    await backend.aclose()
asyncio.run(main())
"""

FORK = """
import asyncio, json, os, pathlib, sys
from tests.reme.parts import ALICE, backend_of, exchange, found

backend = backend_of(pathlib.Path(sys.argv[1]))

async def keep(text, session):
    assert await backend.retain(exchange(text, session), scope=ALICE, wait=30)

async def leave(*questions):
    answers = [await found(backend, question) for question in questions]
    await backend.aclose()
    return {"found": answers, "faults": backend.faults.counts}

asyncio.run(keep("I keep bees in Ghent.", "one"))
child = os.fork()
if not child:
    try:
        asyncio.run(keep("I have an owl.", "two"))
        print(json.dumps(asyncio.run(leave("owl", "bees"))), flush=True)
    finally:
        os._exit(0)
os.waitpid(child, 0)
print(json.dumps(asyncio.run(leave("owl", "bees"))))
"""


async def test_what_is_said_in_one_process_is_recalled_in_the_next(
    tmp_path: Path, run_python: Run
) -> None:
    ended = await asyncio.to_thread(run_python, "-c", TELL, tmp_path)
    assert ended.returncode == 0, ended.stderr
    async with middleware_of(tmp_path) as middleware:
        assert "Nora lives in Ghent" in await recalled(middleware)


async def test_processes_that_run_at_the_same_time_find_what_the_other_writes(
    tmp_path: Path,
) -> None:
    backend = backend_of(tmp_path)
    with Talking(tmp_path) as other:
        for number in range(3):
            await other.tell(f"bees number{number}")
            assert f"bees number{number}" in await found(backend, f"number{number}")
            assert await backend.retain(
                exchange(f"owls number{number}", f"owls-{number}"), scope=ALICE, wait=10
            )
            assert f"owls number{number}" in await other.found(f"owls number{number}")
    await backend.aclose()


@pytest.mark.parametrize("whole", [True, False])
async def test_what_one_process_erased_the_other_does_not_write_again(
    tmp_path: Path, whole: bool
) -> None:
    with Talking(tmp_path) as other:
        await other.tell("Bees sleep in pyjamas tonight.")
        assert await other.found("bees") != ""
        backend = backend_of(tmp_path)
        receipt = await (backend.forget_user("alice") if whole else backend.forget(scope=ALICE))
        assert all(check.passed for check in receipt.checks)
        await backend.aclose()
        await other.close()
        assert other.process.returncode == 0
    assert files_with(tmp_path, "pyjamas") == []


async def test_nothing_is_lost_where_two_processes_write_at_once(
    tmp_path: Path, start_python: Start
) -> None:
    processes = [start_python("-c", WRITE, tmp_path, name) for name in ("one", "two")]
    ended = [await asyncio.to_thread(process.communicate, timeout=60) for process in processes]
    for output, errors in ended:
        assert json.loads(output) == {"kept": 40, "faults": {}}, errors
    texts = [note.text for note in notes_of(tmp_path / "users" / "alice")]
    expected = [f"{name} has owl number{number}" for name in ("one", "two") for number in range(40)]
    assert sorted(texts) == sorted(expected)

    backend = backend_of(tmp_path)
    assert sorted(await found(backend, "owl", limit=200)) == sorted(expected)
    await backend.aclose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a fork of the process")
async def test_a_forked_process_has_workspaces_of_its_own(tmp_path: Path, run_python: Run) -> None:
    ended = await asyncio.to_thread(run_python, "-c", FORK, tmp_path)
    assert ended.returncode == 0, ended.stderr
    for told in map(json.loads, ended.stdout.splitlines()):
        assert told["found"] == [["I have an owl."], ["I keep bees in Ghent."]]
        assert told["faults"] == {}
    assert len(ended.stdout.splitlines()) == 2
