"""Records of a file, gathered into the conversations to store."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from remanence.cli.formats import Record
from remanence.errors import RecordError
from remanence.types import Conversation, Message, Scope

__all__ = ["Gathered", "gather"]


@dataclasses.dataclass(frozen=True, slots=True)
class Gathered:
    """What a file holds.

    Attributes:
        conversations: Its messages by scope, in order of first appearance; they are imported.
        skipped: What was malformed and passed over.
    """

    conversations: tuple[Conversation, ...]
    skipped: tuple[RecordError, ...]

    @property
    def messages(self) -> int:
        """How many messages there are."""
        return sum(len(conversation.messages) for conversation in self.conversations)

    @property
    def sessions(self) -> int:
        """How many sessions they are of."""
        return len(self.conversations)

    @property
    def users(self) -> int:
        """How many users they are of."""
        return len({conversation.scope.user_id for conversation in self.conversations})


def gather(entries: Iterable[Record | RecordError], *, skip_malformed: bool) -> Gathered:
    """Group records by scope.

    Args:
        entries: What a reader yields.
        skip_malformed: Collect malformed records instead of raising the first.

    Raises:
        RecordError: A record is malformed, or has an id that another message of its session has.
    """
    messages: dict[Scope, list[Message]] = {}
    first: dict[tuple[Scope, str], Record] = {}
    skipped: list[RecordError] = []
    for entry in entries:
        error = entry if isinstance(entry, RecordError) else _clash(entry, first)
        if error is None and isinstance(entry, Record):
            messages.setdefault(entry.scope, []).append(entry.message)
        elif error is not None and skip_malformed:
            skipped.append(error)
        elif error is not None:
            raise error
    conversations = [
        Conversation(scope, tuple(told), imported=True) for scope, told in messages.items()
    ]
    return Gathered(tuple(conversations), tuple(skipped))


def _clash(record: Record, first: dict[tuple[Scope, str], Record]) -> RecordError | None:
    """Return what is wrong if another message of the session has the record's id."""
    message = record.message
    if message.id is None:
        return None
    earlier = first.setdefault((record.scope, message.id), record)
    if (earlier.message.role, earlier.message.content) == (message.role, message.content):
        return None
    return RecordError(
        record.where,
        "id",
        f"{message.id!r} is taken by another message, at {earlier.where}",
        "give each message of a session an id of its own",
    )
