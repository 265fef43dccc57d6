"""What notes are in a workspace: looked for in its folders, by whoever wrote or changed them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from remanence.backends.reme.notes import Note, Origin, read_note

__all__ = ["FOLDERS", "Catalog", "Changes", "Entry", "day_of", "is_page"]

FOLDERS = ("daily", "digest")
"""Where ReMe keeps its notes: those of days, and those that it made of these."""

_PAGE = re.compile(r"daily/\d{4}-\d{2}-\d{2}\.md")
_DAY = re.compile(r"daily/(\d{4}-\d{2}-\d{2})/")

_TRUSTED_SECONDS = 1.0
"""For how long nobody is thought to have written into a file that was there already."""

_SETTLED_NS = 2_000_000_000
"""How long ago a folder has to have changed for the next change to give it another time."""

_UNSETTLED = -1
"""Is no time at which a folder changed: it has to be looked into again."""

_Stamp = tuple[float, int, int, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A note as it was read.

    Attributes:
        path: Its path in the workspace, with ``/``.
        changed: When its file was last written, as ReMe tells it.
        at: When it was said, or for which day it was written.
        session: What ReMe knows its conversation by, if it tells.
        note: What it says.
    """

    path: str
    changed: float
    at: dt.datetime
    session: str | None
    note: Note = dataclasses.field(compare=False)

    @property
    def origin(self) -> Origin | None:
        """Where it comes from, if it tells."""
        return self.note.origin


@dataclasses.dataclass(frozen=True, slots=True)
class Changes:
    """What is other than it was.

    Attributes:
        written: The paths of notes that are new, or were written anew.
        gone: The paths of notes that are there no more.
        unread: The paths of notes that can't be read now, and why.
    """

    written: tuple[str, ...]
    gone: tuple[str, ...]
    unread: tuple[str, ...] = ()


class Catalog:
    """The notes of a workspace. Calls block, and come one at a time.

    Links are no notes: what they lead to is somewhere else, and would not be erased with a note.

    Args:
        folder: The workspace.
        zone: The time zone of its days.
    """

    def __init__(self, folder: Path, zone: ZoneInfo) -> None:
        """Nothing is known yet."""
        self._folder = folder
        self._zone = zone
        self._stamps: dict[str, _Stamp] = {}
        self._entries: dict[str, Entry] = {}
        self._by_key: dict[str, set[str]] = {}
        self._folders: dict[Path, int] = {}
        self._looked = float("-inf")

    def __len__(self) -> int:
        """Return how many notes are known."""
        return len(self._entries)

    def get(self, path: str) -> Entry | None:
        """Return a note that is known, or ``None``."""
        return self._entries.get(path)

    def entries(self, wanted: Callable[[Entry], bool] = lambda _: True) -> list[Entry]:
        """Return the notes that are known and wanted."""
        return [entry for entry in self._entries.values() if wanted(entry)]

    def with_key(self, key: str) -> list[Entry]:
        """Return the notes that come from a delivery, by its key."""
        return [self._entries[path] for path in sorted(self._by_key.get(key, ()))]

    def look(self) -> Changes:
        """Look at all files, and read those that changed.

        Raises:
            OSError: The folders can't be read.
        """
        self._looked = time.monotonic()
        self._folders = {}
        seen = dict(self._files())
        gone = tuple(path for path in self._stamps if path not in seen)
        written = tuple(path for path, stamp in seen.items() if self._stamps.get(path) != stamp)
        for path in gone:
            self._drop(path)
        taken: list[str] = []
        unread: list[str] = []
        for path in written:
            try:
                if self._take(path, seen[path]):
                    taken.append(path)
            except (OSError, ValueError, OverflowError) as error:  # it is tried again
                unread.append(f"{path} ({error})")
        return Changes(tuple(taken), gone, tuple(unread))

    def glance(self) -> Changes:
        """Look at all files, unless that was just done and nothing came or went since.

        It tells of everything that :meth:`look` would but for what was written into a file that was
        there already; that, at the latest a second after the last look. Notes that are written as
        ReMe, this package and most programs write them are new files.

        Raises:
            OSError: The folders can't be read.
        """
        late = time.monotonic() - self._looked > _TRUSTED_SECONDS
        return self.look() if late or self._is_changed() else Changes((), ())

    def _is_changed(self) -> bool:
        """Return whether a file came or went since the last look, or may have."""
        try:
            return any(path.stat().st_mtime_ns != then for path, then in self._folders.items())
        except OSError:  # one of them went
            return True

    def read(self, path: str) -> Note | None:
        """Return what a note says now, or ``None`` if it is gone."""
        try:
            return read_note((self._folder / path).read_bytes().decode("utf-8", "replace"))
        except FileNotFoundError:
            return None

    def _take(self, path: str, stamp: _Stamp) -> bool:
        """Take note of a note; return whether it is still there."""
        note = self.read(path)
        if note is None:
            return False
        entry = self._entry(path, stamp[0], note)
        self._drop(path)
        self._stamps[path] = stamp
        self._entries[path] = entry
        for key in entry.origin.keys if entry.origin is not None else ():
            self._by_key.setdefault(key, set()).add(path)
        return True

    def _drop(self, path: str) -> None:
        self._stamps.pop(path, None)
        entry = self._entries.pop(path, None)
        for key in entry.origin.keys if entry is not None and entry.origin is not None else ():
            paths = self._by_key[key]
            paths.discard(path)
            if not paths:
                del self._by_key[key]

    def _entry(self, path: str, changed: float, note: Note) -> Entry:
        origin = note.origin
        at = origin.at if origin is not None and origin.at is not None else None
        session = note.fields.get("session_id")
        return Entry(
            path,
            changed,
            at or self._day_of(path) or dt.datetime.fromtimestamp(changed, dt.UTC),
            str(session) if isinstance(session, (str, int)) else None,
            note,
        )

    def _day_of(self, path: str) -> dt.datetime | None:
        """Return when the day began that a note was written for."""
        day = day_of(path)
        return None if day is None else dt.datetime.fromisoformat(day).replace(tzinfo=self._zone)

    def _files(self) -> Iterator[tuple[str, _Stamp]]:
        self._note_folder(self._folder)
        paths = [self._folder / name for name in FOLDERS]
        waiting = [str(path) for path in paths if path.is_dir() and not path.is_symlink()]
        before = len(str(self._folder)) + 1
        while waiting:
            folder = waiting.pop()
            self._note_folder(Path(folder))
            for file in _listed(folder):
                if file.is_dir(follow_symlinks=False):
                    waiting.append(file.path)
                elif file.name.endswith(".md") and not file.name.startswith("."):
                    path = file.path[before:].replace(os.sep, "/")
                    if not is_page(path) and (stamp := _stamp(file)) is not None:
                        yield path, stamp

    def _note_folder(self, folder: Path) -> None:
        """Keep when a folder changed, before it is read; see :meth:`_is_changed`."""
        try:
            changed = folder.stat().st_mtime_ns
        except FileNotFoundError:  # meanwhile
            changed = _UNSETTLED
        settled = time.time_ns() - changed > _SETTLED_NS
        self._folders[folder] = changed if settled else _UNSETTLED


def day_of(path: str) -> str | None:
    """Return the day that a note was written for, as its folder is called."""
    found = _DAY.match(path)
    if found is None:
        return None
    try:
        return dt.date.fromisoformat(found[1]).isoformat()
    except ValueError:
        return None


def is_page(path: str) -> bool:
    """Return whether a file is a day's page, which lists notes and is none itself."""
    return _PAGE.fullmatch(path) is not None


def _listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as files:
            return list(files)
    except FileNotFoundError:  # it went meanwhile
        return []


def _stamp(file: os.DirEntry[str]) -> _Stamp | None:
    """Return by what it is seen that a file changed; ``None`` for what is no file, or is gone."""
    try:
        told = file.stat(follow_symlinks=False)
    except FileNotFoundError:  # meanwhile
        return None
    if not stat.S_ISREG(told.st_mode):
        return None
    return told.st_mtime, told.st_mtime_ns, told.st_size, told.st_ino
