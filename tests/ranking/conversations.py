"""Reads the cases beside it: what was said, what is asked, and what of it is evidence."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path

from remanence import Conversation, Message, Scope
from remanence.types import Role

__all__ = ["Case", "conversations_of", "read_background", "read_cases"]

_HERE = Path(__file__).parent
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


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
    for line in _lines("cases.txt"):
        mark, _, rest = line.partition(" ")
        if mark == "@":
            family = rest
        elif mark == "?":
            cases.append(Case(family, rest))
        elif mark == "=":
            cases[-1] = dataclasses.replace(cases[-1], within=int(rest))
        elif mark == "alone":
            cases[-1] = dataclasses.replace(cases[-1], alone=True)
        else:
            said = line.removeprefix("* ").replace("{long}", filler)
            _add(cases[-1].sessions, said)
            if mark == "*":
                cases[-1].evidence.add(cases[-1].sessions[-1][-1].content)
    return cases


def read_background() -> list[list[Message]]:
    """Return sessions about other things."""
    sessions: list[list[Message]] = []
    for line in _lines("background.txt"):
        _add(sessions, line)
    return sessions


def _lines(name: str) -> list[str]:
    lines = (_HERE / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _add(sessions: list[list[Message]], line: str) -> None:
    """Begin a session, where the line is its date and the turn that opens it, or go on with one."""
    date, _, said = line.partition(" ")
    if _DATE.fullmatch(date):
        sessions.append([])
        at = dt.datetime.fromisoformat(f"{date}T09:00:00+00:00")
    else:
        said, at = line, sessions[-1][-1].at
        assert at is not None
        at += dt.timedelta(minutes=1)
    who, _, text = said.partition(": ")
    role: Role = "assistant" if who == "assistant" else "user"
    name = None if who in {"user", "assistant"} else who
    sessions[-1].append(Message(role, text, name=name, at=at))


def conversations_of(user: str, sessions: list[list[Message]]) -> list[Conversation]:
    """Return sessions as conversations of a user."""
    return [
        Conversation(Scope(user, session_id=str(number)), tuple(messages))
        for number, messages in enumerate(sessions)
    ]
