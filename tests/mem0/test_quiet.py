"""mem0's telemetry, in interpreters of their own: it is decided when mem0 is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mem0")

pytestmark = pytest.mark.agentscope

BEFORE = "import mem0\n"
TOO_LATE = "import mem0, os\nos.environ['MEM0_TELEMETRY'] = 'False'\n"
BUILD = """
import asyncio, json, os, pathlib, socket, sys, threading

looked_up = []
real = socket.getaddrinfo
def looking(host, *arguments, **options):
    looked_up.append(host)
    raise OSError("no network here")
socket.getaddrinfo = looking

from tests.mem0.parts import ALICE, backend_of, exchange, found

async def main():
    for name in ("one", "two"):
        backend = backend_of(pathlib.Path(sys.argv[1]) / name)
        assert await backend.retain(exchange(), scope=ALICE, wait=10), backend.faults.counts
        assert await found(backend) == ["I keep bees in Ghent."]
        await backend.aclose()

asyncio.run(main())
from mem0.memory import telemetry
print(json.dumps({
    "telemetry": str(telemetry.MEM0_TELEMETRY).lower() in ("true", "1", "yes"),
    "looked_up": looked_up,
    "threads": [thread.name for thread in threading.enumerate()],
    "home": sorted(os.listdir(os.environ["HOME"])),
    "set": sorted(name for name in os.environ if name.startswith("MEM0_")),
}))
"""
LOOK = """
import json, mem0
from mem0.memory import telemetry
from remanence.backends.mem0.quiet import import_mem0
import pathlib, sys
import_mem0(pathlib.Path(sys.argv[1]) / "data")
print(json.dumps({"telemetry": str(telemetry.MEM0_TELEMETRY).lower() in ("true", "1", "yes")}))
"""


def run(code: str, folder: Path, **environment: str) -> tuple[dict[str, Any], str]:
    """Run a program in a home of its own; return the JSON that it printed, and its complaints."""
    home = folder / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MEM0_")}
    ended = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env={**kept, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(ended.stdout.splitlines()[-1]), ended.stderr


def test_nothing_is_sent_started_or_written_to_the_home(tmp_path: Path) -> None:
    seen, complaints = run(BUILD, tmp_path)
    assert seen == {
        "telemetry": False,
        "looked_up": [],
        "threads": ["MainThread"],
        "home": [],
        "set": [],
    }
    assert "Exception ignored" not in complaints


@pytest.mark.parametrize("before", [BEFORE, TOO_LATE])
def test_nothing_is_sent_although_mem0_was_imported_before(tmp_path: Path, before: str) -> None:
    seen, _ = run(before + BUILD, tmp_path)
    assert (seen["telemetry"], seen["looked_up"], seen["threads"]) == (False, [], ["MainThread"])


def test_who_turned_telemetry_on_keeps_it(tmp_path: Path) -> None:
    seen, _ = run(LOOK, tmp_path, MEM0_TELEMETRY="True")
    assert seen["telemetry"]


def test_who_turned_telemetry_off_loses_nothing(tmp_path: Path) -> None:
    seen, _ = run(LOOK, tmp_path, MEM0_TELEMETRY="False")
    assert not seen["telemetry"]


def test_importing_the_package_imports_no_mem0(tmp_path: Path) -> None:
    code = "import remanence.backends.mem0, remanence.middleware, json, sys\n"
    seen, _ = run(code + 'print(json.dumps({"mem0": "mem0" in sys.modules}))', tmp_path)
    assert seen == {"mem0": False}


def test_without_mem0_the_extra_is_named(tmp_path: Path) -> None:
    code = """
import json, pathlib, sys
sys.modules["mem0"] = None
from remanence.errors import MissingExtraError
from tests.mem0.parts import backend_of
try:
    backend_of(pathlib.Path(sys.argv[1]) / "data")
except MissingExtraError as error:
    print(json.dumps({"said": str(error)}))
"""
    seen, _ = run(code, tmp_path)
    assert 'pip install "remanence[mem0]"' in seen["said"]


def test_an_open_backend_does_not_hold_the_interpreter_up(tmp_path: Path) -> None:
    code = """
import asyncio, json, pathlib, sys
from tests.mem0.parts import ALICE, backend_of, exchange
async def hang(messages):
    await asyncio.Event().wait()
async def main():
    backend = backend_of(pathlib.Path(sys.argv[1]) / "data", hang)
    await backend.retain(exchange(), scope=ALICE, wait=0.3)
    return backend
kept = asyncio.run(main())
print(json.dumps({}))
"""
    _, complaints = run(code, tmp_path)
    assert "Exception ignored" not in complaints
    assert "never awaited" not in complaints
