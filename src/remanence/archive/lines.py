"""The lines of an archive: each a record, as a JSON object whose names are the record's."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Annotated, Any, Never, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from remanence.archive.shapes import Count, Id, Number, Time, what_is_wrong
from remanence.errors import InputError, RecordError
from remanence.store.archive import (
    ArchivedEpisode,
    ArchivedFact,
    ArchivedItem,
    ArchivedSession,
    ArchivedSource,
    ExtractionState,
)
from remanence.types import Ending, FactKind, Role
from remanence.validation import check_content, check_identifier, check_metadata

__all__ = ["episode_of", "fact_of", "line_of", "session_of"]

_FIX = "restore the archive, or export again"


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _SessionLine(_Line):
    agent_id: str | None
    session_id: str | None
    next_position: Count


class _EpisodeLine(_Line):
    number: Number
    id: Id
    agent_id: str | None
    session_id: str | None
    position: Count
    role: Role
    name: str | None
    content: str
    at: Time
    recorded_at: Time
    message_id: str | None
    metadata: dict[str, Any]
    imported: bool
    extraction: ExtractionState


class _SourceLine(_Line):
    episode: Id
    stated_by: Role | None
    drawn: bool


class _FactLine(_Line):
    number: Number
    id: Id
    agent_id: str | None
    session_id: str | None
    text: str
    at: Time
    recorded_at: Time
    metadata: dict[str, Any]
    imported: bool
    kind: FactKind | None
    attribute: str | None
    stated_by: Role | None
    confidence: Annotated[float, Field(ge=0, le=1)] | None
    valid_from: Time | None
    valid_until: Time | None
    stated_until: Time | None
    superseded_at: Time | None
    superseded_by: Id | None
    ending: Ending | None
    sources: list[_SourceLine]


L = TypeVar("L", bound=_Line)


def line_of(record: ArchivedSession | ArchivedItem) -> bytes:
    """Return a record as a line, with its end."""
    fields = {
        field.name: _json(field.name, getattr(record, field.name))
        for field in dataclasses.fields(record)
    }
    return (json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _json(name: str, value: Any) -> Any:
    if name == "metadata":
        return json.loads(value)
    if name == "sources":
        return [dataclasses.asdict(source) for source in value]
    return value.isoformat() if isinstance(value, dt.datetime) else value


def session_of(line: bytes, where: str) -> ArchivedSession:
    """Return the session of a line.

    Raises:
        RecordError: It is none; the error names ``where``, the field and what is wrong.
    """
    told = _checked(_SessionLine, line, where)
    try:
        _check_scope(told.agent_id, told.session_id)
    except InputError as error:
        raise _refused(where, error) from None
    return ArchivedSession(told.agent_id, told.session_id, told.next_position)


def episode_of(line: bytes, where: str) -> ArchivedEpisode:
    """Return the episode of a line.

    Raises:
        RecordError: As for :func:`session_of`.
    """
    told = _checked(_EpisodeLine, line, where)
    try:
        _check_scope(told.agent_id, told.session_id)
        check_content("content", told.content)
        for field, value in (("name", told.name), ("message_id", told.message_id)):
            if value is not None:
                check_identifier(field, value)
        metadata = check_metadata("metadata", told.metadata)
    except InputError as error:
        raise _refused(where, error) from None
    fields: dict[str, Any] = {**dict(told), "metadata": metadata}
    return ArchivedEpisode(**fields)


def fact_of(line: bytes, where: str) -> ArchivedFact:
    """Return the fact of a line.

    Raises:
        RecordError: As for :func:`session_of`.
    """
    told = _checked(_FactLine, line, where)
    try:
        _check_scope(told.agent_id, told.session_id)
        check_content("text", told.text)
        if told.attribute is not None:
            check_content("attribute", told.attribute)
        _check_end(told)
        metadata = check_metadata("metadata", told.metadata)
    except InputError as error:
        raise _refused(where, error) from None
    sources = tuple(
        ArchivedSource(each.episode, each.stated_by, each.drawn) for each in told.sources
    )
    if len({source.episode for source in sources}) < len(sources):
        raise RecordError(where, "sources", "names an episode twice", _FIX)
    fields: dict[str, Any] = {**dict(told), "metadata": metadata, "sources": sources}
    return ArchivedFact(**fields)


def _check_scope(agent_id: str | None, session_id: str | None) -> None:
    for field, value in (("agent_id", agent_id), ("session_id", session_id)):
        if value is not None:
            check_identifier(field, value)


def _check_end(told: _FactLine) -> None:
    if (told.superseded_at is None) != (told.ending is None):
        raise InputError("ending", "goes with superseded_at, and only with it", _FIX)
    if told.superseded_at is None and told.superseded_by is not None:
        raise InputError("superseded_by", "is there without superseded_at", _FIX)


def _refused(where: str, error: InputError) -> RecordError:
    return RecordError(where, error.field, error.problem, _FIX)


def _checked(shape: type[L], line: bytes, where: str) -> L:
    """Return a line's fields, as far as their names and types tell.

    Raises:
        RecordError: They are not as they should be.
    """
    try:
        fields: object = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):  # broken, numbers too long, brackets too deep
        raise RecordError(where, "record", "is not JSON", _FIX) from None
    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        field, problem = what_is_wrong(error)
        raise RecordError(where, field, problem, _FIX) from None


def _no_number(name: str) -> Never:
    raise ValueError(name)
