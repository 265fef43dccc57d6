import subprocess
from collections.abc import Callable

import pytest


@pytest.mark.agentscope
def test_every_reply_that_ended_survives_kill_9_once(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_python(
        "-m", "tests.acceptance.kill_replies", "--rounds", "20", "--seed", "7", seconds=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names, *rows = (line.split() for line in done.stdout.splitlines())
    for row in rows:
        outcome = dict(zip(names, row, strict=True))
        assert outcome["rounds"] == "5"
        assert int(outcome["ended"]) >= 5
        assert outcome["missing"] == outcome["twice"] == outcome["unasked"] == "0"
    assert not done.stderr
