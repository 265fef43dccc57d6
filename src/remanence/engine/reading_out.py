"""All of one user's memory, out into a folder for a person to read."""

from __future__ import annotations

import asyncio
import importlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from remanence.archive import ReadOut
from remanence.engine.forgetting import ForgettingMemory
from remanence.validation import check_content, check_flag, check_identifier

if TYPE_CHECKING:
    from remanence.archive.markdown.folder import MarkdownFolder

__all__ = ["ReadableMemory"]


class ReadableMemory(ForgettingMemory):
    """A memory's pages."""

    async def export_markdown(
        self,
        folder: str | Path,
        *,
        user_id: str,
        overwrite: bool = False,
        asked_by: str | None = None,
    ) -> ReadOut:
        """Write what is kept of a user to a folder of Markdown files, as of one moment.

        It is for people to read; see ``docs/archives.md``. It can't be taken in again: that needs
        an archive, as :meth:`export` writes it. It is not encrypted, and only its owner can read
        it. The folder is there as a whole, or not at all.

        Args:
            folder: Where the files are to be; the folder above it has to exist. An empty one may be
                there.
            user_id: Whose memory.
            overwrite: Whether an earlier export to this folder is replaced. What holds anything
                else is never replaced.
            asked_by: Who asked for it, for the audit.

        Returns:
            What was written; of an unknown user, pages that say that there is nothing.

        Raises:
            InputError: An argument is not acceptable, or something is there already.
            ArchiveError: The folder can't be written.
            StoreError: The store can't be read.
        """
        self.check_open()
        check_identifier("user_id", user_id)
        if asked_by is not None:
            check_identifier("asked_by", asked_by)
        target = _path(folder)
        check_flag("overwrite", overwrite)
        began = time.monotonic()
        draft = await asyncio.to_thread(_new_folder, target, overwrite)
        at, written, _ = await self._export(draft, user_id, asked_by)
        return ReadOut(
            path=target,
            user_id=user_id,
            at=at,
            asked_by=asked_by,
            sessions=written.sessions,
            episodes=written.episodes,
            facts=written.facts,
            files=written.files,
            file_bytes=written.file_bytes,
            seconds=time.monotonic() - began,
        )


def _path(folder: str | Path) -> Path:
    named = str(folder) if isinstance(folder, Path) else folder
    return Path(check_content("folder", named)).expanduser()


def _new_folder(path: Path, overwrite: bool) -> MarkdownFolder:
    module = importlib.import_module("remanence.archive.markdown.folder")
    folder: MarkdownFolder = module.MarkdownFolder(path, overwrite=overwrite)
    return folder
