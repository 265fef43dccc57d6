"""Reads workspaces: what their notes state, and what was said that they rest on."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

from remanence.backends.reme.notes import Note, read_note
from remanence.errors import InputError
from remanence.moving.arrivals import Arrivals, Gathering, Place
from remanence.moving.reme.cutting import Piece, cut
from remanence.moving.reme.dialogs import Conversations, Spoken
from remanence.moving.reme.pages import is_evidence, written_by_hand
from remanence.moving.reme.places import (
    NoteFile,
    Workspace,
    dialog_files,
    note_files,
    read_text,
    workspaces,
)
from remanence.moving.reme.resting import Sources
from remanence.moving.reme.sessions import Sessions
from remanence.types import Role
from remanence.validation import check_at, check_identifier

__all__ = ["read_reme"]

_SOURCE = "reme"
_LONGEST_TITLE = 80
_LONGEST_LINK = 1_000
_NOON = dt.time(12, tzinfo=dt.UTC)
_DIALOG = re.compile(r"\[\[[^\]|]*?([^/\]|]+)\.jsonl(?:\|[^\]]*)?\]\]")


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    file: NoteFile
    where: str
    note: Note
    first_line: int

    @property
    def session(self) -> str | None:
        """What ReMe calls the session that the note comes from."""
        named = _text(self.note.fields.get("session_id"))
        if named:
            return named
        link = _DIALOG.search(_text(self.note.fields.get("source_conversation"))[:_LONGEST_LINK])
        return None if link is None else link[1]


def read_reme(
    path: Path,
    *,
    user_id: str | None,
    agent_id: str | None = None,
    now: dt.datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Arrivals:
    """Read a workspace of ReMe, or one for each user as this package keeps them.

    Notes become statements, one for each paragraph and item of a list; what was said becomes
    messages. A statement rests on those of its session and day that share most words with it. What
    this package wrote comes back as it was stored. Nothing in the workspace is changed, and what
    ReMe derives from its notes is never read.

    Args:
        path: A workspace, or a folder that has ``users`` with a workspace for each in it.
        user_id: Whose the workspace is; of several, the only one to read.
        agent_id: The agent, where nothing tells one.
        now: When it is read.
        progress: Told how many files were read, and of how many.

    Raises:
        InputError: The folder is no workspace, or nobody said whose it is.
    """
    if agent_id is not None:
        check_identifier("--agent", agent_id)
    gathering = Gathering(_SOURCE, now)
    found = [
        (
            workspace,
            list(note_files(workspace, gathering)),
            list(dialog_files(workspace, gathering)),
        )
        for workspace in workspaces(path, user_id, gathering)
    ]
    total = sum(len(notes) + len(dialogs) for _, notes, dialogs in found)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    for workspace, notes, dialogs in found:
        _Reader(workspace, agent_id, gathering, step).read(notes, dialogs)
    return gathering.arrivals()


class _Reader:
    """Reads one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        agent_id: str | None,
        gathering: Gathering,
        step: Callable[[], None],
    ) -> None:
        self._workspace = workspace
        self._gathering = gathering
        self._step = step
        self._conversations = Conversations(workspace, gathering)
        self._sessions = Sessions(workspace, agent_id)
        self._occurrences: collections.Counter[str] = collections.Counter()
        self._latest_sources: tuple[tuple[str, ...], Sources] | None = None

    def read(self, files: list[NoteFile], dialogs: list[Path]) -> None:
        """Read what was said, then what was noted, so that the one can rest on the other."""
        notes = [found for file in files if (found := self._opened(file)) is not None]
        for found in notes:
            self._sessions.learn(found.note.origin)
        stating = [found for found in notes if not self._take_message(found)]
        for dialog in dialogs:
            self._conversations.read(dialog, self._sessions.named(dialog.stem))
            self._step()
        for found in stating:
            self._take_statements(found)

    def _opened(self, file: NoteFile) -> _Found | None:
        where = f"{self._workspace.label}{file.path}"
        self._step()
        try:
            text = read_text(file.file)
        except InputError as error:
            self._gathering.skip(where, f"{error.problem}; {error.fix}")
            return None
        note = read_note(text)
        first_line = text.count("\n", 0, text.rfind(note.body)) + 1
        return _Found(file, where, note, first_line)

    def _place_of(self, found: _Found) -> Place:
        origin = found.note.origin
        if origin is None:
            return self._sessions.named(found.session)
        return self._sessions.of_origin(origin)

    def _take_message(self, found: _Found) -> bool:
        """Take what somebody said as it was stored; return whether the note tells that."""
        origin = found.note.origin
        if origin is None or origin.kind != "message":
            return False
        role = origin.role
        if origin.at is None or role is None or role not in get_args(Role):
            return False
        place = self._place_of(found)
        content = found.note.text
        known = self._conversations.known(place, origin.message_id)
        if known is not None:
            if known.content != content:
                self._gathering.skip(
                    found.where,
                    f"id: message {origin.message_id!r} is there before with other words",
                )
            return True
        told = [role, origin.name, origin.at.isoformat(), content]
        key = f"note\x00{found.file.path}\x00{_digest(told)}"
        item_id = self._gathering.message(
            place,
            key,
            where=found.where,
            role=role,
            content=content,
            at=origin.at,
            name=origin.name,
            message_id=origin.message_id,
            metadata={"source": {"from": _SOURCE, "path": found.file.path}},
        )
        if item_id is not None:
            said = Spoken(item_id, role, origin.at.date(), content)
            name = found.session or self._sessions.name_of(origin)
            self._conversations.keep(name, place, origin.message_id, said)
        return True

    def _take_statements(self, found: _Found) -> None:
        origin = found.note.origin
        if origin is not None and origin.kind == "statement":
            if found.note.text.strip():
                at = origin.at or _at(found.file)
                self._state(found, Piece(found.note.text, found.first_line, ()), at, ())
            else:
                self._gathering.skip(found.where, "says nothing")
            return
        if found.file.is_index:
            for piece in written_by_hand(found.note.body, found.first_line):
                self._state(found, piece, _at(found.file), ())
            return
        sources = self._sources_of(found)
        title = _title(_text(found.note.fields.get("name")))
        pieces = cut(found.note.body, found.first_line, title=title)
        description = _text(found.note.fields.get("description"))
        if not pieces and description:
            pieces = [Piece(description, 1, ())]
        if not pieces:
            self._gathering.skip(found.where, "says nothing")
        whole = sources.of(f"{title} {description} {found.note.body}")
        for piece in pieces:
            if is_evidence(piece, is_digest=found.file.day is None):
                continue
            said = sources.of(piece.text) or whole
            self._state(found, piece, _at(found.file), said)

    def _sources_of(self, found: _Found) -> Sources:
        """Return what the note's statements may rest on."""
        said = self._conversations.sources(found.session, found.file.day)
        key = tuple(each.id for each in said)
        if self._latest_sources is None or self._latest_sources[0] != key:
            self._latest_sources = key, Sources(said)
        return self._latest_sources[1]

    def _state(
        self, found: _Found, piece: Piece, at: dt.datetime, sources: Sequence[Spoken]
    ) -> None:
        is_own = found.note.origin is not None and found.note.origin.kind == "statement"
        key = f"statement\x00{found.file.path}\x00{_digest(piece.text)}"
        self._occurrences[key] += 1
        told: dict[str, Any] = {
            name: text
            for name in ("name", "description")
            if not (is_own or found.file.is_index) and (text := _text(found.note.fields.get(name)))
        }
        source = {"from": _SOURCE, "path": found.file.path, "line": piece.line}
        self._gathering.statement(
            self._place_of(found),
            f"{key}\x00{self._occurrences[key]}",
            where=f"{found.where}:{piece.line}",
            text=piece.text,
            at=at,
            metadata={**told, "source": source},
            stated_by=None if is_own else _stated_by(sources),
            sources=[each.id for each in sources],
        )


def _at(file: NoteFile) -> dt.datetime:
    """Return noon of a note's day, in UTC, or when a digest was changed last."""
    if file.day is not None:
        return dt.datetime.combine(file.day, _NOON)
    microseconds = file.file.stat().st_mtime_ns // 1_000
    at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
    return check_at("at", at)


def _stated_by(sources: Sequence[Spoken]) -> Role:
    """Return whose words a note is: an agent wrote it, of what it heard."""
    roles = {each.role for each in sources}
    return "user" if roles == {"user"} else "assistant"


def _digest(told: object) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _title(name: str) -> str:
    """Return a note's name in words; nothing for one that is a number or a time, or very long."""
    is_plain = len(name) <= _LONGEST_TITLE and not any(each.isdigit() for each in name)
    return " ".join(name.replace("-", " ").replace("_", " ").split()) if is_plain else ""


def _text(value: object) -> str:
    """Return what an entry of a note's top says; nothing for one that is no text, number or date.

    Lists are never written out: a few lines of YAML can name one that has no end.
    """
    is_plain = isinstance(value, str | int | float | dt.date)
    return " ".join(str(value).split()) if is_plain else ""
