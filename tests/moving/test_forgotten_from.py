"""``remanence import`` without ``--from``: what another memory holds is told by its files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from remanence.cli.app import app

Run = Callable[..., Result]


@pytest.fixture
def run(database: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command on something that it refuses, and sees that no database is made."""
    monkeypatch.setenv("COLUMNS", "200")

    def run_it(*arguments: str | Path, code: int = 1) -> Result:
        named = ["import", *(str(argument) for argument in arguments)]
        result = CliRunner().invoke(app, named, env={"REMANENCE_DB": str(database)})
        assert result.exit_code == code, result.output
        assert not code or not database.exists()
        return result

    return run_it


def conversations(folder: Path, name: str = "conversations.json", head: str = "") -> Path:
    file = folder / name
    told: dict[str, Any] = {"title": 'On "mapping": {', "create_time": 1.0, "mapping": {"a": {}}}
    file.write_text(f"{head} [\n {json.dumps(told)[:-1]},\n", encoding="utf-8")
    return file


def test_a_folder_of_another_memory(run: Run, tmp_path: Path) -> None:
    for path, source in (
        ("mem0/meta.json", "mem0"),
        ("other/qdrant/meta.json", "mem0"),
        ("reme/daily/2026-03-01.md", "reme"),
        ("shared/users/alice/daily/2026-03-01.md", "reme"),
        ("export/conversations-001.json", "chatgpt"),
    ):
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.write_text("{}", encoding="utf-8")
        (file.parent / "collection").mkdir()
        folder = tmp_path / Path(path).parts[0]
        result = run(folder)
        assert f"; give --from {source}" in result.stderr
        # Also where it was said to be something else.
        assert f"; give --from {source}" in run(folder, "--format", "jsonl").stderr
    (tmp_path / "users").mkdir()
    assert "is a folder; name a file in it" in run(tmp_path).stderr


def test_an_export_of_chatgpt(run: Run, tmp_path: Path) -> None:
    for file in (
        conversations(tmp_path),
        conversations(tmp_path, "renamed.json", head="\ufeff"),
    ):
        assert "holds conversations of ChatGPT; give --from chatgpt" in run(file).stderr
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("inner/conversations.json", "[]")
    assert "give --from chatgpt" in run(packed).stderr
    packed.write_bytes(b"PK\x03\x04 and nothing more")
    assert "--from" not in run(packed).stderr


def test_what_only_speaks_of_it_is_no_export(run: Run, tmp_path: Path) -> None:
    for text in (
        '[{"sample_id": "\\"mapping\\": {"}]',
        '[{"mapping": "of streets"}]',
        '{"role": "user", "content": "\\"mapping\\": {}"}',
    ):
        file = tmp_path / "file.json"
        file.write_text(text, encoding="utf-8")
        assert "--from" not in run(file, "--user", "alice", code=int(text[0] == "[")).stderr
