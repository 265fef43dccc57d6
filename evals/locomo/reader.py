"""Reads LoCoMo's conversations: sessions of dated, captioned turns between two people.

The data set is LoCoMo (Maharana et al., ACL 2024), ``locomo10.json``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from remanence import Conversation, Message, Scope

__all__ = ["read_conversations"]

_SESSION = re.compile(r"session_(\d+)")
_DATE = "%I:%M %p on %d %B, %Y"
_TURN_SPACING = timedelta(minutes=1)


def read_conversations(sample: Mapping[str, Any], *, captions: bool = True) -> list[Conversation]:
    """Return a sample's sessions, earliest first.

    Args:
        sample: One element of the file's list.
        captions: Whether the caption of a shared picture is part of the turn's text.

    Returns:
        One conversation a session. Each message's ``id`` is its turn's ``dia_id``, and its ``at``
        is the session's date, taken as UTC, and a minute a turn.
    """
    told: Mapping[str, Any] = sample["conversation"]
    numbers = sorted(int(match[1]) for key in told if (match := _SESSION.fullmatch(key)))
    return [
        Conversation(
            Scope(sample["sample_id"], session_id=f"session_{number}"),
            _messages(told[f"session_{number}"], told[f"session_{number}_date_time"], captions),
        )
        for number in numbers
    ]


def _messages(turns: list[Mapping[str, Any]], date: str, captions: bool) -> tuple[Message, ...]:
    start = datetime.strptime(date, _DATE).replace(tzinfo=UTC)
    return tuple(
        Message(
            "user",
            _text(turn, captions),
            name=turn["speaker"],
            at=start + place * _TURN_SPACING,
            id=turn["dia_id"],
            metadata={"dia_id": turn["dia_id"]},
        )
        for place, turn in enumerate(turns)
    )


def _text(turn: Mapping[str, Any], captions: bool) -> str:
    text, caption = turn["text"], turn.get("blip_caption")
    return f"{text} [shares {caption}]" if captions and caption else text
