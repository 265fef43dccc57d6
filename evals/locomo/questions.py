"""Reads LoCoMo's questions and the turns that hold the evidence for their answers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Container, Mapping
from typing import Any

__all__ = ["CATEGORIES", "Question", "read_questions"]

CATEGORIES: Mapping[int, str] = {
    1: "multi-hop",
    2: "temporal",
    3: "open-domain",
    4: "single-hop",
    5: "adversarial",
}

_TURN_ID = re.compile(r"D(\d+):(\d+)")


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """A question about one conversation.

    Attributes:
        text: What is asked.
        category: A key of :data:`CATEGORIES`.
        evidence: The ids of the turns that answer it, each once; none if the data set names no
            turn that exists.
        respelt: Whether all of them are spelt otherwise in the data set, as ``D30:05``.
    """

    text: str
    category: int
    evidence: tuple[str, ...]
    respelt: bool


def read_questions(sample: Mapping[str, Any], turns: Container[str]) -> list[Question]:
    """Return a sample's questions.

    Args:
        sample: One element of the file's list.
        turns: The ids of the turns that exist.
    """
    return [_question(asked, turns) for asked in sample["qa"]]


def _question(asked: Mapping[str, Any], turns: Container[str]) -> Question:
    # Some entries name several turns, and some are misspelt.
    told = [match for entry in asked["evidence"] for match in _TURN_ID.finditer(entry)]
    named = {f"D{int(match[1])}:{int(match[2])}": match[0] for match in told}
    there = {turn: spelt for turn, spelt in named.items() if turn in turns}
    return Question(
        text=asked["question"].strip(),
        category=asked["category"],
        evidence=tuple(there),
        respelt=bool(there) and all(turn != spelt for turn, spelt in there.items()),
    )
