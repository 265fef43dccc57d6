"""mem0's history: the earlier versions of memories, what was deleted, and what was said last."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from remanence.backends.mem0.answers import time_of
from remanence.errors import InputError
from remanence.moving.mem0.points import copied

__all__ = ["History", "Said", "Version", "read_history"]

_EVENTS = (
    "SELECT memory_id, old_memory, new_memory, event, created_at, updated_at FROM history "
    "ORDER BY rowid"
)
_MESSAGES = "SELECT id, session_scope, role, content, name, created_at FROM messages ORDER BY rowid"
_OPTION = "--history"
_FIX = "name the history.db that mem0 writes, or leave it out"
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"


@dataclasses.dataclass(frozen=True, slots=True)
class Version:
    """What a memory said.

    Attributes:
        text: The text.
        at: Since when, if that is known.
    """

    text: str
    at: dt.datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """A message that mem0 keeps.

    Attributes:
        id: The id of its row.
        scope: What its scope names, as ``user_id``.
        fields: What else is kept: ``role``, ``content``, ``name`` and ``created_at``.
    """

    id: str
    scope: Mapping[str, str]
    fields: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class History:
    """What was read.

    Attributes:
        versions: What each memory said, the first first, by its id.
        deleted: The ids of memories that were deleted.
        said: The messages, in order.
    """

    versions: Mapping[str, Sequence[Version]] = dataclasses.field(
        default_factory=dict[str, Sequence[Version]]
    )
    deleted: frozenset[str] = frozenset()
    said: Sequence[Said] = ()


def read_history(file: Path) -> History:
    """Return what a history tells.

    Raises:
        InputError: It can't be read, or is no history of mem0's.
    """
    with contextlib.closing(sqlite3.connect(":memory:")) as copy:
        try:
            copied(file, copy)
        except InputError as error:
            raise InputError(_OPTION, error.problem, _FIX) from error
        try:
            tables = {name for (name,) in copy.execute(_TABLES)}
            if "history" not in tables:
                problem = f"{file} is no history of mem0's: it has no table of that name"
                raise InputError(_OPTION, problem, _FIX)
            events = copy.execute(_EVENTS).fetchall()
            said = copy.execute(_MESSAGES).fetchall() if "messages" in tables else []
        except sqlite3.Error as error:
            raise InputError(
                _OPTION,
                f"{file} is not as mem0 writes it ({error})",
                "have the installed version of mem0 open it once, or leave it out",
            ) from error
    versions: dict[str, list[Version]] = {}
    deleted: set[str] = set()
    for memory, old, new, event, created_at, updated_at in events:
        if event == "DELETE":
            deleted.add(str(memory))
        elif isinstance(new, str):
            told = versions.setdefault(str(memory), [])
            if not told and isinstance(old, str):
                told.append(Version(old, time_of(created_at)))
            changed = updated_at if event == "UPDATE" else None
            told.append(Version(new, time_of(changed) or time_of(created_at)))
    return History(versions, frozenset(deleted), [_said(row) for row in said])


def _said(row: Sequence[Any]) -> Said:
    id_, scope, role, content, name, created_at = row
    parts = [part.partition("=") for part in str(scope or "").split("&")]
    return Said(
        str(id_),
        {key: _unescaped(value) for key, _, value in parts if value},
        {"role": role, "content": content, "name": name, "created_at": created_at},
    )


def _unescaped(value: str) -> str:
    """Return an id that mem0 wrote into the name of a scope."""
    return value.replace("%3D", "=").replace("%26", "&").replace("%25", "%")
