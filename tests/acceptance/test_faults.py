import subprocess
from collections.abc import Callable


def test_no_fault_breaks_a_reply_or_loses_anything(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_python("-m", "tests.acceptance.faults", seconds=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 1 + 12
    assert not done.stderr
