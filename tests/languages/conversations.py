"""Reads the conversations of this folder, asks their questions, and counts what is found.

A file holds sessions, ``== 2024-03-02``, of turns, ``speaker [label]: text``, and at its end the
questions, ``label label: text``, each with the labels of the turns that answer it.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import math
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from remanence import Conversation, Memory, Message, Scope

__all__ = ["Case", "Question", "Turn", "ask", "bigram_ranking", "rates", "read"]

FOLDER = Path(__file__).parent
_HEAD = re.compile(r"(?P<speaker>[^\[]+?)(?: \[(?P<labels>.+)\])?$")


@dataclasses.dataclass(frozen=True)
class Turn:
    session: str
    speaker: str
    text: str


@dataclasses.dataclass(frozen=True)
class Question:
    text: str
    evidence: frozenset[int]
    """The places of the turns that answer it."""


@dataclasses.dataclass(frozen=True)
class Case:
    turns: list[Turn]
    questions: list[Question]


def read(path: Path) -> Case:
    turns: list[Turn] = []
    questions: list[Question] = []
    labelled: dict[str, set[int]] = collections.defaultdict(set)
    session = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("== "):
            session = line.removeprefix("== ")
            continue
        head, text = line.split(": ", 1)
        if session == "questions":
            evidence = frozenset[int]().union(*(labelled[label] for label in head.split()))
            questions.append(Question(text, evidence))
            continue
        match = _HEAD.fullmatch(head)
        assert match is not None, line
        for label in (match["labels"] or "").split():
            labelled[label].add(len(turns))
        turns.append(Turn(session, match["speaker"], text))
    assert all(question.evidence for question in questions)
    return Case(turns, questions)


async def ask(case: Case, database: Path) -> list[list[int]]:
    """Return for each question the places of the ten turns recalled, best first."""
    sessions: dict[str, list[int]] = collections.defaultdict(list)
    for place, turn in enumerate(case.turns):
        sessions[turn.session].append(place)
    conversations = [
        Conversation(
            Scope("reader", session_id=session),
            tuple(_message(case.turns[place], session) for place in places),
        )
        for session, places in sessions.items()
    ]
    async with Memory.open(database) as memory:
        stored = await memory.observe_all(conversations)
        places = [place for places in sessions.values() for place in places]
        episodes = [episode for told in stored for episode in told]
        known = {episode.id: place for episode, place in zip(episodes, places, strict=True)}
        found: list[list[int]] = []
        for question in case.questions:
            hits = await memory.recall(question.text, scope=Scope("reader"), limit=10)
            found.append([known[hit.id] for hit in hits])
        return found


def _message(turn: Turn, session: str) -> Message:
    at = dt.datetime.fromisoformat(session).replace(tzinfo=dt.UTC)
    if turn.speaker in {"user", "assistant"}:
        return Message("user" if turn.speaker == "user" else "assistant", turn.text, at=at)
    return Message("user", turn.text, name=turn.speaker, at=at)


def rates(found: Sequence[Sequence[int]], questions: Sequence[Question]) -> tuple[float, ...]:
    """Return R@1, R@5 and R@10: in percent, how much of a question's evidence is found."""
    return tuple(
        100
        * sum(
            len(question.evidence.intersection(hits[:depth])) / len(question.evidence)
            for hits, question in zip(found, questions, strict=True)
        )
        / len(questions)
        for depth in (1, 5, 10)
    )


def _bigrams(text: str) -> list[str]:
    terms: list[str] = []
    for run, word in re.findall(
        "([\u3400-\u9fff]+)|([a-z0-9]+)", unicodedata.normalize("NFKC", text).lower()
    ):
        pairs = [run[start : start + 2] for start in range(len(run) - 1)]
        terms.extend([word] if word else pairs or [run])
    return terms


def bigram_ranking(case: Case) -> list[list[int]]:
    """Return the same by BM25 (k1 = 1.5, b = 0.75) over pairs of ideographs and words."""
    turns = [collections.Counter(_bigrams(turn.text)) for turn in case.turns]
    mean = sum(turn.total() for turn in turns) / len(turns)
    users = collections.Counter(term for turn in turns for term in turn)
    ranked: list[list[int]] = []
    for question in case.questions:
        scores: dict[int, float] = {}
        for place, turn in enumerate(turns):
            norm = 1.5 * (0.25 + 0.75 * turn.total() / mean)
            for term in {*_bigrams(question.text)} & turn.keys():
                idf = math.log(1 + (len(turns) - users[term] + 0.5) / (users[term] + 0.5))
                gain = idf * turn[term] * 2.5 / (turn[term] + norm)
                scores[place] = scores.get(place, 0.0) + gain
        ranked.append(sorted(scores, key=lambda place: (-scores[place], place)))
    return ranked
