"""What was really said in a reply, put together from the agent's events.

The record of a reply under way lives in the agent's state as plain JSON values, so that a reply
that waits for somebody outside can be resumed in another process, from the restored state.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from agentscope.event import (
    ReplyEndEvent,
    RequireExternalExecutionEvent,
    RequireUserConfirmEvent,
    TextBlockDeltaEvent,
)
from agentscope.message import DataBlock, Msg, TextBlock, URLSource
from agentscope.state import AgentState

from remanence.backends.protocol import Exchange
from remanence.middleware.note import is_note
from remanence.middleware.storable import storable_id, storable_name, storable_texts
from remanence.types import Message

__all__ = ["Transcript", "heard_text", "spoken_text"]

_BETWEEN_BLOCKS = "\n"
_STRUCTURED = "structured output"
"""The name of the block that holds the data of a structured reply."""


def spoken_text(message: Msg) -> str:
    """Return what a message says: its texts, and references in place of its attachments."""
    parts: list[str] = []
    for block in message.content:
        if isinstance(block, TextBlock):
            parts.append(block.text)
        elif isinstance(block, DataBlock):
            parts.append(_reference(block))
    return _BETWEEN_BLOCKS.join(part for part in parts if part.strip())


def _reference(block: DataBlock) -> str:
    where = f" at {block.source.url}" if isinstance(block.source, URLSource) else ""
    name = f" {block.name!r}" if block.name else ""
    return f"[attachment{name} of type {block.source.media_type}{where}]"


def heard_text(inputs: object) -> str:
    """Return what the inputs of a reply say, as one text; empty if they are no messages."""
    return "\n".join(text for text in map(spoken_text, _messages(inputs)) if text)


def _messages(inputs: object) -> Sequence[Msg]:
    if isinstance(inputs, Msg):
        return [inputs]
    if isinstance(inputs, list):
        items = cast("list[object]", inputs)
        return [item for item in items if isinstance(item, Msg)]
    return []


class Transcript:
    """The record of the reply under way.

    Args:
        state: The agent's state, which holds the record.
        key: The record's name there.
        agent_name: Who says what the events tell.
    """

    def __init__(self, state: AgentState, key: str, agent_name: str) -> None:
        """Look at the state; nothing is recorded yet."""
        self._state = state
        self._agent_name = agent_name
        self._key = key

    def _record(self) -> dict[str, Any] | None:
        return self._state.middle_context.get(self._key)

    @property
    def waiting(self) -> bool:
        """Whether the reply waits for somebody outside, so that its end is still to come."""
        record = self._record()
        return record is not None and record["waiting"]

    def begin(self, reply_id: str, inputs: object, now: dt.datetime) -> None:
        """Start the record of a new reply with what the agent has heard since its last one.

        That is what it observed meanwhile, and what this reply was given. What an earlier record
        still holds could not be stored then, and is taken along.
        """
        given = _messages(inputs)
        heard = [*self._observed({message.id for message in given}), *given]
        earlier = self._record()
        unsaved = [] if earlier is None else _told(earlier, now)
        self._state.middle_context[self._key] = {
            "reply_id": reply_id,
            "heard": unsaved + [_heard(message, now) for message in heard],
            "said": {},
            "agent": self._agent_name,
            "waiting": False,
        }

    def _observed(self, given: set[str]) -> list[Msg]:
        """Return the messages in the context after the agent's own last one, less those given."""
        observed: list[Msg] = []
        for message in reversed(self._state.context):
            if message.role == "assistant" and message.name == self._agent_name:
                break
            if message.id not in given and not is_note(message):
                observed.append(message)
        return observed[::-1]

    def note(self, event: object) -> None:
        """Take down an event of the reply."""
        record = self._record()
        if record is None:
            return
        match event:
            case TextBlockDeltaEvent():
                record["said"].setdefault(event.block_id, []).append(event.delta)
            case RequireUserConfirmEvent() | RequireExternalExecutionEvent():
                record["waiting"] = True
            case ReplyEndEvent():
                record["waiting"] = False
                output = _structured_output(self._state)
                if output is not None:
                    record["said"][_STRUCTURED] = [json.dumps(output, ensure_ascii=False)]
            case _:
                pass

    def resume(self) -> None:
        """Go on with a reply that waited."""
        record = self._record()
        if record is not None:
            record["waiting"] = False

    def exchange(self, now: dt.datetime) -> Exchange | None:
        """Return what was said so far, or ``None`` if that is nothing."""
        record = self._record()
        if record is None:
            return None
        messages = [message for told in _told(record, now) for message in _kept(told)]
        return Exchange(record["reply_id"], tuple(messages)) if messages else None

    def clear(self) -> None:
        """Drop the record."""
        self._state.middle_context.pop(self._key, None)


def _told(record: Mapping[str, Any], now: dt.datetime) -> list[dict[str, Any]]:
    """Return all that a record holds: what was heard, then what the agent said."""
    pieces = map("".join, record["said"].values())
    said = {
        "id": record["reply_id"],
        "role": "assistant",
        "name": record["agent"],
        "content": _BETWEEN_BLOCKS.join(text for text in pieces if text.strip()),
        "at": now.isoformat(),
    }
    return [*record["heard"], said] if said["content"] else [*record["heard"]]


def _kept(told: Mapping[str, Any]) -> Iterator[Message]:
    """Yield what is stored of something told: one message, or several if it is very long."""
    for number, part in enumerate(storable_texts(told["content"])):
        yield Message(
            role=told["role"],
            content=part,
            name=storable_name(told["name"]),
            at=dt.datetime.fromisoformat(told["at"]),
            id=storable_id(f"{told['id']}:{number}" if number else told["id"]),
        )


def _structured_output(state: AgentState) -> object:
    """Return the data that a reply gave, or ``None`` if it was not asked for any."""
    # Structured replies, and their place in the state, came after AgentScope 2.0.3.
    return getattr(getattr(state, "reply_context", None), "structured_output", None)


def _heard(message: Msg, now: dt.datetime) -> dict[str, Any]:
    return {
        "id": message.id,
        "role": message.role,
        "name": message.name,
        "content": spoken_text(message),
        "at": _said_at(message, now).isoformat(),
    }


def _said_at(message: Msg, now: dt.datetime) -> dt.datetime:
    """Return when a message was made; its text has no time zone where that is the machine's."""
    try:
        said = dt.datetime.fromisoformat(message.created_at)
    except ValueError:
        return now
    return said.astimezone() if said.tzinfo is None else said
