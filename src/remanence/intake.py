"""What comes in: checked, dated, analysed, and given an id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import uuid_utils

from remanence.errors import InputError
from remanence.index.text import analyze
from remanence.store.facts import NewFact
from remanence.store.protocol import Batch, NewEpisode
from remanence.types import Conversation, Message, Scope
from remanence.validation import check_at, check_content, check_metadata

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
            tuple(_new_episode(message, now) for message in conversation.messages),
        )
        for conversation in conversations
    ]


def _new_episode(message: Message, now: datetime) -> NewEpisode:
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
    )


def new_fact(
    text: str,
    *,
    at: datetime | None,
    metadata: Mapping[str, Any],
    sources: Sequence[str],
    now: datetime,
) -> NewFact:
    """Return a statement as it goes into the store.

    Raises:
        InputError: An argument is not acceptable.
    """
    return NewFact(
        id=_new_id(),
        text=check_content("text", text),
        at=now if at is None else check_at("at", at),
        recorded_at=now,
        metadata=check_metadata("metadata", metadata),
        analysis=analyze(text),
        sources=tuple(dict.fromkeys(sources)),
    )
