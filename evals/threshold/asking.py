"""Asks each conversation's questions of its own memory, and of the next one's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evals.retrieval.cases import Case, Question
from evals.retrieval.engines.ours import conversations
from evals.threshold.curve import Hit, Reply
from remanence import Memory, Scope
from remanence.embed.protocol import Embedder

__all__ = ["DEPTH", "ask"]

DEPTH = 10
"""How many recollections are asked for."""
_SECONDS = 3_600.0


async def ask(
    cases: Sequence[Case], database: Path, embedder: Embedder | None
) -> tuple[list[list[Reply]], list[list[Reply]]]:
    """Return the replies of each case's own memory, and those of another's, to its questions.

    The other memory is that of the next case, and of the first for the last one. LoCoMo's
    neighbours have no speakers in common.

    Args:
        cases: Several memories, each with questions.
        database: A file that does not exist.
        embedder: What gives texts their vectors, if anything.
    """
    own: list[list[Reply]] = []
    others: list[list[Reply]] = []
    async with Memory.open(database, embedder=embedder, query_seconds=_SECONDS) as memory:
        turns: dict[str, tuple[str, str]] = {}
        for case in cases:
            for episodes in await memory.observe_all(conversations(case)):
                turns.update({each.id: (case.name, str(each.message_id)) for each in episodes})
        assert await memory.settle(_SECONDS)
        for place, case in enumerate(cases):
            other = cases[(place + 1) % len(cases)]
            own.append([await _reply(memory, case, each, turns, case) for each in case.questions])
            others.append(
                [await _reply(memory, other, each, turns, case) for each in case.questions]
            )
    return own, others


async def _reply(
    memory: Memory, asked: Case, question: Question, turns: dict[str, tuple[str, str]], about: Case
) -> Reply:
    hits = await memory.recall(
        question.text, scope=Scope(asked.name), limit=DEPTH, now=question.now
    )
    evidence = {(about.name, turn) for turn in question.evidence}
    return Reply(
        tuple(Hit(hit.score, turns[hit.id] in evidence) for hit in hits),
        len(evidence) if asked is about else 0,
    )
