import subprocess
from collections.abc import Callable


def test_an_erasure_is_carried_out_whatever_happens(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_python(
        "-m", "tests.acceptance.kill_erasure", "--rounds", "20", "--seed", "7", seconds=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names, counts = (line.split() for line in done.stdout.splitlines())
    table = dict(zip(names, map(float, counts), strict=True))
    assert table["rounds"] == 20
    assert table["recalled"] == table["left"] == table["readable"] == 0
    assert table["undone"] == table["changed"] == 0
    assert not done.stderr
