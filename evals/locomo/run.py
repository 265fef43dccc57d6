"""Stores LoCoMo's conversations and asks its questions, of recall and of BM25."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.locomo.questions import Question, read_questions
from evals.locomo.reader import read_conversations
from evals.peers import BM25
from remanence import Conversation, Memory, Scope

__all__ = ["MOST", "Asked", "Run", "run"]

MOST = 50
"""How many turns are asked for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What was found for a question.

    Attributes:
        conversation: The conversation's place in the file, from 0.
        question: What was asked.
        found: For each method the ids of the turns it found, best first.
        seconds: How long recall took.
    """

    conversation: int
    question: Question
    found: Mapping[str, Sequence[str]]
    seconds: float


@dataclasses.dataclass(slots=True)
class Run:
    """What came of a run.

    Attributes:
        asked: The questions that have evidence.
        without_evidence: How many questions name no turn that exists, and were not asked.
        sessions: How many sessions were stored.
        turns: How many turns were stored.
        ingest_seconds: How long storing took.
    """

    asked: list[Asked] = dataclasses.field(default_factory=list[Asked])
    without_evidence: int = 0
    sessions: int = 0
    turns: int = 0
    ingest_seconds: float = 0.0


async def run(samples: Sequence[Mapping[str, Any]], database: Path) -> Run:
    """Store every conversation and ask every question that has evidence.

    Args:
        samples: The file's list.
        database: A file that does not exist.
    """
    result = Run()
    async with Memory.open(database) as memory:
        for place, sample in enumerate(samples):
            conversations = read_conversations(sample)
            began = time.perf_counter()
            await memory.observe_all(conversations)
            result.ingest_seconds += time.perf_counter() - began
            await _ask(memory, place, sample, conversations, result)
    return result


async def _ask(
    memory: Memory,
    place: int,
    sample: Mapping[str, Any],
    conversations: Sequence[Conversation],
    result: Run,
) -> None:
    turns = {
        message.id: f"{message.name}: {message.content}"
        for conversation in conversations
        for message in conversation.messages
        if message.id is not None
    }
    result.sessions += len(conversations)
    result.turns += len(turns)
    ids = list(turns)
    bm25 = BM25(list(turns.values()))
    scope = Scope(sample["sample_id"])
    for question in read_questions(sample, turns):
        if not question.evidence:
            result.without_evidence += 1
            continue
        began = time.perf_counter()
        hits = await memory.recall(question.text, scope=scope, limit=MOST)
        seconds = time.perf_counter() - began
        found = {
            "remanence": [str(hit.metadata["dia_id"]) for hit in hits],
            "BM25": [ids[number] for number in bm25.best(question.text, MOST)],
        }
        result.asked.append(Asked(place, question, found, seconds))
