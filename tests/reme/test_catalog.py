"""What is seen of notes that come, go and change."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from remanence.backends.reme.catalog import Catalog, Changes
from remanence.backends.reme.files import write_whole

DAY = "daily/2026-03-01"
OLD = f"{DAY}/old.md"
NEW = f"{DAY}/new.md"

NOTHING = Changes((), ())


def _new(workspace: Path) -> None:
    (workspace / NEW).write_text("new")


def _new_day(workspace: Path) -> None:
    write_whole(workspace / "daily/2026-03-02/new.md", "new")


def _new_root(workspace: Path) -> None:
    write_whole(workspace / "digest/new.md", "new")


def _deep(workspace: Path) -> None:
    write_whole(workspace / DAY / "deep/er/new.md", "new")


def _gone(workspace: Path) -> None:
    (workspace / OLD).unlink()


def _gone_day(workspace: Path) -> None:
    shutil.rmtree(workspace / DAY)


def _gone_root(workspace: Path) -> None:
    shutil.rmtree(workspace / "daily")


def _renamed(workspace: Path) -> None:
    (workspace / OLD).rename(workspace / NEW)


def _replaced(workspace: Path) -> None:
    write_whole(workspace / OLD, "newer")


def _linked(workspace: Path) -> None:
    (workspace / DAY).rename(workspace / "elsewhere")
    (workspace / DAY).symlink_to(workspace / "elsewhere")


DONE: dict[Callable[[Path], None], Changes] = {
    _new: Changes((NEW,), ()),
    _new_day: Changes(("daily/2026-03-02/new.md",), ()),
    _new_root: Changes(("digest/new.md",), ()),
    _deep: Changes((f"{DAY}/deep/er/new.md",), ()),
    _gone: Changes((), (OLD,)),
    _gone_day: Changes((), (OLD,)),
    _gone_root: Changes((), (OLD,)),
    _renamed: Changes((NEW,), (OLD,)),
    _replaced: Changes((OLD,), ()),
    _linked: Changes((), (OLD,)),
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace with a note."""
    write_whole(tmp_path / OLD, "old")
    return tmp_path


def _settle(workspace: Path) -> None:
    """Let all folders be as if they had changed an hour ago."""
    then = time.time() - 3600
    for place, _, _ in os.walk(workspace, topdown=False):
        os.utime(place, (then, then))


@pytest.mark.parametrize("do", DONE, ids=lambda do: do.__name__.strip("_"))
def test_a_glance_sees_what_came_or_went(workspace: Path, do: Callable[[Path], None]) -> None:
    _settle(workspace)
    catalog = Catalog(workspace, ZoneInfo("UTC"))
    assert catalog.look() == Changes((OLD,), ())
    assert catalog.glance() == NOTHING
    do(workspace)
    assert catalog.glance() == DONE[do]
    assert catalog.glance() == NOTHING


def test_a_glance_sees_what_came_in_the_instant_after_a_look(workspace: Path) -> None:
    catalog = Catalog(workspace, ZoneInfo("UTC"))
    folder = workspace / DAY
    changed = folder.stat().st_mtime_ns
    catalog.look()
    _new(workspace)
    os.utime(folder, ns=(changed, changed))  # as where the clock of the file system is coarse
    assert catalog.glance() == Changes((NEW,), ())


def test_a_glance_sees_a_second_later_what_was_written_into_a_file(workspace: Path) -> None:
    _settle(workspace)
    catalog = Catalog(workspace, ZoneInfo("UTC"))
    catalog.look()
    (workspace / OLD).write_text("newer")
    time.sleep(1.1)
    assert catalog.glance() == Changes((OLD,), ())
    entry = catalog.get(OLD)
    assert entry is not None
    assert entry.note.text == "newer"


def test_a_glance_sees_a_folder_that_was_not_there(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "later", ZoneInfo("UTC"))
    assert catalog.look() == NOTHING
    write_whole(tmp_path / "later" / OLD, "old")
    assert catalog.glance() == Changes((OLD,), ())


def test_a_glance_looks_at_no_file_where_nothing_happened(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _settle(workspace)
    catalog = Catalog(workspace, ZoneInfo("UTC"))
    monkeypatch.setattr("remanence.backends.reme.catalog._TRUSTED_SECONDS", 3_600.0)
    catalog.look()
    listed: list[str] = []
    scandir = os.scandir

    def scan(path: str) -> object:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scan)
    assert catalog.glance() == NOTHING
    assert listed == []
    _new(workspace)
    catalog.glance()
    assert listed
