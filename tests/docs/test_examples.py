"""Every example runs, and shows what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOWN = {
    "notebook.py": "12th of May",
    "agent.py": "moved to Ghent",
    "reme_notes.py": "My notes say",
    "agentscope_service.py": "] bob: My sister Ida has moved to Oslo.",
}


def test_no_example_is_left_out() -> None:
    assert {file.name for file in EXAMPLES.glob("*.py")} == SHOWN.keys()


@pytest.mark.agentscope
@pytest.mark.parametrize("name", SHOWN)
def test_example(name: str, tmp_path: Path) -> None:
    if name == "agentscope_service.py":
        from agentscope.app import storage

        if "AsyncSQLAlchemyStorage" not in storage.__all__:
            pytest.skip("this AgentScope keeps the sessions of its service in Redis only")
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", EXAMPLES / name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert SHOWN[name] in done.stdout
    assert list(tmp_path.iterdir()) == []
