"""The turns of a reply as its record holds them, and the messages they become.

A turn is plain JSON values: something heard, something the agent said (one block), or a tool's call
with its result. What the agent says without a tool in between becomes one message.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from agentscope.message import Msg, ToolResultState

from remanence.middleware.spoken import BETWEEN_BLOCKS
from remanence.middleware.storable import storable_id, storable_name, storable_texts
from remanence.types import Message, Role
from remanence.validation import check_at

__all__ = [
    "Turn",
    "add_to_call",
    "add_to_result",
    "heard_turn",
    "messages_of_turns",
    "said_turn",
    "tool_turn",
]

Turn = dict[str, Any]

_LONGEST_CALL = 500
_LONGEST_RESULT = 2_000
_UNTOLD = (ToolResultState.DENIED, ToolResultState.INTERRUPTED)
"""What a tool did not do: the result's text is the framework's, not the tool's."""


def heard_turn(message: Msg, text: str, now: dt.datetime) -> Turn:
    """Return what somebody else said."""
    return {
        "type": "heard",
        "id": message.id,
        "role": message.role,
        "name": message.name,
        "text": text,
        "at": _said_at(message, now).isoformat(),
    }


def said_turn(block_id: str, now: dt.datetime) -> Turn:
    """Return a block that the agent begins to say."""
    return {"type": "said", "block": block_id, "texts": [], "at": now.isoformat()}


def tool_turn(call_id: str, name: str, now: dt.datetime) -> Turn:
    """Return a tool's call that begins."""
    return {
        "type": "tool",
        "call": call_id,
        "name": name,
        "input": "",
        "input_length": 0,
        "result": "",
        "result_length": 0,
        "state": None,
        "at": now.isoformat(),
    }


def add_to_call(turn: Turn | None, text: str) -> None:
    """Add to the arguments of a call, up to their bound; ``None`` is a call that is not kept."""
    _add(turn, "input", text, _LONGEST_CALL)


def add_to_result(turn: Turn | None, text: str) -> None:
    """Add to the result of a call, up to its bound; ``None`` is a call that is not kept."""
    _add(turn, "result", text, _LONGEST_RESULT)


def _add(turn: Turn | None, field: str, text: str, longest: int) -> None:
    if turn is not None:
        turn[field] += text[: max(0, longest - len(turn[field]))]
        turn[f"{field}_length"] += len(text)


def messages_of_turns(
    turns: Sequence[Turn], *, reply_id: str, agent_name: str, first: int
) -> tuple[list[Message], int]:
    """Return what is stored of turns, in order; blank ones become nothing.

    What was heard keeps its sender's id. The messages of the reply itself carry its id, all but the
    first with their number behind it.

    Args:
        turns: What was heard, said and done.
        reply_id: The reply's id.
        agent_name: Who replied.
        first: How many messages of this reply there were before.

    Returns:
        The messages, and how many of this reply there are with them.
    """
    own = first
    messages: list[Message] = []
    for turn in _joined(turns):
        if turn["type"] == "heard":
            for number, part in enumerate(storable_texts(turn["text"])):
                name = storable_name(turn["name"])
                messages.append(_message(turn["role"], part, name, turn, turn["id"], number))
            continue
        tool = turn["type"] == "tool"
        role: Role = "tool" if tool else "assistant"
        name = storable_name(turn["name"] if tool else agent_name)
        for part in storable_texts(_tool_text(turn) if tool else turn["text"]):
            metadata = _tool_metadata(turn) if tool else {}
            messages.append(_message(role, part, name, turn, reply_id, own, metadata))
            own += 1
    return messages, own


def _message(
    role: Role,
    text: str,
    name: str | None,
    turn: Turn,
    whole_id: str,
    number: int,
    metadata: dict[str, Any] | None = None,
) -> Message:
    at = dt.datetime.fromisoformat(turn["at"])
    part_id = f"{storable_id(whole_id)}#{number}" if number else storable_id(whole_id)
    return Message(role, text, name, at, part_id, metadata or {})


def _joined(turns: Sequence[Turn]) -> list[Turn]:
    """Join what the agent said in one go."""
    joined: list[Turn] = []
    for turn in turns:
        if turn["type"] != "said":
            joined.append(turn)
            continue
        text = "".join(turn["texts"])
        if not text.strip():
            continue
        if joined and joined[-1]["type"] == "said":
            joined[-1]["text"] += BETWEEN_BLOCKS + text
        else:
            joined.append({**turn, "text": text})
    return joined


def _tool_text(turn: Turn) -> str:
    call = f"{turn['name']}({_shortened(turn, 'input')})"
    if turn["state"] is None:
        return f"{call}\n(no result)"
    if turn["state"] in _UNTOLD:
        return f"{call}\n({turn['state']})"
    failed = "(error) " if turn["state"] == ToolResultState.ERROR else ""
    return f"{call}\n{failed}{_shortened(turn, 'result')}".rstrip()


def _shortened(turn: Turn, field: str) -> str:
    text, length = turn[field], turn[f"{field}_length"]
    return text if length == len(text) else f"{text}… [{length:,} characters, shortened]"


def _tool_metadata(turn: Turn) -> dict[str, Any]:
    """Mark a message as a tool's."""
    return {
        "tool": storable_name(turn["name"]),
        "tool_call_id": storable_id(turn["call"]),
        "state": turn["state"],
    }


def _said_at(message: Msg, now: dt.datetime) -> dt.datetime:
    """Return when a message was made, or ``now`` if it tells no time that can be kept.

    A time without a zone is the machine's.
    """
    try:
        said = dt.datetime.fromisoformat(message.created_at)
        return check_at("at", said.astimezone() if said.tzinfo is None else said)
    except (ValueError, OverflowError):
        return now
