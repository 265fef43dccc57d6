"""What comes in: checked, dated, analysed, and given an id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, get_args

import uuid_utils

from remanence.errors import InputError
from remanence.extract.sameness import attribute_key
from remanence.index.text import analyze
from remanence.store.facts import NewFact
from remanence.store.protocol import Batch, NewEpisode
from remanence.types import Conversation, FactKind, Message, Role, Scope
from remanence.validation import (
    check_at,
    check_content,
    check_flag,
    check_identifier,
    check_metadata,
)

__all__ = ["as_tuple", "check_conversation", "check_scope", "new_batches", "new_fact"]

T = TypeVar("T")


def check_scope(scope: object) -> None:
    """Refuse what is no scope.

    Raises:
        InputError: It is something else.
    """
    if not isinstance(scope, Scope):
        raise InputError("scope", f"is {type(scope).__name__}", "give a Scope, as Scope('alice')")


def as_tuple(field: str, values: Iterable[T]) -> tuple[T, ...]:
    """Return what was given as a tuple.

    Raises:
        InputError: It is no collection.
    """
    try:
        return tuple(values)
    except TypeError as error:
        raise InputError(field, f"is {type(values).__name__}", "give a list") from error


def check_conversation(conversation: Conversation) -> None:
    """Refuse what is no conversation with a scope and messages.

    Raises:
        InputError: It, or something in it, is something else.
    """
    if not isinstance(conversation, Conversation):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise InputError(
            "conversations",
            f"has a {type(conversation).__name__} in it",
            "give Conversation records, as Conversation(scope, messages)",
        )
    check_scope(conversation.scope)
    check_flag("imported", conversation.imported)
    for message in as_tuple("messages", conversation.messages):
        if not isinstance(message, Message):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            raise InputError(
                "messages",
                f"has a {type(message).__name__} in it",
                "give Message records, as Message('user', 'Hello')",
            )


def _new_id() -> str:
    return str(uuid_utils.uuid7())


def new_batches(conversations: Sequence[Conversation], now: datetime) -> list[Batch]:
    """Return conversations as they go into the store; what has no time is given ``now``."""
    return [
        Batch(
            conversation.scope,
            tuple(
                _new_episode(message, now, imported=conversation.imported)
                for message in conversation.messages
            ),
        )
        for conversation in conversations
    ]


def _new_episode(message: Message, now: datetime, *, imported: bool) -> NewEpisode:
    return NewEpisode(
        id=_new_id(),
        role=message.role,
        content=message.content,
        name=message.name,
        at=message.at or now,
        recorded_at=now,
        message_id=message.id,
        metadata=check_metadata("metadata", message.metadata),
        analysis=analyze(message.content),
        imported=imported,
    )


def new_fact(  # noqa: PLR0913 - what can be told of a statement, each by its name
    text: str,
    *,
    at: datetime | None,
    metadata: Mapping[str, Any],
    sources: Sequence[str],
    now: datetime,
    kind: FactKind | None = None,
    attribute: str | None = None,
    stated_by: Role | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> NewFact:
    """Return a statement as it goes into the store.

    Raises:
        InputError: An argument is not acceptable.
    """
    _check_one_of("kind", kind, get_args(FactKind))
    _check_one_of("stated_by", stated_by, get_args(Role))
    if kind == "instruction" and stated_by not in (None, "user"):
        raise InputError(
            "kind",
            f"is 'instruction', and those are the words of {stated_by!r}",
            "only the user gives instructions: take 'preference', or leave it out",
        )
    begin = None if valid_from is None else check_at("valid_from", valid_from)
    end = None if valid_until is None else check_at("valid_until", valid_until)
    if begin is not None and end is not None and end <= begin:
        raise InputError("valid_until", "is no later than valid_from", "give a later time")
    return NewFact(
        id=_new_id(),
        text=check_content("text", text),
        at=now if at is None else check_at("at", at),
        recorded_at=now,
        metadata=check_metadata("metadata", metadata),
        analysis=analyze(text),
        sources=tuple(dict.fromkeys(sources)),
        kind=kind,
        attribute=None if attribute is None else _attribute_of(attribute),
        stated_by=stated_by,
        valid_from=begin,
        valid_until=end,
    )


def _check_one_of(field: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        raise InputError(field, f"is {value!r}", f"use one of {', '.join(known)}, or None")


def _attribute_of(attribute: object) -> str:
    key = attribute_key(check_identifier("attribute", attribute))
    if not key:
        raise InputError("attribute", f"is {attribute!r}", "name whose and what, as 'nora: city'")
    return key
