"""Erasing from a workspace: notes, the conversations they were drawn from, and ReMe's index."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import re
import shutil
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from remanence.backends.pieces import Samples, occurrences
from remanence.backends.reme.answers import is_seen
from remanence.backends.reme.catalog import Entry, day_of, is_page
from remanence.backends.reme.files import fill_with_zeros, overwrite
from remanence.backends.reme.naming import quoted
from remanence.backends.reme.pages import strike_gone
from remanence.backends.reme.workspace import Workspace
from remanence.backends.service import Erased
from remanence.types import Check, Filter

__all__ = ["Doomed", "erase_everything", "erase_from"]

_DIALOGS = "session/dialog"
_REME = ("daily", "digest", "mem_session", "metadata", "resource", "session")
"""The folders of a workspace."""

_SHORTEST = 20
"""A shorter line may be anybody's."""

_LINES = re.compile(r":\d+-\d+$")
"""What an id of a part of a note ends in."""


_FILE_SYSTEM = (
    "what the file system keeps besides its files (snapshots, a journal, spare blocks of a disk), "
    "and copies of the workspace, as in version control"
)
_DRAWN = (
    "pages of the digest, which ReMe may have written with what is erased: {} of them; forget the "
    "user to be sure"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Doomed:
    """Which notes are to be erased.

    Attributes:
        where: What may be erased.
        ids: Only the notes that these name, or a part of which they name; ``None`` for all of it.
        paths: The paths of notes that the ids may name.
    """

    where: Filter
    ids: frozenset[str] | None = None
    paths: frozenset[str] = frozenset()

    @classmethod
    def of(cls, where: Filter, ids: Sequence[str] | None) -> Doomed:
        """Return what a filter sees, or the notes of it that ids name."""
        if ids is None:
            return cls(where)
        return cls(where, frozenset(ids), frozenset(_LINES.sub("", each) for each in ids))

    @property
    def whole(self) -> bool:
        """Whether it is everything of the user."""
        where = self.where
        limits = (where.agent_id, where.session_id, where.since, where.until)
        return self.ids is None and not any(limits)

    def names(self, workspace: Workspace, entry: Entry) -> list[str]:
        """Return the ids by which a note is to be erased; none if it is not to be."""
        if not is_seen(entry, self.where) and not self._is_half_written(entry):
            return []
        if self.ids is None:
            return [entry.path]
        if entry.path not in self.paths:
            return []
        return [each for each in (entry.path, *workspace.places(entry.path)) if each in self.ids]

    def _is_half_written(self, entry: Entry) -> bool:
        """Return whether a note is of a session that is to be erased, and was not marked so."""
        unmarked = entry.origin is None and entry.session is not None
        return unmarked and self.has_dialog(str(entry.session), frozenset())

    def has_dialog(self, name: str, drawn: frozenset[str]) -> bool:
        """Return whether a conversation is to be erased.

        Args:
            name: What ReMe knows it by.
            drawn: The conversations that notes were drawn from which are to be erased.
        """
        if name in drawn:
            return True
        where = self.where
        if self.ids is not None or where.session_id is None or where.since or where.until:
            return False
        agent, _, session = name.rpartition(".")
        return session == f"s-{quoted(where.session_id)}" and (
            where.agent_id is None or agent == quoted(where.agent_id)
        )


async def erase_from(workspace: Workspace, doomed: Doomed) -> Erased:
    """Erase some of what a workspace holds.

    Raises:
        OSError: A file can't be overwritten.
        BackendError: ReMe could not take it out of its index.
    """
    async with workspace.quiet():
        return await _erase(workspace, doomed)


async def _erase(workspace: Workspace, doomed: Doomed) -> Erased:
    await workspace.refresh()
    named = {
        entry: names
        for entry in workspace.catalog.entries()
        if (names := doomed.names(workspace, entry))
    }
    entries = list(named)
    drawn = frozenset(entry.session for entry in entries if entry.session is not None)
    dialogs = [path for path in _dialogs(workspace.folder) if doomed.has_dialog(path.stem, drawn)]
    notes = [workspace.folder / entry.path for entry in entries]
    samples = _samples([*notes, *dialogs])

    rewritten = await asyncio.to_thread(workspace.remove_transcripts)
    for path in (*dialogs, *notes):
        rewritten += await asyncio.to_thread(overwrite, path)
    with _replaced(workspace.folder / "metadata") as metadata:
        await workspace.refresh()
        await workspace.forget_paths([entry.path for entry in entries])
    rewritten += metadata.bytes
    struck = await asyncio.to_thread(strike_gone, workspace.folder)
    rewritten += sum(struck.values())
    days = {day for entry in entries if (day := day_of(entry.path)) is not None}
    for day in sorted(days | struck.keys()):
        await workspace.renew_page(day)

    digest = len(workspace.catalog.entries(lambda entry: entry.path.startswith("digest/")))
    return Erased(
        ids=tuple(each for names in named.values() for each in names),
        episodes=_said(entries),
        keys=_keys(entries),
        places={"notes": len(entries), "conversations": len(dialogs)},
        checks=tuple(_checks(workspace, entries, dialogs, samples)),
        out_of_reach=(*([_DRAWN.format(digest)] if digest else ()), _FILE_SYSTEM),
        bytes_rewritten=rewritten,
    )


def erase_everything(folder: Path, entries: Sequence[Entry], *, keep_folder: bool) -> Erased:
    """Erase a whole workspace that is closed; blocks.

    Args:
        folder: The workspace.
        entries: The notes in it.
        keep_folder: Whether the folder itself stays, with what else is in it.

    Raises:
        OSError: A file can't be overwritten.
    """
    roots = [folder / name for name in _REME] if keep_folder else [folder]
    for root in roots:
        if root.is_symlink():  # what it leads to is not in the workspace
            root.unlink()
    files = [file for root in roots for file in _files(root)]
    dialogs = sum(file.parent.name == "dialog" for file in files)
    resources = sum("resource" in file.relative_to(folder).parts[:1] for file in files)
    rewritten = sum(overwrite(file) for file in files)
    for root in roots:
        shutil.rmtree(root, ignore_errors=True)
    left = sum(1 for root in roots for _ in _files(root))
    return Erased(
        ids=tuple(entry.path for entry in entries),
        episodes=_said(entries),
        keys=_keys(entries),
        places={
            "notes": len(entries),
            "conversations": dialogs,
            "resources": resources,
            "other files": len(files) - len(entries) - dialogs - resources,
        },
        checks=(Check("ReMe's folders have no file", left == 0, f"{left} files are there"),),
        out_of_reach=(_FILE_SYSTEM,),
        bytes_rewritten=rewritten,
    )


def _dialogs(folder: Path) -> list[Path]:
    """Return the files of conversations; those that a link leads to are somewhere else."""
    place = folder / _DIALOGS
    if place.is_symlink() or place.parent.is_symlink():
        return []
    return sorted(path for path in place.glob("*.jsonl") if not path.is_symlink())


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield Path(place) / name


def _said(entries: Iterable[Entry]) -> int:
    return sum(entry.origin is not None and entry.origin.kind == "message" for entry in entries)


def _keys(entries: Iterable[Entry]) -> frozenset[str]:
    return frozenset(
        key for entry in entries if entry.origin is not None for key in entry.origin.keys
    )


def _samples(files: Iterable[Path]) -> Samples:
    texts: list[str] = []
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            lines = file.read_text("utf-8", errors="replace").split("\n")
            if file.suffix == ".jsonl":
                lines = [text for line in lines for text in _said_in(line)]
            texts.extend(line for line in lines if len(line) > _SHORTEST)
    return Samples(texts)


def _said_in(line: str) -> list[str]:
    """Return the texts of a message, as a conversation's file has it."""
    try:
        content: object = json.loads(line)["content"]
    except (ValueError, TypeError, KeyError):
        return [line]
    if not isinstance(content, list):
        return [str(content)]
    blocks = cast("list[Any]", content)
    told = [cast("dict[str, object]", block) for block in blocks if isinstance(block, dict)]
    return [text for block in told if isinstance(text := block.get("text"), str)]


@dataclasses.dataclass(slots=True)
class _Replaced:
    bytes: int = 0


@contextlib.contextmanager
def _replaced(folder: Path) -> Generator[_Replaced]:
    """Fill files with zeros that are replaced by others meanwhile."""
    told = _Replaced()
    with contextlib.ExitStack() as stack:
        held: list[BinaryIO] = []
        for file in _files(folder):
            with contextlib.suppress(FileNotFoundError):
                held.append(stack.enter_context(file.open("r+b")))
        yield told
        for file in held:
            if os.fstat(file.fileno()).st_nlink == 0:
                told.bytes += fill_with_zeros(file)


def _checks(
    workspace: Workspace, entries: Sequence[Entry], dialogs: Sequence[Path], samples: Samples
) -> Iterator[Check]:
    there = [entry.path for entry in entries if (workspace.folder / entry.path).exists()]
    there += [path.name for path in dialogs if path.exists()]
    yield Check("no file of it is there", not there, f"{len(there)} are there")
    known = sum(workspace.knows(entry.path) for entry in entries)
    yield Check("ReMe's index does not know it", known == 0, f"it knows {known} notes of it")
    if samples.pieces:
        found = _pieces_left(workspace.folder, samples)
        told = f"{len(samples.pieces)} pieces of it were looked for"
        yield Check(
            "no file of the workspace holds a piece of it",
            not found,
            f"{told}, and {len(found)} found in {', '.join(sorted(set(found))[:3])}"
            if found
            else told,
        )


def _pieces_left(folder: Path, samples: Samples) -> list[str]:
    """Return the files that hold a piece, without those that may say the same."""
    found: list[str] = []
    for file in _files(folder):
        path = file.relative_to(folder).as_posix()
        is_told = path.startswith(("daily/", "digest/", _DIALOGS)) and not is_page(path)
        if not is_told and any(occurrences(file, piece) for piece in samples.pieces):
            found.append(path)
    return found
