"""Reads the conversations of a workspace, one message a line as AgentScope writes them."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from remanence.errors import InputError
from remanence.moving.arrivals import Gathering, Place
from remanence.moving.reme.places import Workspace
from remanence.types import Role
from remanence.validation import check_at, check_identifier

__all__ = ["Conversations", "Spoken"]

_ROLES = ("user", "assistant")


@dataclasses.dataclass(frozen=True, slots=True)
class Spoken:
    """A message that was found.

    Attributes:
        id: The id of its episode.
        role: Who says it.
        day: The day on which it was said, where it was said.
        content: What was said.
    """

    id: str
    role: Role
    day: dt.date
    content: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    where: str
    fields: dict[str, Any]


class Conversations:
    """What was said in a workspace, by the name that ReMe has for a session.

    Args:
        workspace: Where it was said.
        gathering: Takes what is found.
    """

    def __init__(self, workspace: Workspace, gathering: Gathering) -> None:
        """Nothing was read yet."""
        self._workspace = workspace
        self._gathering = gathering
        self._said: dict[str, list[Spoken]] = {}
        self._by_message_id: dict[tuple[Place, str], Spoken] = {}

    def sources(self, session: str | None, day: dt.date | None) -> Sequence[Spoken]:
        """Return what a note of a session rests on: what was said that day, else all of it."""
        if session is None:
            return ()
        said = self._said.get(session, [])
        return [each for each in said if each.day == day] or said

    def known(self, place: Place, message_id: str | None) -> Spoken | None:
        """Return the message that has an id in a session."""
        return None if message_id is None else self._by_message_id.get((place, message_id))

    def keep(self, session: str, place: Place, message_id: str | None, said: Spoken) -> None:
        """Remember that something was said in a session."""
        self._said.setdefault(session, []).append(said)
        if message_id is not None:
            self._by_message_id[place, message_id] = said

    def read(self, file: Path, place: Place) -> None:
        """Read a conversation; what it holds besides the words of the two is passed over."""
        session = file.stem
        occurrences: collections.Counter[str] = collections.Counter()
        latest: dt.datetime | None = None
        for line in self._lines(file):
            role = line.fields.get("role")
            content = _content(line.fields.get("content"))
            if role not in _ROLES or not content.strip():
                continue
            latest = _time(line.fields) or latest or _changed(file)
            message_id = _identifier(line.fields.get("id"))
            known = self.known(place, message_id)
            if known is not None:
                if known.content != content:
                    self._gathering.skip(
                        line.where, f"id: message {message_id!r} is there before with other words"
                    )
                elif known not in self._said.get(session, ()):
                    self.keep(session, place, message_id, known)
                continue
            told = message_id or hashlib.sha256(f"{role}\x00{content}".encode()).hexdigest()
            occurrences[told] += 1
            found = self._gathering.message(
                place,
                f"dialog\x00{session}\x00{told}\x00{occurrences[told]}",
                where=line.where,
                role=role,
                content=content,
                at=latest,
                name=_identifier(line.fields.get("name")),
                message_id=message_id,
                metadata={"source": {"from": "reme", "path": self._workspace.path(file)}},
            )
            if found is not None:
                self.keep(session, place, message_id, Spoken(found, role, latest.date(), content))

    def _lines(self, file: Path) -> list[_Line]:
        path = f"{self._workspace.label}{self._workspace.path(file)}"
        try:
            lines = file.read_bytes().split(b"\n")
        except OSError as error:
            self._gathering.skip(path, f"can't be read ({error.strerror})")
            return []
        found: list[_Line] = []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"{path}:{number}"
            try:
                fields: object = json.loads(line.decode("utf-8-sig"))
            except UnicodeDecodeError:
                self._gathering.skip(where, "is not UTF-8")
            except (ValueError, RecursionError):
                self._gathering.skip(where, "is no JSON")
            else:
                if isinstance(fields, dict):
                    found.append(_Line(where, cast("dict[str, Any]", fields)))
                else:
                    self._gathering.skip(where, "is no JSON object")
        return found


def _content(content: object) -> str:
    """Return what a message says: its text blocks, a line each."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    blocks = [
        cast("dict[str, Any]", block)
        for block in cast("list[object]", content)
        if isinstance(block, dict)
    ]
    texts = [block.get("text") for block in blocks if block.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str) and text.strip())


def _time(fields: dict[str, Any]) -> dt.datetime | None:
    """Return when a message was made; a time without a zone is the machine's."""
    try:
        said = dt.datetime.fromisoformat(str(fields.get("created_at")))
        return check_at("at", said.astimezone() if said.tzinfo is None else said)
    except (ValueError, OverflowError, OSError):
        return None


def _changed(file: Path) -> dt.datetime:
    return dt.datetime.fromtimestamp(file.stat().st_mtime, dt.UTC)


def _identifier(value: object) -> str | None:
    """Return what can name a speaker or a message; ``None`` for what can't."""
    try:
        return check_identifier("id", value)
    except InputError:
        return None
