import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from remanence import Memory

ROOT = Path(__file__).parent.parent

# mem0 reads these when it is first imported, whichever test does that: tests report nothing to
# anybody, and leave the home folder alone.
_MEM0 = tempfile.TemporaryDirectory(prefix="remanence-mem0-")
os.environ |= {"MEM0_TELEMETRY": "False", "MEM0_DIR": _MEM0.name}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
async def memory(database: Path) -> AsyncIterator[Memory]:
    async with Memory.open(database) as memory:
        yield memory


@pytest.fixture
def start_python() -> Callable[..., subprocess.Popen[str]]:
    """Starts another interpreter that imports what this one does."""

    def start(*arguments: str | Path) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def run_python(
    start_python: Callable[..., subprocess.Popen[str]],
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs another interpreter to its end, or kills it when that takes too long."""

    def run(*arguments: str | Path, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        with start_python(*arguments) as process:
            try:
                output, errors = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    return run
