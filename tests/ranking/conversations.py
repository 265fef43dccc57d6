"""Reads the cases beside it: what was said, what is asked, and what of it is evidence."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path

from remanence import Conversation, Message, Scope

__all__ = ["Case", "conversations_of", "read_background", "read_cases"]

_HERE = Path(__file__).parent
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SOME_DAY = dt.datetime(2024, 6, 1, 9, tzinfo=dt.UTC)
_ROLES = ("user", "assistant")


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A question, and what was said.

    Attributes:
        family: What it is an example of.
        question: What is asked.
        within: Among how many first hits the evidence has to be.
        alone: Whether nothing else is remembered.
        sessions: The sessions' messages.
        evidence: The texts of those that answer.
    """

    family: str
    question: str
    within: int = 1
    alone: bool = False
    sessions: list[list[Message]] = dataclasses.field(default_factory=list[list[Message]])
    evidence: set[str] = dataclasses.field(default_factory=set[str])


def read_cases() -> list[Case]:
    """Return all cases."""
    filler = (_HERE / "filler.txt").read_text("utf-8").strip()
    family, cases = "", list[Case]()
    for line in (_HERE / "cases.txt").read_text("utf-8").splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "@":
            family = rest
        elif mark == "?":
            cases.append(Case(family, rest))
        elif mark == "=":
            cases[-1] = dataclasses.replace(cases[-1], within=int(rest))
        elif mark == "alone":
            cases[-1] = dataclasses.replace(cases[-1], alone=True)
        elif line and mark != "#":
            message = _add(cases[-1].sessions, line.removeprefix("* ").replace("{long}", filler))
            if mark == "*" and message is not None:
                cases[-1].evidence.add(message.content)
    return cases


def read_background() -> list[list[Message]]:
    """Return sessions about other things."""
    sessions: list[list[Message]] = []
    for line in (_HERE / "background.txt").read_text("utf-8").splitlines():
        if line:
            _add(sessions, line)
    return sessions


def _add(sessions: list[list[Message]], line: str) -> Message | None:
    """Begin a session with a date, or go on with one; return what was said."""
    if _DATE.fullmatch(line):
        sessions.append([])
        sessions[-1:] = [_Session(dt.datetime.fromisoformat(f"{line}T09:00:00+00:00"))]
        return None
    if not sessions:
        sessions.append(_Session(_SOME_DAY))
    session = sessions[-1]
    assert isinstance(session, _Session)
    who, _, text = line.partition(": ")
    at = session.began + dt.timedelta(minutes=len(session))
    role, name = (who, None) if who in _ROLES else ("user", who)
    session.append(Message("assistant" if role == "assistant" else "user", text, name=name, at=at))
    return session[-1]


class _Session(list[Message]):
    """The messages of a session that began at a time."""

    def __init__(self, began: dt.datetime) -> None:
        super().__init__()
        self.began = began


def conversations_of(user: str, sessions: list[list[Message]]) -> list[Conversation]:
    """Return sessions as conversations of a user."""
    return [
        Conversation(Scope(user, session_id=str(number)), tuple(messages))
        for number, messages in enumerate(sessions)
    ]
