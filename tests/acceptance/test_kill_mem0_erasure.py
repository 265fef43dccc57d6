import subprocess
from collections.abc import Callable

import pytest

pytest.importorskip("mem0")


@pytest.mark.agentscope
def test_what_was_to_be_erased_is_gone_after_kill_9(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_python(
        "-m", "tests.acceptance.kill_mem0_erasure", "--rounds", "12", "--seed", "3", seconds=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names, row = (line.split() for line in done.stdout.splitlines())
    outcome = dict(zip(names, map(int, row), strict=True))
    assert outcome["rounds"] == 12
    assert outcome["unfinished"] >= 1
    assert outcome["recalled"] == outcome["in_files"] == outcome["changed"] == 0
    assert not done.stderr
