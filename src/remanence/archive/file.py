"""An archive's file: written beside its place, and put there when it is whole."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Generator
from pathlib import Path

from remanence.archive.placing import Fate, hidden_name
from remanence.archive.writing import Written, write_archive
from remanence.errors import ArchiveError, InputError
from remanence.flushing import flush_folder
from remanence.store.archive import Contents

__all__ = ["ArchiveFile"]


class ArchiveFile:
    """A file that is there as a whole, or not at all; readable by its owner only.

    It may be written by one thread and given up by another, until it is being put into its place.

    Args:
        path: Where it is to be.
        overwrite: Whether what is there may be replaced.
    """

    def __init__(self, path: Path, *, overwrite: bool) -> None:
        """Look whether it can be there; nothing is written yet.

        Raises:
            InputError: It can't.
            ArchiveError: Nobody can tell, since its folder can't be looked at.
        """
        self._path = path
        self._overwrite = overwrite
        self._draft = path.with_name(f"{hidden_name(path)}.part")
        self._fate = Fate(path)
        with self._translated():
            if path.is_dir():
                raise InputError("path", f"{path} is a folder", "name a file in it")
            if not path.parent.is_dir():
                problem = f"its folder {path.parent} does not exist"
                raise InputError("path", problem, "create it first")
            if not overwrite and (path.exists() or path.is_symlink()):
                raise self._taken()

    def _taken(self) -> InputError:
        return InputError("path", f"{self._path} exists already", "name another file, or overwrite")

    def write(self, contents: Contents, *, user_id: str, created_at: dt.datetime) -> Written:
        """Write an archive beside its place, on disk when this returns.

        Raises:
            ArchiveError: It can't be written, would be too large, or was given up.
        """
        try:
            with self._translated():
                descriptor = os.open(
                    self._draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY, 0o600
                )
                with os.fdopen(descriptor, "w+b") as file:
                    written = write_archive(
                        file,
                        contents,
                        user_id=user_id,
                        created_at=created_at,
                        before_each=self._fate.check_wanted,
                    )
                    file.flush()
                    os.fsync(file.fileno())
                self._fate.check_wanted()
        except BaseException:
            self.give_up()
            raise
        return written

    def publish(self) -> int:
        """Put what was written into its place, durably; return its size in bytes.

        Raises:
            InputError: Something is there by now, and is not to be replaced.
            ArchiveError: It can't be put there, or was given up.
        """
        self._fate.publish()
        try:
            with self._translated():
                size = self._draft.stat().st_size
                if self._overwrite:
                    self._draft.replace(self._path)
                else:
                    self._put_into_new_place()
                flush_folder(self._path.parent)
        except BaseException:
            self._take_away()
            raise
        return size

    def _put_into_new_place(self) -> None:
        try:
            os.link(self._draft, self._path)
        except FileExistsError:
            raise self._taken() from None
        except OSError:  # there are file systems without links: take the place, then fill it
            self._take_place()
        else:
            self._draft.unlink(missing_ok=True)

    def _take_place(self) -> None:
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            raise self._taken() from None
        try:
            self._draft.replace(self._path)
        except BaseException:
            self._path.unlink(missing_ok=True)
            raise

    def give_up(self) -> None:
        """Leave nothing behind of it, unless it is being put into its place or is there."""
        if self._fate.give_up():
            self._take_away()

    def _take_away(self) -> None:
        with contextlib.suppress(OSError):
            self._draft.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise ArchiveError(
                f"{self._path} can't be written ({error.strerror or error}); free some space, make "
                "the folder writable, or name a file elsewhere"
            ) from error


_BINARY: int = getattr(os, "O_BINARY", 0)
