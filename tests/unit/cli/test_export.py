import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Run = Callable[..., Result]
Listed = Callable[..., list[dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("alice")


def test_out_and_in_again(remanence: Run, listed: Listed, tmp_path: Path) -> None:
    file = tmp_path / "alice.zip"
    before = listed("alice")
    done = remanence("export", file, "--user", "alice")
    assert f"archive  {file}" in done.stdout
    assert "holds    4 episodes, 0 facts (2 sessions)" in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    remanence("forget", "--everything", "--user", "alice", "--yes")
    assert not listed("alice")
    done = remanence("import", file)
    told = "Imported the archive of 'alice' for 'alice': 4 new episodes, 0 new facts, 0 already"
    assert told in done.stdout
    assert listed("alice") == before
    assert "0 new episodes, 0 new facts, 4 already there" in remanence("import", file).stdout
    assert listed("alice") == before


def test_for_somebody_else_from_a_file_of_any_name(
    remanence: Run, listed: Listed, tmp_path: Path
) -> None:
    file = tmp_path / "backup.jsonl"
    remanence("export", file, "--user", "alice")
    seen = remanence("import", file, "--user", "carol", "--dry-run")
    assert "Would import the archive of 'alice' for 'carol': 4 episodes, 0 facts" in seen.stdout
    assert not listed("carol")
    remanence("import", file, "--user", "carol")
    assert [item["content"] for item in listed("carol")] == [
        item["content"] for item in listed("alice")
    ]


def test_a_file_that_is_there_is_kept(remanence: Run, tmp_path: Path) -> None:
    file = tmp_path / "alice.zip"
    file.write_text("mine")
    done = remanence("export", file, "--user", "alice", code=1)
    assert "exists already" in done.stderr
    assert file.read_text() == "mine"
    remanence("export", file, "--user", "alice", "--overwrite")
    assert zipfile.is_zipfile(file)


def test_nobody_is_not_exported(remanence: Run, tmp_path: Path) -> None:
    file = tmp_path / "nobody.zip"
    done = remanence("export", file, "--user", "nobody", code=1)
    assert "Nothing is stored for 'nobody'. Nothing was written." in done.stderr
    assert not file.exists()


def test_a_broken_archive_makes_no_database(remanence: Run, tmp_path: Path) -> None:
    file, other = tmp_path / "alice.zip", tmp_path / "other.db"
    remanence("export", file, "--user", "alice")
    file.write_bytes(file.read_bytes()[:-30])
    for more in ((), ("--dry-run",)):
        done = remanence("import", file, "--db", other, *more, code=1)
        assert "is no whole zip file" in done.stderr
        assert not other.exists()


def test_a_line_that_is_wrong_is_named(remanence: Run, listed: Listed, tmp_path: Path) -> None:
    file = tmp_path / "alice.zip"
    remanence("export", file, "--user", "alice")
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data.replace(b'"role":"assistant"', b'"role":"emperor!!"'))
    for more in ((), ("--dry-run",)):
        done = remanence("import", file, "--user", "carol", *more, code=1)
        assert "episodes.jsonl:3: role: input should be 'user', 'assistant'" in done.stderr
    assert not listed("carol")


@pytest.mark.parametrize(
    "option",
    [("--agent", "x"), ("--session", "x"), ("--format", "jsonl"), ("--skip-malformed",)],
)
def test_an_archive_is_taken_in_as_it_is(
    remanence: Run, tmp_path: Path, option: tuple[str, ...]
) -> None:
    file = tmp_path / "alice.zip"
    remanence("export", file, "--user", "alice")
    done = remanence("import", file, *option, code=2)
    assert "an archive is taken in as it is" in done.stderr
    remanence("import", file, "--user", "*", code=1)


def test_what_is_exported_can_be_read_by_anything(remanence: Run, tmp_path: Path) -> None:
    file = tmp_path / "alice.zip"
    remanence("export", file, "--user", "alice")
    with zipfile.ZipFile(file) as archive:
        lines = archive.read("episodes.jsonl").decode().splitlines()
    assert [json.loads(line)["session_id"] for line in lines] == ["spring"] * 3 + ["summer"]
