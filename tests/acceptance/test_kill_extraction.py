import subprocess
from collections.abc import Callable


def test_facts_are_there_once_and_whole_after_kill_9(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_python(
        "-m", "tests.acceptance.kill_extraction", "--rounds", "20", "--seed", "7", seconds=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names, counts = (line.split() for line in done.stdout.splitlines())
    table = dict(zip(names, map(float, counts), strict=True))
    assert table["rounds"] == 20
    assert min(table["facts"], table["confirmed"], table["superseded"]) > 20
    assert table["missing"] == table["twice"] == table["torn"] == 0
    assert table["unread"] == table["jobs"] == 0
    assert not done.stderr
