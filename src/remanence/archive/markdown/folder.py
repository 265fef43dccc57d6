"""The folder of an export: written beside its place, and put there when it is whole."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
from collections.abc import Generator
from pathlib import Path

from remanence.archive.markdown.writing import FACTS, MARK, README, SESSIONS, Written, write_pages
from remanence.archive.placing import Fate, hidden_name
from remanence.errors import ArchiveError, InputError
from remanence.flushing import flush_folder
from remanence.store.archive import Contents

__all__ = ["MarkdownFolder"]


class MarkdownFolder:
    """A folder that is there as a whole, or not at all; readable by its owner only.

    It may be written by one thread and given up by another, until it is being put into its place.

    Args:
        path: Where it is to be. An empty folder may be there.
        overwrite: Whether an export that is there may be replaced; nothing else ever is.
    """

    def __init__(self, path: Path, *, overwrite: bool) -> None:
        """Look whether it can be there; nothing is written yet.

        Raises:
            InputError: It can't.
            ArchiveError: Nobody can tell, since a folder can't be looked at.
        """
        # Of "." and ".." the last part is no name that something can be put in the place of.
        self._path = path.absolute() if path.name not in ("", "..") else path.resolve()
        self._overwrite = overwrite
        name = hidden_name(self._path)
        self._draft = self._path.with_name(f"{name}.part")
        self._former = self._path.with_name(f"{name}.old")
        self._fate = Fate(path)
        with self._translated():
            if not self._path.parent.is_dir():
                problem = f"its folder {self._path.parent} does not exist"
                raise InputError("folder", problem, "create it first")
            self._check_place()

    def _check_place(self) -> None:
        """Refuse a place where something is.

        Raises:
            InputError: Something is, and is not to be replaced.
        """
        path = self._path
        if path.is_symlink():
            raise InputError("folder", f"{path} is a link", "name the folder itself")
        if not path.exists():
            return
        if not path.is_dir():
            raise InputError("folder", f"{path} is a file", "name a folder, or a new one")
        if not any(path.iterdir()):
            return
        if not self._overwrite:
            raise InputError(
                "folder", f"{path} is not empty", "name another folder, or overwrite the export"
            )
        if not _is_export(path):
            problem = f"{path} holds something else than an export to Markdown"
            raise InputError("folder", problem, "name another folder, or empty it yourself")

    def write(self, contents: Contents, *, user_id: str, created_at: dt.datetime) -> Written:
        """Write the files beside their place, on disk when this returns.

        Raises:
            ArchiveError: They can't be written, or were given up.
        """
        try:
            with self._translated():
                self._draft.mkdir(mode=0o700)
                written = write_pages(
                    self._draft,
                    contents,
                    user_id=user_id,
                    created_at=created_at,
                    before_each=self._fate.check_wanted,
                )
                _sync(self._draft)
                self._fate.check_wanted()
        except BaseException:
            self.give_up()
            raise
        return written

    def publish(self) -> None:
        """Put what was written into its place, durably.

        Raises:
            InputError: Something is there by now, and is not to be replaced.
            ArchiveError: It can't be put there, or was given up.
        """
        self._fate.publish()
        try:
            with self._translated():
                self._check_place()
                if self._path.exists():
                    self._replace()
                else:
                    self._draft.rename(self._path)
                flush_folder(self._path.parent)
        except BaseException:
            self._take_away()
            raise

    def _replace(self) -> None:
        # No system replaces a folder that has something in it at one go: what was there steps
        # aside first, and back if the new one can't take its place.
        self._path.rename(self._former)
        try:
            self._draft.rename(self._path)
        except BaseException:
            self._former.rename(self._path)
            raise
        shutil.rmtree(self._former)

    def give_up(self) -> None:
        """Leave nothing behind of it, unless it is being put into its place or is there."""
        if self._fate.give_up():
            self._take_away()

    def _take_away(self) -> None:
        shutil.rmtree(self._draft, ignore_errors=True)

    @contextlib.contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            # Who gave it up takes away what is being written.
            self._fate.check_wanted()
            raise ArchiveError(
                f"{self._path} can't be written ({error.strerror or error}); free some space, make "
                "the folder above it writable, or name one elsewhere"
            ) from error


def _is_export(path: Path) -> bool:
    """Return whether a folder holds an export, and nothing that was put there besides."""
    for entry in path.iterdir():
        is_folder = entry.name == SESSIONS and entry.is_dir() and not entry.is_symlink()
        if is_folder:
            if any(each.suffix != ".md" or not each.is_file() for each in entry.iterdir()):
                return False
        elif entry.name not in (README, FACTS) or not entry.is_file():
            return False
    try:
        with (path / README).open(encoding="utf-8") as file:
            return file.readline().rstrip("\n") == MARK
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _sync(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened, contextlib.suppress(OSError):
                os.fsync(opened.fileno())
    for each in (folder / SESSIONS, folder):
        flush_folder(each)
