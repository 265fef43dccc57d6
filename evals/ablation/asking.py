"""Asks the same questions with one term switched off at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from evals.ablation.records import DEPTHS
from evals.ablation.terms import switched_off, terms_of
from evals.retrieval.cases import Case, Question
from evals.retrieval.engines.ours import conversations
from evals.retrieval.metrics import fraction_found
from remanence import Memory, Scope
from remanence.embed.protocol import Embedder

__all__ = ["recall_without_each"]

_SECONDS = 3_600.0


async def recall_without_each(
    cases: Sequence[Case], database: Path, embedder: Embedder | None, *, group: str
) -> dict[str, Mapping[int, float]]:
    """Return what is found of a group's evidence, by the term that is switched off.

    Args:
        cases: What is stored, and asked.
        database: A file that does not exist.
        embedder: What gives texts their vectors, if anything.
        group: Of which questions.
    """
    turns = await _store(cases, database, embedder)
    found: dict[str, Mapping[int, float]] = {}
    for term in terms_of(vectors=embedder is not None):
        with switched_off(term):
            async with Memory.open(database, embedder=embedder, query_seconds=_SECONDS) as memory:
                best = [
                    (question.evidence, await _best(memory, case, question, turns))
                    for case, question in _questions(cases, group)
                ]
        found[term] = {
            depth: fmean(fraction_found(some, evidence, depth) for evidence, some in best)
            for depth in DEPTHS
        }
    return found


def _questions(cases: Sequence[Case], group: str) -> Iterator[tuple[Case, Question]]:
    for case in cases:
        for question in case.questions:
            if group in question.groups:
                yield case, question


async def _store(
    cases: Sequence[Case], database: Path, embedder: Embedder | None
) -> dict[str, str]:
    """Return the turns' ids by their episodes'."""
    turns: dict[str, str] = {}
    async with Memory.open(database, embedder=embedder) as memory:
        for case in cases:
            for episodes in await memory.observe_all(conversations(case)):
                turns.update({each.id: str(each.message_id) for each in episodes})
        assert await memory.settle(_SECONDS)
    return turns


async def _best(
    memory: Memory, case: Case, question: Question, turns: Mapping[str, str]
) -> list[str]:
    hits = await memory.recall(
        question.text, scope=Scope(case.name), limit=max(DEPTHS), now=question.now
    )
    return [turns[hit.id] for hit in hits]
