"""Reads an archive: nothing in it is believed before it was looked at."""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import io
import operator
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

from remanence.archive.checks import Whole
from remanence.archive.limits import LIMITS, Limits
from remanence.archive.lines import episode_of, fact_of, session_of
from remanence.archive.manifest import (
    EPISODES,
    FACTS,
    MANIFEST,
    MEMBERS,
    SESSIONS,
    Manifest,
    read_manifest,
)
from remanence.errors import ArchiveError
from remanence.store.archive import ArchivedItem, ArchivedSession

__all__ = ["ArchiveReader"]

T = TypeVar("T", bound=ArchivedItem)

_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    NotImplementedError,  # features of zip files that nobody needs here
    RuntimeError,
    ValueError,
    OverflowError,
)
"""What the standard library raises on files that are no zip files, or not whole."""


class ArchiveReader:
    """An archive that is being read; to be used with ``with``.

    Its members are never unpacked to files. Each is read once, from its first line to its last, and
    compared with what the manifest says of it.

    Args:
        path: The file.
        limits: How large it may be.

    Attributes:
        manifest: What it is.
    """

    def __init__(self, path: Path, *, limits: Limits = LIMITS) -> None:
        """Open the file, and read its manifest.

        Raises:
            ArchiveError: It can't be read, is no archive, or not a whole one.
        """
        self._path = path
        self._limits = limits
        self._whole = Whole()
        self._file = _opened(path)
        try:
            with self._translated():
                self._zip = zipfile.ZipFile(self._file)
                self._members = self._look_at_members()
                manifest = self._zip.read(self._members[MANIFEST])
            self.manifest: Manifest = read_manifest(manifest, str(path))
            self._check_sizes()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        """Return this reader."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    @contextlib.contextmanager
    def _translated(self) -> Generator[None]:
        """Turn what a broken file makes the standard library raise into an error that says so.

        Raises:
            ArchiveError: It raised something.
        """
        try:
            yield
        except _BROKEN as error:
            raise ArchiveError(
                f"{self._path} is no whole zip file ({error}); copy it again, or export again"
            ) from error
        except OSError as error:
            raise ArchiveError(f"{self._path} can't be read ({error.strerror or error})") from error

    def _look_at_members(self) -> dict[str, zipfile.ZipInfo]:
        """Return the members by name, none of which has been read.

        Raises:
            ArchiveError: They are not just those that belong into an archive.
        """
        members: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            name = member.filename
            if name in members:
                raise self._refused(f"has {name!r} in it twice")
            if name not in (MANIFEST, *MEMBERS):
                raise self._refused(f"has {name[:100]!r} in it, which belongs into no archive")
            if member.flag_bits & _ENCRYPTED:
                raise self._refused("is encrypted; decrypt it first")
            if member.compress_type not in _COMPRESSIONS:
                raise self._refused(f"has {name!r} packed in a way that no archive is")
            members[name] = member
        for name in (MANIFEST, *MEMBERS):
            if name not in members:
                raise self._refused(f"has no {name!r} in it, and so is no archive")
        if members[MANIFEST].file_size > self._limits.manifest:
            raise self._refused("has a manifest that is too large")
        return members

    def _check_sizes(self) -> None:
        """Refuse what is too large before it is unpacked.

        Raises:
            ArchiveError: It is.
        """
        told = self.manifest.files
        for name, member in told.items():
            if member.bytes != self._members[name].file_size:
                raise self._refused(f"has a {name!r} of another size than its manifest says")
            if member.lines > member.bytes:
                raise self._refused(f"tells of more lines in {name!r} than can be in it")
        size = sum(member.bytes for member in told.values())
        packed = self._file.seek(0, io.SEEK_END)
        if size > self._limits.whole:
            raise self._refused(f"unpacks to {size:,} bytes, more than {self._limits.whole:,}")
        if self._limits.suspicious(size, packed):
            raise self._refused(f"unpacks to {size:,} bytes from {packed:,}: nothing honest does")

    def _refused(self, problem: str) -> ArchiveError:
        return ArchiveError(f"{self._path} {problem}")

    def sessions(self) -> Iterator[ArchivedSession]:
        """Yield the sessions.

        Raises:
            ArchiveError: The file is damaged, or something is there twice.
            RecordError: A line is not acceptable; the error names it, its field and what is wrong.
        """
        for line, where in self._lines(SESSIONS):
            session = session_of(line, where)
            self._whole.session(session, where)
            yield session

    def items(self) -> Iterator[ArchivedItem]:
        """Yield episodes and facts, by number, once all of :meth:`sessions` were read.

        Whoever takes something in has to wait for the last one: what is wrong with the archive as a
        whole is told after it.

        Raises:
            ArchiveError: The file is damaged, or something is there twice.
            RecordError: A line is not acceptable, or names what is not in the archive.
        """
        episodes = self._numbered(EPISODES, episode_of)
        facts = self._numbered(FACTS, fact_of)
        by_number = heapq.merge(episodes, facts, key=operator.itemgetter(0))
        for _, item, where in by_number:
            self._whole.item(item, where)
            yield item
        self._whole.finish()

    def _numbered(
        self, name: str, read: Callable[[bytes, str], T]
    ) -> Iterator[tuple[int, ArchivedItem, str]]:
        last = 0
        for line, where in self._lines(name):
            item = read(line, where)
            if item.number <= last:
                raise ArchiveError(
                    f"{where}: number: {item.number} does not come after {last}; restore the "
                    "archive, or export again"
                )
            last = item.number
            yield item.number, item, where

    def _lines(self, name: str) -> Iterator[tuple[bytes, str]]:
        """Yield the lines of a member, each with its place.

        Raises:
            ArchiveError: It is damaged, or isn't what the manifest says.
        """
        told = self.manifest.files[name]
        digest = hashlib.sha256()
        number = size = 0
        with self._translated():
            member = io.BufferedReader(self._zip.open(self._members[name]))  # pyright: ignore[reportArgumentType] - typeshed wants a raw stream
        with member:
            while True:
                with self._translated():
                    line = member.readline(self._limits.line + 1)
                if not line:
                    break
                number += 1
                size += len(line)
                where = f"{self._path}:{name}:{number}"
                if len(line) > self._limits.line:
                    raise ArchiveError(f"{where}: the line is longer than any that is written")
                if not line.endswith(b"\n"):
                    raise ArchiveError(f"{where}: the line is cut off; copy the archive again")
                digest.update(line)
                yield line, where
        if (number, size, digest.hexdigest()) != (told.lines, told.bytes, told.sha256):
            raise self._refused(
                f"has a {name!r} that is not what its manifest says: it was damaged, or changed; "
                "restore the archive, or export again"
            )


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise ArchiveError(f"there is no file {path}; check the name") from error
    except IsADirectoryError as error:
        raise ArchiveError(f"{path} is a folder; name an archive in it") from error
    except OSError as error:
        raise ArchiveError(f"{path} can't be read ({error.strerror})") from error
