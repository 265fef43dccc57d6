"""Writes an archive: what it is handed, piece by piece."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import zipfile
from collections.abc import Callable, Iterable
from typing import BinaryIO

from remanence._version import __version__
from remanence.archive.limits import LIMITS, Limits
from remanence.archive.lines import line_of
from remanence.archive.manifest import (
    EPISODES,
    FACTS,
    FORMAT,
    MANIFEST,
    SESSIONS,
    VERSION,
    Manifest,
    Member,
    written_manifest,
)
from remanence.errors import ArchiveError
from remanence.store.archive import ArchivedItem, ArchivedSession, Contents

__all__ = ["Written", "write_archive"]

_LEVEL = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """How much was written.

    Attributes:
        sessions: How many sessions.
        episodes: How many episodes.
        facts: How many facts.
    """

    sessions: int
    episodes: int
    facts: int


def _go_on() -> None:
    """Let it go on."""


def write_archive(
    file: BinaryIO,
    contents: Contents,
    *,
    user_id: str,
    created_at: dt.datetime,
    before_each: Callable[[], None] = _go_on,
    limits: Limits = LIMITS,
) -> Written:
    """Write an archive of all that a store keeps of a user.

    Args:
        file: Where to; opened for writing, empty, and able to be rewound.
        contents: What to write.
        user_id: Whose it is.
        created_at: When that is.
        before_each: Called before each line; what it raises ends the writing.
        limits: How large it may become.

    Raises:
        ArchiveError: It would be larger than can be read again.
    """
    for compression in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        file.seek(0)
        file.truncate()
        packing = _Packing(file, compression, before_each, limits)
        with packing.zip:
            members = {
                SESSIONS: packing.add(SESSIONS, contents.sessions()),
                EPISODES: packing.add(EPISODES, contents.episodes()),
                FACTS: packing.add(FACTS, contents.facts()),
            }
            manifest = Manifest(
                format=FORMAT,
                version=VERSION,
                schema_version=contents.schema,
                package=__version__,
                user_id=user_id,
                created_at=created_at,
                files=members,
            )
            packing.zip.writestr(zipfile.ZipInfo(MANIFEST), written_manifest(manifest))
        # What packs so well that it would look like a trap is written as it is.
        if not limits.suspicious(packing.size, file.tell()):
            break
    return Written(*(members[name].lines for name in (SESSIONS, EPISODES, FACTS)))


class _Packing:
    """A zip file that is being written.

    Attributes:
        zip: The file.
        size: How many bytes went in.
    """

    def __init__(
        self, file: BinaryIO, compression: int, before_each: Callable[[], None], limits: Limits
    ) -> None:
        self.zip = zipfile.ZipFile(file, "w", compression, compresslevel=_LEVEL)
        self.size = 0
        self._before_each = before_each
        self._limits = limits

    def add(self, name: str, records: Iterable[ArchivedSession | ArchivedItem]) -> Member:
        """Write a member, one record a line."""
        digest = hashlib.sha256()
        lines = size = 0
        with self.zip.open(name, "w", force_zip64=True) as member:
            for record in records:
                self._before_each()
                line = line_of(record)
                member.write(line)
                digest.update(line)
                lines += 1
                size += len(line)
                if self.size + size > self._limits.whole:
                    raise ArchiveError(
                        f"the memory is larger than the {self._limits.whole:,} bytes that an "
                        "archive holds; forget some of it, or copy the database file instead"
                    )
        self.size += size
        return Member(lines=lines, bytes=size, sha256=digest.hexdigest())
