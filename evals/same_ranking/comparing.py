"""Asks the same of memories in several stores, and counts what is answered otherwise."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from evals.retrieval.cases import Case
from evals.retrieval.engines.ours import conversations
from remanence import Memory, Recollection, Scope
from remanence.embed.protocol import Embedder

__all__ = ["Answers", "Comparison", "answers", "compare"]

_MOST_LISTED = 10_000
_SECONDS = 3_600.0

Answers = list[list[Recollection]]
"""What each question recalls, best first; an id is the place at which its user's item was recorded.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """What one store answers, beside what another one does.

    Attributes:
        questions: How many questions were asked.
        hits: How many recollections the first store gave, over all questions.
        same_ids: For how many questions the same came, in the same order.
        same_scores: For how many with the same scores as well, to the last bit.
        same_hits: For how many with everything else that is told of them as well.
        largest_difference: Between the scores of what both recall for a question.
    """

    questions: int
    hits: int
    same_ids: int
    same_scores: int
    same_hits: int
    largest_difference: float


async def answers(
    location: str | Path, cases: Sequence[Case], embedder: Embedder | None, *, limit: int
) -> Answers:
    """Store cases with their statements in an empty memory, and return what it answers.

    Args:
        location: Where; there is nothing yet.
        cases: What is said, stated and asked; each case is a user of its own.
        embedder: What gives texts their vectors, if anything.
        limit: How many recollections are asked for.
    """
    async with Memory.open(location, embedder=embedder, query_seconds=_SECONDS) as memory:
        for case in cases:
            await _store(memory, case)
        assert await memory.settle(_SECONDS)
        return [answer for case in cases for answer in await _asked(memory, case, limit)]


async def _store(memory: Memory, case: Case) -> None:
    stored = await memory.observe_all(conversations(case))
    ids = {episode.message_id: episode.id for episodes in stored for episode in episodes}
    for statement in case.statements:
        await memory.remember(
            statement.text,
            scope=Scope(case.name),
            at=statement.at,
            sources=[ids[turn] for turn in statement.sources],
        )


async def _asked(memory: Memory, case: Case, limit: int) -> Answers:
    scope = Scope(case.name)
    page = await memory.list(scope=scope, limit=_MOST_LISTED)
    assert page.cursor is None
    places = {item.id: str(place) for place, item in enumerate(page.items)}
    found: Answers = []
    for question in case.questions:
        hits = await memory.recall(question.text, scope=scope, limit=limit, now=question.now)
        found.append([_placed(hit, places) for hit in hits])
    return found


def _placed(hit: Recollection, places: dict[str, str]) -> Recollection:
    # Each store gives ids of its own, at random, and tells sources in the order of its numbers.
    sources = tuple(places[id_] for id_ in hit.sources)
    return dataclasses.replace(hit, id=places[hit.id], sources=sources)


def compare(first: Answers, second: Answers) -> Comparison:
    """Compare the answers of two stores to the same questions."""
    pairs = list(zip(first, second, strict=True))
    return Comparison(
        questions=len(pairs),
        hits=sum(map(len, first)),
        same_ids=sum(_ids(one) == _ids(other) for one, other in pairs),
        same_scores=sum(_scores(one) == _scores(other) for one, other in pairs),
        same_hits=sum(one == other for one, other in pairs),
        largest_difference=max((_difference(one, other) for one, other in pairs), default=0.0),
    )


def _ids(hits: Sequence[Recollection]) -> list[str]:
    return [hit.id for hit in hits]


def _scores(hits: Sequence[Recollection]) -> list[tuple[str, float]]:
    return [(hit.id, hit.score) for hit in hits]


def _difference(one: Sequence[Recollection], other: Sequence[Recollection]) -> float:
    scores = dict(_scores(other))
    both = (hit for hit in one if hit.id in scores)
    return max((abs(hit.score - scores[hit.id]) for hit in both), default=0.0)
