import subprocess
from collections.abc import Callable

GROWTH = """
import numpy as np
from evals.resident import resident_bytes

before = resident_bytes()
held = np.ones(20_000_000, np.uint8)
print(resident_bytes() - before, held.size)
"""


def test_what_is_held_is_counted(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """In a process of its own: another one may have had room for it."""
    done = run_python("-c", GROWTH)
    assert done.returncode == 0, done.stderr
    grown, size = map(int, done.stdout.split())
    assert size == 20_000_000
    assert 15_000_000 < grown < 60_000_000
