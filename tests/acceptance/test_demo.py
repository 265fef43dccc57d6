"""The demonstration, as its two processes show it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.agentscope


def test_the_second_process_answers_from_the_memory_of_the_first(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if "OPENAI" not in name}
    path = tmp_path / "alice.db"

    done = subprocess.run(
        [sys.executable, "-m", "remanence", "demo", "--db", path],
        env=environment | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "stand-in" in done.stdout
    processes = re.findall(r"operating-system process (\d+)", done.stdout)
    assert len(set(processes)) == 2
    told, asked = done.stdout.split("Process 2")
    assert "locker at the music school, it is number 48" in told
    assert re.search(r"Robin: My notes say: .*number 48", asked)
    assert "9 of 9 questions" in asked


def test_a_file_that_exists_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("precious")

    done = subprocess.run(
        [sys.executable, "-m", "remanence", "demo", "--db", path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert path.read_text() == "precious"
