"""Reads JSON Lines: one message a line."""

from __future__ import annotations

import collections
import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from typing import Any, cast

from remanence.cli.formats.record import Defaults, Reading, Record
from remanence.errors import InputError, RecordError
from remanence.types import Message, Scope

__all__ = ["read_jsonl"]

_FIELDS = (
    "role",
    "content",
    "name",
    "at",
    "id",
    "metadata",
    "user_id",
    "agent_id",
    "session_id",
)

_Occurrences = collections.Counter[tuple[Scope, str, str]]


def read_jsonl(text: str, file: str, defaults: Defaults) -> Reading:
    """Read messages; blank lines are passed over.

    Args:
        text: The file's text.
        file: Its name, for the places of records.
        defaults: Fill in what a record lacks.
    """
    # Only a line feed ends a line: JSON strings may hold the other characters that str.splitlines
    # breaks at.
    lines = text.split("\n")
    return Reading(len(lines), _records(lines, file, defaults))


def _records(lines: list[str], file: str, defaults: Defaults) -> Iterator[Record | RecordError]:
    occurrences: _Occurrences = collections.Counter()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{file}:{number}"
        try:
            yield _record(line, where, defaults, occurrences)
        except RecordError as error:
            yield error
        except InputError as error:
            yield RecordError(where, error.field, error.problem, error.fix)


def _record(line: str, where: str, defaults: Defaults, occurrences: _Occurrences) -> Record:
    fields = _fields(line)
    user_id = fields.get("user_id", defaults.user_id)
    if user_id is None:
        raise InputError("user_id", "is missing", "add it to the record, or give --user")
    scope = Scope(
        user_id,
        fields.get("agent_id", defaults.agent_id),
        fields.get("session_id", defaults.session_id),
    )
    message = Message(
        role=fields["role"],
        content=fields["content"],
        name=fields.get("name"),
        at=_time(fields["at"]) if "at" in fields else None,
        id=fields.get("id"),
        metadata=fields.get("metadata", {}),
    )
    if message.id is None:
        key = (scope, message.role, message.content)
        occurrences[key] += 1
        derived = _derived_id(scope.session_id, occurrences[key] - 1, message)
        message = Message(
            message.role, message.content, message.name, message.at, derived, message.metadata
        )
    return Record(where, scope, message)


def _fields(line: str) -> dict[str, Any]:
    """Return the fields of a line that are not null, all of them known, none required missing."""
    try:
        value: object = json.loads(line)
    except json.JSONDecodeError as error:
        problem = f"is not JSON ({error.msg}, column {error.colno})"
        raise InputError("record", problem, "write one object a line") from error
    except (ValueError, RecursionError) as error:  # numbers too long, brackets too deep
        raise InputError("record", f"can't be read ({error})", "write one object a line") from error
    if not isinstance(value, dict):
        raise InputError("record", "is not a JSON object", 'write {"role": …, "content": …}')
    entries = cast("dict[str, Any]", value)
    for name in entries:
        if name not in _FIELDS:
            raise InputError(
                name,
                "is no field of a message",
                f"use {', '.join(_FIELDS)}; others fit in metadata",
            )
    fields = {name: entry for name, entry in entries.items() if entry is not None}
    for name in ("role", "content"):
        if name not in fields:
            raise InputError(name, "is missing", "every message needs a role and a content")
    return fields


def _time(value: object) -> dt.datetime:
    fix = "write ISO 8601 with an offset, as 2026-03-01T09:30:00+00:00"
    if not isinstance(value, str):
        raise InputError("at", f"is {value!r}, not a string", fix)
    try:
        time = dt.datetime.fromisoformat(value)
    except ValueError as error:
        raise InputError("at", f"is {value!r}, no date and time", fix) from error
    if time.tzinfo is None:
        raise InputError("at", f"is {value!r}, without an offset from UTC", fix)
    return time


def _derived_id(session_id: str | None, occurrence: int, message: Message) -> str:
    """Return an id for a message that has none, the same whenever the file is imported again.

    ``occurrence`` counts equal messages of the session from 0. It is not the line's place: lines
    that are added, removed or mended must not change the ids of the others.
    """
    said = json.dumps([session_id, occurrence, message.role, message.content])
    return f"import:{hashlib.sha256(said.encode()).hexdigest()[:16]}"
