"""The pool as a case, as it is and scattered.

It is a selection of LongMemEval (Wu et al., ICLR 2025): ``pool_turns.jsonl`` with turns of many
users, and ``pool_queries.json`` with questions. It is one memory here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.retrieval.cases import Case, Question, Session, Turn

__all__ = ["HALF_A", "HALF_B", "MAIN_GROUPS", "pool_case", "scattered"]

HALF_A = "half A"
HALF_B = "half B"
MAIN_GROUPS = ("overall", HALF_A, HALF_B)
_SEED = 20_240_229
_WEEKDAY = re.compile(r" \(\w{3}\)")


def pool_case(folder: Path) -> Case:
    """Return the pool, its sessions in the order of the file.

    Questions without evidence are left out; questions that the pool calls abstentions are asked if
    they have evidence. Half A are the questions with even places in the file, from 0.

    Args:
        folder: Where the two files are.
    """
    sessions: defaultdict[str, list[Turn]] = defaultdict(list)
    with (folder / "pool_turns.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record: dict[str, str] = json.loads(line)
            sessions[record["session"]].append(
                Turn(record["doc_id"], record["role"], None, record["text"], _at(record["date"]))
            )
    asked: list[dict[str, Any]] = json.loads(
        (folder / "pool_queries.json").read_text(encoding="utf-8")
    )
    there = {turn.id for turns in sessions.values() for turn in turns}
    questions = [_question(each, place, there) for place, each in enumerate(asked)]
    return Case(
        "pool",
        tuple(Session(id_, tuple(turns)) for id_, turns in sessions.items()),
        (),
        tuple(question for question in questions if question.evidence),
    )


def _at(date: str) -> dt.datetime:
    """Return a time as the pool writes them: 2023/04/10 (Mon) 14:47, or in ISO 8601."""
    plain = _WEEKDAY.sub("", date).replace("/", "-")
    return dt.datetime.fromisoformat(plain).replace(tzinfo=dt.UTC)


def _question(record: Mapping[str, Any], place: int, there: set[str]) -> Question:
    half = HALF_B if place % 2 else HALF_A
    kind = str(record["question_type"])
    return Question(
        record["question"],
        tuple(dict.fromkeys(id_ for id_ in record["gold_doc_ids"] if id_ in there)),
        _at(record["question_date"]),
        ("overall", half, kind, f"{half}, {kind}"),
    )


def scattered(case: Case, seed: int = _SEED) -> Case:
    """Return the case with every evidence turn inside a session that has nothing to do with it.

    Each turn that is evidence for any question goes into a session drawn at random, of those that
    hold turns which are no evidence; at a place drawn at random between that session's own turns,
    but not into a session that it, or other evidence for the same question, comes from. It keeps
    its own time, so that dates say as much as before and only its neighbours are others. Sessions
    that hold nothing any more are gone.
    """
    draw = random.Random(seed)
    evidence, related = _evidence(case)
    kept = {
        session.id: [turn for turn in session.turns if turn.id not in evidence]
        for session in case.sessions
    }
    hosts = [id_ for id_, turns in kept.items() if turns]
    moved: defaultdict[str, list[tuple[int, Turn]]] = defaultdict(list)
    for turn in (turn for turn in case.turns() if turn.id in evidence):
        host = draw.choice(hosts)
        while host in related[turn.id]:
            host = draw.choice(hosts)
        moved[host].append((draw.randint(0, len(kept[host])), turn))
    return dataclasses.replace(
        case,
        name=f"{case.name}-scattered",
        sessions=tuple(Session(id_, _with(kept[id_], moved[id_])) for id_ in hosts),
    )


def _evidence(case: Case) -> tuple[set[str], dict[str, set[str]]]:
    """Return what is evidence, and for each such turn the sessions of what it belongs to."""
    session_of = {turn.id: session.id for session in case.sessions for turn in session.turns}
    related: defaultdict[str, set[str]] = defaultdict(set)
    for question in case.questions:
        sessions = {session_of[id_] for id_ in question.evidence}
        for id_ in question.evidence:
            related[id_] |= sessions
    return set(related), related


def _with(own: Sequence[Turn], moved: Sequence[tuple[int, Turn]]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for place in range(len(own) + 1):
        turns += [turn for where, turn in moved if where == place]
        turns += own[place : place + 1]
    return tuple(turns)
