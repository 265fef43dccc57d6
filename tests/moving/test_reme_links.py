"""Of a workspace of ReMe's only its own files are read: no link is followed, and no pipe opened."""

from __future__ import annotations

import datetime as dt
import os
import sys
import threading
from pathlib import Path

import pytest

from remanence import InputError
from remanence.moving.arrivals import Arrivals
from remanence.moving.reme import read_reme

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes as on POSIX")

_LINK = "is a link; what it leads to may belong to somebody else"


def read(path: Path, user_id: str | None) -> Arrivals:
    return read_reme(path, user_id=user_id, now=dt.datetime.now(dt.UTC))


def told(arrivals: Arrivals) -> dict[str, str]:
    return {skipped.where: skipped.why for skipped in arrivals.skipped}


def users(arrivals: Arrivals) -> list[str]:
    return [each.user_id for each in arrivals.users if each.items]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the workspace of bob, and one of alice that has nothing in it."""
    for path, text in (
        ("daily/2026-03-01/a.md", "Bob keeps bees."),
        ("digest/b.md", "Bob lives in Ghent."),
        ("session/dialog/s.jsonl", '{"id": "m", "role": "user", "content": "Bees."}'),
    ):
        file = tmp_path / "users/bob" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_a_workspace_that_is_a_link_is_nobodys(folder: Path) -> None:
    (folder / "users/alice").symlink_to(folder / "users/bob")
    for user_id, expected in ((None, ["bob"]), ("alice", [])):
        arrivals = read(folder, user_id)
        assert (users(arrivals), told(arrivals)["users/alice"]) == (expected, _LINK)


@pytest.mark.parametrize("name", ["daily", "digest", "session", "session/dialog"])
@pytest.mark.parametrize("user_id", [None, "alice"])
def test_neither_is_a_folder_in_it_that_is_a_link(
    folder: Path, name: str, user_id: str | None
) -> None:
    link = folder / "users/alice" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(folder / "users/bob" / name)
    arrivals = read(folder, user_id)
    assert "alice" not in users(arrivals)
    assert told(arrivals)[f"users/alice/{name}"] == _LINK


def test_what_is_no_file_is_not_opened(folder: Path) -> None:
    bob = folder / "users/bob"
    pipes = ("daily/2026-03-01/x.md", "daily/2026-03-02.md", "digest/x.md")
    for pipe in pipes:
        os.mkfifo(bob / pipe)
    os.mkfifo(bob / "session/dialog/x.jsonl")
    found: list[Arrivals] = []
    reading = threading.Thread(target=lambda: found.append(read(folder, "bob")), daemon=True)
    reading.start()
    reading.join(30)
    assert not reading.is_alive()
    assert (
        told(found[0]).items()
        >= {
            **{f"users/bob/{pipe}": "is no file" for pipe in pipes},
            "users/bob/session/dialog/x.jsonl": "is no .jsonl file",
        }.items()
    )
    assert users(found[0]) == ["bob"]


def test_users_behind_a_link_are_nobody_here(tmp_path: Path) -> None:
    (tmp_path / "there" / "alice" / "daily").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "users").symlink_to(tmp_path / "there")
    with pytest.raises(InputError, match="so is no ReMe workspace"):
        read_reme(tmp_path / "here", user_id=None, now=dt.datetime.now(dt.UTC))
