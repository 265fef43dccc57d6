import subprocess
from collections.abc import Callable


def test_what_was_acknowledged_survives_kill_9(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_python("-m", "tests.acceptance.kill", "--rounds", "20", "--seed", "7", seconds=100)
    assert done.returncode == 0, done.stdout + done.stderr
    names, counts = (line.split() for line in done.stdout.splitlines())
    table = dict(zip(names, map(float, counts), strict=True))
    assert table["rounds"] == 20
    assert table["found"] == table["acknowledged"] > 20
    assert table["missing"] == table["twice"] == table["torn"] == 0
    assert not done.stderr
