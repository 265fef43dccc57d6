"""The command line on an encrypted database."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from remanence.cli.app import app

Run = Callable[..., Result]


@pytest.fixture
def remanence(database: Path) -> Run:
    def run(*arguments: str | Path, code: int = 0, key_file: Path | None = None) -> Result:
        environment = {"REMANENCE_DB": str(database)}
        if key_file is not None:
            environment["REMANENCE_KEY_FILE"] = str(key_file)
        result = CliRunner().invoke(app, [str(each) for each in arguments], env=environment)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    said = {"user_id": "alice", "role": "user", "content": "My sister Nora lives in Ghent."}
    file = tmp_path / "chat.jsonl"
    file.write_text(json.dumps(said))
    return file


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "memory.key"
    file.write_text(f"{secrets.token_hex(32)}\n")
    return file


def test_the_key_is_named_by_an_option_or_the_environment(
    remanence: Run, chat: Path, key_file: Path, database: Path
) -> None:
    remanence("--key-file", key_file, "import", chat)
    assert b"Ghent" not in database.read_bytes()
    recall = ("recall", "Where does Nora live?", "--user", "alice")
    assert "Ghent" in remanence("--key-file", key_file, *recall).stdout
    assert "Ghent" in remanence(*recall, key_file=key_file).stdout
    for command in (("stats",), ("outbox", "status"), ("doctor",)):
        remanence(*command, key_file=key_file)
    assert "open it with its key" in remanence(*recall, code=1).stderr


def test_doctor_tells_what_is_encrypted_and_what_could_be(
    remanence: Run, chat: Path, key_file: Path
) -> None:
    remanence("import", chat)
    told = remanence("doctor").stdout
    assert "can encrypt" in told
    assert "not encrypted" in told
    remanence("rekey", "--new-key-file", key_file)
    assert ", encrypted" in remanence("--key-file", key_file, "doctor").stdout
    assert "--key-file" in remanence("doctor", code=1).stdout


def test_a_file_is_encrypted_and_decrypted(
    remanence: Run, chat: Path, key_file: Path, database: Path, tmp_path: Path
) -> None:
    remanence("import", chat)
    assert "encrypted with the new key" in remanence("rekey", "--new-key-file", key_file).stderr
    assert b"Ghent" not in database.read_bytes()
    other = tmp_path / "other.key"
    other.write_text("seven ducks in a tollhouse\n")
    remanence("--key-file", key_file, "rekey", "--new-key-file", other)
    wrong = remanence("--key-file", key_file, "stats", code=1).stderr
    assert "give the key that the file was made with" in wrong
    assert key_file.read_text().strip() not in wrong
    remanence("--key-file", other, "rekey", "--plain")
    assert "Ghent" in remanence("recall", "Nora", "--user", "alice").stdout


@pytest.mark.parametrize("options", [(), ("--plain", "--new-key-file", "new.key")])
def test_what_is_to_be_done_has_to_be_said(
    remanence: Run, chat: Path, options: tuple[str, ...]
) -> None:
    remanence("import", chat)
    assert "one of them" in remanence("rekey", *options, code=2).stderr
