"""The conversation that comes with the demonstration, and the questions about it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.resources
import itertools
import json

from remanence.types import Conversation, Message, Scope

__all__ = ["USER", "Question", "conversations", "questions", "told_live"]

USER = "alice"

_FOLDER = "remanence.cli.demo"


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """Something that only memory can answer.

    Attributes:
        text: The question.
        expected: Words that stand in the evidence.
    """

    text: str
    expected: str


def _read(name: str) -> str:
    return (importlib.resources.files(_FOLDER) / name).read_text("utf-8")


def conversations() -> list[Conversation]:
    """Return the bundled sessions, by date."""
    records = [json.loads(line) for line in _read("conversation.jsonl").splitlines()]
    sessions = itertools.groupby(records, key=lambda record: record["session_id"])
    return [
        Conversation(
            Scope(USER, session_id=session_id),
            tuple(
                Message(
                    record["role"],
                    record["content"],
                    record["name"],
                    dt.datetime.fromisoformat(record["at"]),
                    record["id"],
                )
                for record in session
            ),
        )
        for session_id, session in sessions
    ]


def told_live() -> list[str]:
    """Return what Alice tells the agent in the first process."""
    return [
        "One more thing: I got a locker at the music school, it is number 48 and the key is blue.",
        "And my accordion lessons are on Wednesday evenings from now on.",
    ]


def questions() -> list[Question]:
    """Return what Alice asks in the second process."""
    bundled = [
        Question(record["question"], record["answer_contains"])
        for record in json.loads(_read("questions.json"))
    ]
    return [*bundled, Question("What is the number of my locker at the music school?", "48")]
