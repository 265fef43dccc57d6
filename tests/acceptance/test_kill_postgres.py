import os
import subprocess
from collections.abc import Callable

import pytest

from evals.serving.errors import ServingError
from evals.serving.pgbouncer import find_pgbouncer

_ROUNDS = 8
"""One with each of what breaks most often; all of it takes 11."""


def test_what_was_acknowledged_survives_whatever_breaks(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    try:
        find_pgbouncer()
    except ServingError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    done = run_python(
        "-m",
        "tests.acceptance.kill_postgres",
        *("--rounds", str(_ROUNDS), "--seed", "7"),
        seconds=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names, counts = (line.split() for line in done.stdout.splitlines())
    table = dict(zip(names, map(float, counts), strict=True))
    assert table["rounds"] == _ROUNDS
    assert table["acknowledged"] > 100
    assert min(table["cut_before"], table["cut_after"], table["cut_late"], table["broken"]) > 0
    wrong = ("lost", "doubled", "disordered", "leaked", "undone", "untold", "stuck")
    assert {name: table[name] for name in wrong} == dict.fromkeys(wrong, 0)
