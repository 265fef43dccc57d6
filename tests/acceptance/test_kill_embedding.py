import subprocess
from collections.abc import Callable


def test_embedding_goes_on_where_a_killed_process_left_it(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_python("-m", "tests.acceptance.kill_embedding", "--rounds", "10", seconds=100)
    assert done.returncode == 0, done.stdout + done.stderr
    names, counts = (line.split() for line in done.stdout.splitlines())
    table = dict(zip(names, map(float, counts), strict=True))
    assert table["rounds"] == 10
    assert table["embedders"] >= 1
    assert table["made"] > 600
    assert table["foreign"] == table["lost"] == table["unfound"] == 0
    assert not done.stderr
