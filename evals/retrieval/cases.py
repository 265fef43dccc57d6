"""What an engine is given and asked: plain records that know neither a data set nor an engine."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Case", "Question", "Session", "Statement", "Turn", "read_cases", "write_cases"]


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """What somebody said.

    Attributes:
        id: Its id, unique in its case.
        role: ``user`` or ``assistant``.
        speaker: Who said it, if the data set has names.
        text: The words.
        at: When, timezone-aware.
    """

    id: str
    role: str
    speaker: str | None
    text: str
    at: dt.datetime

    @property
    def attributed(self) -> str:
        """The words, after the speaker's name and a colon if there is one."""
        return self.text if self.speaker is None else f"{self.speaker}: {self.text}"


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """Turns that follow one another.

    Attributes:
        id: Its id, unique in its case.
        turns: The turns, in order.
    """

    id: str
    turns: tuple[Turn, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """What somebody wrote down of a conversation.

    Attributes:
        text: A sentence that stands by itself.
        at: When the session it comes from began, timezone-aware.
        sources: The ids of the turns that it rests on.
    """

    text: str
    at: dt.datetime
    sources: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        text: The words.
        evidence: The ids of the turns that answer it, each once.
        now: When it is asked, timezone-aware.
        groups: The names of the groups that it counts in.
    """

    text: str
    evidence: tuple[str, ...]
    now: dt.datetime
    groups: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One memory and the questions asked of it.

    Attributes:
        name: Whose memory.
        sessions: What it is to hold, in the order it is told.
        statements: What was written down of these sessions; none if the data set has nothing.
        questions: What is asked; each has evidence.
    """

    name: str
    sessions: tuple[Session, ...]
    statements: tuple[Statement, ...]
    questions: tuple[Question, ...]

    def turns(self) -> Iterator[Turn]:
        """Yield the turns of all sessions, in order."""
        for session in self.sessions:
            yield from session.turns


def write_cases(path: Path, cases: Sequence[Case]) -> None:
    """Write cases as JSON."""
    records = [dataclasses.asdict(case) for case in cases]
    path.write_text(json.dumps(records, default=dt.datetime.isoformat), encoding="utf-8")


def read_cases(path: Path) -> list[Case]:
    """Return the cases that were written."""
    return [_case(record) for record in json.loads(path.read_text(encoding="utf-8"))]


def _case(record: dict[str, Any]) -> Case:
    return Case(
        record["name"],
        tuple(
            Session(
                session["id"], tuple(Turn(**turn | _time(turn, "at")) for turn in session["turns"])
            )
            for session in record["sessions"]
        ),
        tuple(
            Statement(each["text"], sources=tuple(each["sources"]), **_time(each, "at"))
            for each in record["statements"]
        ),
        tuple(
            Question(
                each["text"],
                evidence=tuple(each["evidence"]),
                groups=tuple(each["groups"]),
                **_time(each, "now"),
            )
            for each in record["questions"]
        ),
    )


def _time(record: dict[str, Any], field: str) -> dict[str, Any]:
    return {field: dt.datetime.fromisoformat(record[field])}
