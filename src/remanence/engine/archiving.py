"""All of one user's memory, out into a file and in from one, or from elsewhere."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from remanence.archive import Exported, Imported
from remanence.archive.drafts import Amounts, Draft
from remanence.engine.facts import FactMemory
from remanence.index.text import analyze
from remanence.intake import as_tuple
from remanence.store.analysis import Analysis
from remanence.store.archive import (
    ArchivedEnding,
    ArchivedEpisode,
    ArchivedItem,
    ArchivedSession,
    Contents,
    Incoming,
    TakenIn,
    sessions_of,
)
from remanence.store.audit import NewAudit
from remanence.telemetry import count, span
from remanence.types import Scope
from remanence.validation import check_content, check_flag, check_identifier

if TYPE_CHECKING:
    from remanence.archive.file import ArchiveFile
    from remanence.archive.reading import ArchiveReader

__all__ = ["ArchivingMemory"]


W = TypeVar("W", bound=Amounts)
P = TypeVar("P")


class ArchivingMemory(FactMemory):
    """A memory's archives."""

    async def export(
        self,
        path: str | Path,
        *,
        user_id: str,
        overwrite: bool = False,
        asked_by: str | None = None,
    ) -> Exported:
        """Write all that is kept of a user to one file, as of one moment.

        The file is a zip file with JSON Lines in it, for people and programs to read; see
        ``docs/archives.md``. It is not encrypted, and only its owner can read it. It is there as a
        whole, or not at all. Vectors are not in it: they are made anew where it is taken in.

        Args:
            path: Where the file is to be; its folder has to exist.
            user_id: Whose memory.
            overwrite: Whether a file that is there already is replaced.
            asked_by: Who asked for it, for the audit.

        Returns:
            What was written; an unknown user's archive is empty.

        Raises:
            InputError: An argument is not acceptable, or there is a file already.
            ArchiveError: The file can't be written.
            StoreError: The store can't be read.
        """
        self.check_open()
        check_identifier("user_id", user_id)
        _check_asked_by(asked_by)
        target = _path("path", path)
        check_flag("overwrite", overwrite)
        began = time.monotonic()
        draft = await asyncio.to_thread(_new_file, target, overwrite)
        at, written, file_bytes = await self._export(draft, user_id, asked_by)
        return Exported(
            path=target,
            user_id=user_id,
            at=at,
            asked_by=asked_by,
            file_bytes=file_bytes,
            seconds=time.monotonic() - began,
            **_counts(written),
        )

    async def _export(
        self, draft: Draft[W, P], user_id: str, asked_by: str | None
    ) -> tuple[datetime, W, P]:
        """Write all that is kept of a user, and put it in its place.

        Returns:
            As of when it is, how much it holds, and what came of putting it in its place.
        """

        def write(contents: Contents) -> tuple[datetime, W]:
            at = self._clock.now()
            return at, draft.write(contents, user_id=user_id, created_at=at)

        try:
            with span("export"):
                await self._eraser.take_up(user_id)
                at, written = await self._store.archive.read_out(user_id, write)
                # Before it is there: what is written down too much is no harm.
                audit = NewAudit(at, "export", user_id, asked_by, _counts(written))
                await self._store.audit.record(audit)
                published = await asyncio.to_thread(draft.publish)
        except BaseException:
            draft.give_up()
            raise
        count("exported", written.episodes + written.facts)
        return at, written, published

    async def import_archive(
        self, path: str | Path, *, user_id: str | None = None, asked_by: str | None = None
    ) -> Imported:
        """Take in an archive that :meth:`export` wrote, in one transaction: all of it or nothing.

        Ids, times and order are kept, so that what is recalled afterwards is what was recalled
        before. Where the user has something already, what comes in is numbered after it. What is
        there already, by its id, is not stored again; a fact that is there is completed by what the
        archive knows more of it. Importing twice changes nothing.

        Args:
            path: The file.
            user_id: Whose memory it becomes; the archive's own user by default.
            asked_by: Who asked for it, for the audit.

        Returns:
            What came of it.

        Raises:
            InputError: An argument is not acceptable.
            ArchiveError: The file is no archive, is damaged, too large, or of a newer version.
            RecordError: A line in it is not acceptable; the error names it and the field.
            ConflictError: The user has something else under an id, or a message id, of the archive.
            StoreError: The store can't.
        """
        self.check_open()
        if user_id is not None:
            check_identifier("user_id", user_id)
        _check_asked_by(asked_by)
        source = _path("path", path)
        began = time.monotonic()
        with span("import"):
            archived_user_id, sessions, items = await asyncio.to_thread(_read, source)
            user_id = user_id or archived_user_id
            taken, at = await self._take_in(user_id, sessions, items, asked_by=asked_by)
        count("imported", taken.episodes + taken.facts)
        return Imported(
            path=source,
            user_id=user_id,
            archived_user_id=archived_user_id,
            at=at,
            asked_by=asked_by,
            sessions=taken.sessions,
            episodes=taken.episodes,
            facts=taken.facts,
            episodes_there=taken.episodes_there,
            facts_there=taken.facts_there,
            facts_completed=taken.facts_completed,
            seconds=time.monotonic() - began,
        )

    async def take_in(
        self,
        user_id: str,
        items: Iterable[ArchivedItem],
        *,
        endings: Iterable[ArchivedEnding] = (),
        asked_by: str | None = None,
    ) -> TakenIn:
        """Take in what another memory held, in one transaction: all of it or nothing.

        It is as for :meth:`import_archive`, without a file: ids, times and order are kept, what
        comes in is numbered after what is there, and what is there already is not stored again. So
        all that another memory holds can be taken in by several calls, and an item twice.

        Args:
            user_id: Whose memory it becomes.
            items: Episodes and facts in the order in which they were recorded, as an archive has
                them; their numbers are of no matter. Within a session positions ascend. What a fact
                rests on, and what superseded it, comes with it or is there already.
            endings: What became of facts that are there.
            asked_by: Who asked for it, for the audit.

        Returns:
            What came of it.

        Raises:
            InputError: An argument is not acceptable.
            RecordError: An item is not acceptable; the error names it and the field.
            ConflictError: The user has something else under an id, or a message id, of an item; or
                an item names what is neither there nor comes with it.
            StoreError: The store can't.
        """
        self.check_open()
        check_identifier("user_id", user_id)
        _check_asked_by(asked_by)
        given = as_tuple("items", items)
        ended = as_tuple("endings", endings)
        with span("import"):
            checked, ends = await asyncio.to_thread(_check, given, ended)
            sessions = sessions_of(item for item, _ in checked)
            taken, _ = await self._take_in(
                user_id, sessions, checked, endings=ends, asked_by=asked_by
            )
        count("imported", taken.episodes + taken.facts)
        return taken

    async def _take_in(
        self,
        user_id: str,
        sessions: Sequence[ArchivedSession],
        items: _Items,
        *,
        endings: Sequence[ArchivedEnding] = (),
        asked_by: str | None,
    ) -> tuple[TakenIn, datetime]:
        """Store it, with the jobs that follow; return what came of it, and when that was."""
        incoming = Incoming(
            sessions=sessions,
            items=items,
            at=self._clock.now(),
            asked_by=asked_by,
            then=[
                *self._embedding_jobs([user_id]),
                *self._extraction_jobs(_unread(user_id, items)),
            ],
            extract=self.extracts,
            endings=endings,
        )
        await self._eraser.take_up(user_id)
        taken = await self._store.archive.take_in(user_id, incoming)
        self._wake()
        return taken, incoming.at


_Items = Sequence[tuple[ArchivedItem, Analysis]]


def _counts(written: Amounts) -> dict[str, int]:
    return {
        "sessions": written.sessions,
        "episodes": written.episodes,
        "facts": written.facts,
    }


def _path(field: str, path: str | Path) -> Path:
    named = str(path) if isinstance(path, Path) else path
    return Path(check_content(field, named)).expanduser()


def _check_asked_by(asked_by: str | None) -> None:
    if asked_by is not None:
        check_identifier("asked_by", asked_by)


# What validates an archive takes a while to load, and is needed by nobody else.
def _new_file(path: Path, overwrite: bool) -> ArchiveFile:
    module = importlib.import_module("remanence.archive.file")
    file: ArchiveFile = module.ArchiveFile(path, overwrite=overwrite)
    return file


def _read(path: Path) -> tuple[str, Sequence[ArchivedSession], _Items]:
    """Return whose memory an archive holds, and all of it, checked and analysed."""
    module = importlib.import_module("remanence.archive.reading")
    archive: ArchiveReader = module.ArchiveReader(path)
    with archive:
        sessions = list(archive.sessions())
        items = [(item, analyze(_text_of(item))) for item in archive.items()]
        return archive.manifest.user_id, sessions, items


def _check(
    items: Sequence[object], endings: Sequence[object]
) -> tuple[_Items, Sequence[ArchivedEnding]]:
    """Return what was handed in, checked and analysed."""
    module = importlib.import_module("remanence.archive.arriving")
    ends: Sequence[ArchivedEnding] = module.checked_endings(endings)
    checked: Sequence[ArchivedItem] = module.checked_items(items)
    return [(item, analyze(_text_of(item))) for item in checked], ends


def _text_of(item: ArchivedItem) -> str:
    return item.content if isinstance(item, ArchivedEpisode) else item.text


def _unread(user_id: str, items: _Items) -> Iterator[Scope]:
    """Yield the sessions in which something is still to be read for facts."""
    for item, _ in items:
        if isinstance(item, ArchivedEpisode) and item.extraction in ("waiting", "passed over"):
            yield Scope(user_id, item.agent_id, item.session_id)
