import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from remanence.cli.app import app


@pytest.fixture
def remanence(database: Path) -> Callable[..., Result]:
    """Runs a command against the test's database and checks the exit code."""

    def run(*arguments: str | Path, code: int = 0, answer: str | None = None) -> Result:
        result = CliRunner().invoke(
            app,
            [str(argument) for argument in arguments],
            input=answer,
            env={"REMANENCE_DB": str(database)},
        )
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def write_lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes a JSON Lines file; a string is written as it is."""

    def write(*records: dict[str, Any] | str, name: str = "chat.jsonl") -> Path:
        lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def listed(remanence: Callable[..., Result]) -> Callable[..., list[dict[str, Any]]]:
    """Lists what a user has, as the JSON that ``show`` prints."""

    def list_items(user: str, *options: str) -> list[dict[str, Any]]:
        result = remanence("show", "--user", user, "--json", *options)
        return [json.loads(line) for line in result.stdout.splitlines()]

    return list_items


@pytest.fixture
def alice(remanence: Callable[..., Result], write_lines: Callable[..., Path]) -> None:
    """Stores two sessions of Alice's and one message of Bob's."""
    spring = {"user_id": "alice", "session_id": "spring", "role": "user", "name": "Alice"}
    summer = {"user_id": "alice", "session_id": "summer", "role": "user", "name": "Alice"}
    file = write_lines(
        {**spring, "content": "My sister Nora lives in Ghent.", "at": "2026-03-01T09:30:00Z"},
        {**spring, "content": "She keeps two beehives.", "at": "2026-03-01T09:31:00Z"},
        {
            **spring,
            "role": "assistant",
            "name": None,
            "content": "Ghent is a lovely town.",
            "at": "2026-03-01T09:32:00Z",
        },
        {**summer, "content": "Nora moved to Bruges.", "at": "2026-07-10T20:00:00+02:00"},
        {"user_id": "bob", "role": "user", "content": "Ghent has a castle."},
        name="alice.jsonl",
    )
    remanence("import", file)
