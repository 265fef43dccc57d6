import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from remanence import Memory, Scope

SECONDS = 10


@pytest.mark.slow
async def test_two_processes_share_a_file(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    names = ("left", "right")
    processes = [
        start_python(
            *("-m", "tests.acceptance.two_processes", "--folder", tmp_path, "--name", name),
            *("--other", other, "--seconds", str(SECONDS), "--seed", str(seed)),
        )
        for seed, (name, other) in enumerate(zip(names, reversed(names), strict=True))
    ]
    try:
        results = [process.communicate(timeout=SECONDS + 60) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for process, (output, errors) in zip(processes, results, strict=True):
        assert process.returncode == 0, errors + output
        # If the other one reads just when the log is to be emptied, that is done later.
        assert [line for line in errors.splitlines() if "(erasure)" not in line] == []
        result = json.loads(output)
        assert result["wrong"] == []
        for done in ("said", "forgotten", "found of the other's"):
            assert result["counts"][done] > 10, result

    said: dict[str, str] = {}
    forgotten: set[str] = set()
    for name in names:
        for line in (tmp_path / f"{name}.diary").read_text().splitlines():
            verb, id_, word = line.split()
            if verb == "said":
                said[id_] = word
            elif verb == "forgot":
                forgotten.add(id_)
    async with Memory.open(tmp_path / "memory.db") as memory:
        page = await memory.list(scope=Scope("alice"), limit=10_000)
        left = {item.id for item in page.items}
        assert left == set(said) - forgotten
