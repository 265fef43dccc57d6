"""The suites that others subclass, for whoever has no pytest."""

from collections.abc import Callable
from subprocess import CompletedProcess

WITHOUT_PYTEST = """
import sys

sys.modules["pytest"] = None  # as if it were not installed
import remanence.testing

for name in remanence.testing.__all__:
    try:
        getattr(remanence.testing, name)
    except ImportError as error:
        print(error)
"""


def test_without_pytest_it_says_what_to_install(
    run_python: Callable[..., CompletedProcess[str]],
) -> None:
    done = run_python("-c", WITHOUT_PYTEST)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{name}Conformance is a suite for pytest: pip install pytest pytest-asyncio"
        for name in ("Backend", "ChatModel", "Embedder", "JobStore", "Store")
    ]
