import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[..., Result]

LINE = json.dumps({"role": "user", "content": "Grüße aus Köln.", "user_id": "alice"})
SAMPLES = json.dumps(
    [
        {
            "sample_id": "alice",
            "conversation": {
                "session_1_date_time": "1:56 pm on 8 May, 2023",
                "session_1": [{"speaker": "Ines", "dia_id": "D1:1", "text": "Hello."}],
            },
        }
    ]
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("chat.jsonl", LINE),
        ("chat.ndjson", LINE),
        ("chat.txt", f"\n{LINE}\n"),
        ("chat.jsonl", f"{LINE}\r\n"),
        ("samples.json", SAMPLES),
        ("samples", f"  {SAMPLES}"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_format_is_told_by_name_and_content(
    remanence: Run, tmp_path: Path, name: str, text: str, encoding: str
) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode(encoding))
    assert "Imported 1 message" in remanence("import", file).stdout


def test_the_format_can_be_named(remanence: Run, tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_text(SAMPLES, encoding="utf-8")
    assert "is not a JSON object" in remanence("import", file, code=1).stderr
    remanence("import", file, "--format", "locomo")
    remanence("import", file, "--format", "yaml", code=2)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n\n", "the file is empty"),
        ("Grüße".encode("latin-1"), "the file is not UTF-8 (byte 2)"),
        (LINE.encode("utf-16"), "the file is not UTF-8 (byte 0)"),
        (b"role,content\n", "looks like neither LoCoMo nor JSON Lines"),
    ],
)
def test_a_file_that_can_not_be_read(
    remanence: Run, tmp_path: Path, database: Path, data: bytes, reason: str
) -> None:
    file = tmp_path / "chat.txt"
    file.write_bytes(data)
    result = remanence("import", file, code=1)
    assert result.stderr.startswith(f"error: {file}: ")
    assert reason in result.stderr
    assert not database.exists()


def test_no_file_or_a_folder(remanence: Run, tmp_path: Path) -> None:
    result = remanence("import", tmp_path / "missing.jsonl", code=1)
    assert "missing.jsonl: there is no such file" in result.stderr
    assert "is a folder" in remanence("import", tmp_path, code=1).stderr


@contextlib.contextmanager
def _unprivileged() -> Generator[None]:
    """Take the right to read everything from root, who may be running the tests."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_file_without_permission(remanence: Run) -> None:
    with _unprivileged(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "chat.jsonl"
        file.touch(mode=0o000)
        assert "can't be read (Permission denied)" in remanence("import", file, code=1).stderr


def test_a_bad_option_is_not_blamed_on_the_records(remanence: Run, tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_text(LINE, encoding="utf-8")
    result = remanence("import", file, "--session", "*", "--skip-malformed", code=1)
    assert result.stderr.startswith("error: --session: is the wildcard '*'")


def test_the_folder_of_the_database_is_made_for_its_owner_alone(
    remanence: Run, tmp_path: Path
) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_text(LINE, encoding="utf-8")
    database = tmp_path / "a" / "b" / "memory.db"
    remanence("import", file, "--db", f"sqlite:///{database}")
    assert database.parent.stat().st_mode & 0o777 == 0o700
    assert "episodes  1" in remanence("stats", "--db", database).stdout


def test_the_folder_of_the_database_can_not_be_made(remanence: Run, tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_text(LINE, encoding="utf-8")
    result = remanence("import", file, "--db", file / "memory.db", code=1)
    assert "can't be made" in result.stderr
