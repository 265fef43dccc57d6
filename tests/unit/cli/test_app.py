import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from remanence import __version__

Run = Callable[..., Result]
RunPython = Callable[..., subprocess.CompletedProcess[str]]


def test_the_version(remanence: Run) -> None:
    assert remanence("--version").stdout == f"remanence {__version__}\n"


def test_every_command_has_its_help(remanence: Run) -> None:
    listing = remanence("--help").stdout
    for command in ("import", "recall", "extract", "facts", "show", "stats", "forget", "demo"):
        assert command in listing
        assert "Usage" in remanence(command, "--help").stdout


def test_an_unknown_command_is_wrong_usage(remanence: Run) -> None:
    remanence("remember", code=2)


def test_the_module_runs_as_the_command(run_python: RunPython, tmp_path: Path) -> None:
    done = run_python("-m", "remanence", "--version")
    assert (done.returncode, done.stdout) == (0, f"remanence {__version__}\n")
    done = run_python("-m", "remanence", "stats", "--db", tmp_path / "none.db")
    assert done.returncode == 1
    assert done.stderr.startswith("error: --db: there is no database")
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def ascii_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")


@pytest.mark.usefixtures("ascii_terminal")
def test_letters_that_the_terminal_lacks_are_replaced(
    run_python: RunPython, write_lines: Callable[..., Path]
) -> None:
    file = write_lines({"role": "user", "content": "Grüße 日本", "user_id": "alice"})
    database = file.with_name("letters.db")
    done = run_python("-m", "remanence", "import", file, "--db", database)
    assert done.returncode == 0, done.stderr
    done = run_python("-m", "remanence", "show", "--user", "alice", "--db", database)
    assert "Gr??e ??" in done.stdout


def test_help_loads_no_engine(run_python: RunPython) -> None:
    program = """
import sys
from remanence.cli.app import app
try:
    app(["--help"])
except SystemExit:
    pass
print(sorted({"numpy", "apsw", "agentscope", "Stemmer"} & set(sys.modules)), file=sys.stderr)
"""
    done = run_python("-c", program)
    assert done.stderr == "[]\n"
