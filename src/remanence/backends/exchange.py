"""An exchange, and the form in which it waits in queues: JSON that names its version.

A queue outlives an upgrade, so every version that was ever written has to be read.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, cast

from remanence.errors import InputError
from remanence.types import Message

__all__ = ["Exchange", "exchange_from_json", "exchange_to_json"]

_VERSION = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Exchange:
    """The messages of one reply, as they were really said.

    Attributes:
        reply_id: The reply's id; together with the scope and ``part`` it tells exchanges apart.
        messages: What was said, in order. Each message has an ``id`` and an ``at``.
        part: 0, or for what a reply went on to say after it had been stored, 1, 2, and so on.
    """

    reply_id: str
    messages: tuple[Message, ...]
    part: int = 0

    @property
    def key(self) -> str:
        """What tells it apart within its scope."""
        return f"{self.reply_id}#{self.part}" if self.part else self.reply_id


def exchange_to_json(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange as plain JSON values."""
    return {
        "version": _VERSION,
        "reply_id": exchange.reply_id,
        "part": exchange.part,
        "messages": [_message_to_json(message) for message in exchange.messages],
    }


def exchange_from_json(data: object) -> Exchange:
    """Return the exchange that :func:`exchange_to_json` wrote.

    Raises:
        InputError: It is something else, or of a version that is not known here.
    """
    record = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    if record.get("version") != _VERSION:
        raise InputError(
            "exchange",
            "is of a form that this version does not know",
            "upgrade the package: pip install --upgrade remanence",
        )
    try:
        messages = tuple(_message_from_json(message) for message in record["messages"])
        return Exchange(str(record["reply_id"]), messages, int(record["part"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("exchange", f"is damaged ({error!r})", "drop it") from error


def _message_to_json(message: Message) -> dict[str, Any]:
    return {
        "role": message.role,
        "content": message.content,
        "name": message.name,
        "at": None if message.at is None else message.at.isoformat(),
        "id": message.id,
        "metadata": dict(message.metadata),
    }


def _message_from_json(data: dict[str, Any]) -> Message:
    at = data["at"]
    return Message(
        role=data["role"],
        content=data["content"],
        name=data["name"],
        at=None if at is None else dt.datetime.fromisoformat(at),
        id=data["id"],
        metadata=data["metadata"],
    )
