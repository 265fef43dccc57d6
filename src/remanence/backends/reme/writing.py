"""What is delivered, as notes: word for word, or as ReMe's agent is given it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import uuid_utils

from remanence.backends.exchange import Exchange
from remanence.backends.reme.naming import session_name
from remanence.backends.reme.notes import Origin, written_note
from remanence.backends.service import Delivery
from remanence.types import Message

__all__ = [
    "Extraction",
    "NewNote",
    "extraction_of",
    "notes_of_messages",
    "notes_of_statements",
    "words_of",
]

_NAME_LENGTH = 24
_DIGITS = 12


@dataclasses.dataclass(frozen=True, slots=True)
class NewNote:
    """A note that is to be written.

    Attributes:
        path: Its path in the workspace, with ``/``.
        text: The file's text.
    """

    path: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Extraction:
    """What ReMe's agent is given.

    Attributes:
        session: What ReMe knows the conversation by.
        day: Its day, as the folder of its note is called.
        messages: What was said, as AgentScope's messages.
        origin: What the note that it writes is marked with.
    """

    session: str
    day: str
    messages: tuple[Mapping[str, Any], ...]
    origin: Origin


def words_of(exchange: Exchange) -> Sequence[Message]:
    """Return what user and assistant said; what tools returned is no memory of theirs."""
    return [
        message
        for message in exchange.messages
        if message.role in ("user", "assistant") and message.content.strip()
    ]


def extraction_of(delivery: Delivery, said: Sequence[Message], zone: ZoneInfo) -> Extraction:
    """Return an exchange as ReMe's agent is given it.

    Args:
        delivery: The exchange's.
        said: Its messages.
        zone: The time zone of the workspace's days.
    """
    messages = tuple(
        {
            "id": message.id,
            "name": message.name or message.role,
            "role": message.role,
            "content": [{"type": "text", "text": message.content}],
            "created_at": _time(message).isoformat(),
        }
        for message in said
    )
    day = max(_time(message).astimezone(zone) for message in said).date().isoformat()
    origin = _origin("extracted", delivery)
    return Extraction(session_name(delivery.scope), day, messages, origin)


def notes_of_messages(delivery: Delivery, said: Iterable[Message], zone: ZoneInfo) -> list[NewNote]:
    """Return the notes of an exchange: one for each message, word for word.

    They are called the same however often it is delivered.

    Args:
        delivery: The exchange's.
        said: Its messages.
        zone: The time zone of the workspace's days.
    """
    notes: list[NewNote] = []
    for number, message in enumerate(said):
        at = _time(message)
        origin = dataclasses.replace(
            _origin("message", delivery),
            at=at,
            role=message.role,
            name=message.name,
            message_id=message.id,
        )
        speaker = message.name or message.role
        name = _name(delivery, number, at.astimezone(zone), speaker)
        text = written_note(name.stem, message.content, origin, {}, about=f"{speaker}: ")
        notes.append(NewNote(name.path, text))
    return notes


def notes_of_statements(delivery: Delivery, zone: ZoneInfo) -> list[NewNote]:
    """Return the notes of statements, one for each; else as for messages."""
    at = _time_of_key(delivery.key)
    origin = dataclasses.replace(_origin("statement", delivery), at=at)
    notes: list[NewNote] = []
    for number, text in enumerate(delivery.statements):
        name = _name(delivery, number, at.astimezone(zone), "note")
        notes.append(NewNote(name.path, written_note(name.stem, text, origin, {})))
    return notes


@dataclasses.dataclass(frozen=True, slots=True)
class _Name:
    stem: str
    path: str


def _name(delivery: Delivery, number: int, at: dt.datetime, who: str) -> _Name:
    scope = delivery.scope
    told = json.dumps([delivery.key, scope.agent_id, scope.session_id, number])
    digest = hashlib.sha256(told.encode()).hexdigest()[:_DIGITS]
    stem = f"{at:%H%M%S}-{_plain(who)}-{digest}"
    return _Name(stem, f"daily/{at:%Y-%m-%d}/{stem}.md")


def _plain(who: str) -> str:
    """Return a speaker's name as people find it in a folder; nobody reads it back."""
    letters = "".join(each if each.isalnum() else " " for each in who.casefold())
    return "-".join(letters.split())[:_NAME_LENGTH].strip("-") or "someone"


def _origin(kind: Any, delivery: Delivery) -> Origin:
    scope = delivery.scope
    return Origin(kind, (delivery.key,), agent_id=scope.agent_id, session_id=scope.session_id)


def _time(message: Message) -> dt.datetime:
    return message.at or dt.datetime.now(dt.UTC)


def _time_of_key(key: str) -> dt.datetime:
    """Return when statements were put into the queue: their key tells."""
    try:
        return dt.datetime.fromtimestamp(uuid_utils.UUID(key).timestamp / 1000, dt.UTC)
    except (ValueError, OverflowError):
        return dt.datetime.now(dt.UTC)
