"""What a chat model is asked, as one that only looks things up reads it."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

from remanence.llm.protocol import Question

__all__ = ["is_reading", "moment", "overlap", "records"]

_WORD = re.compile(r"\w+")


def is_reading(question: Question) -> bool:
    """Return whether a question is for facts, rather than for verdicts on them."""
    return "facts" in question.schema["properties"]


def records(question: Question, letter: str) -> dict[str, dict[str, Any]]:
    """Return what a question shows one a line, by id, in its order.

    Args:
        question: The question.
        letter: What the ids begin with: ``e`` for new messages, ``c`` for those before them, ``d``
            for new statements, ``k`` for known ones.
    """
    lines = (line for line in question.text.splitlines() if line.startswith('{"id": "'))
    shown = (json.loads(line) for line in lines)
    return {each["id"]: each for each in shown if each["id"].startswith(letter)}


def moment(told: str) -> dt.datetime:
    """Return a time that is told as ``Wednesday 2024-05-01 23:30 -08:00``."""
    return dt.datetime.strptime(told.partition(" ")[2], "%Y-%m-%d %H:%M %z")


def overlap(one: str, other: str) -> float:
    """Return how many different words of the longer of two texts the other has too, 0 to 1."""
    words, others = (set(_WORD.findall(text.casefold())) for text in (one, other))
    return len(words & others) / max(len(words), len(others), 1)
