"""One memory, out into archives, forgotten, and in again."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

from evals.retrieval.cases import Case
from evals.retrieval.engines.ours import conversations
from remanence import Memory, Scope
from remanence.embed.protocol import Embedder

__all__ = ["Trip", "trip"]

_LIMIT = 50
_SETTLE_SECONDS = 3_600.0

Found = dict[tuple[str, int], list[tuple[str, float]]]


@dataclasses.dataclass(frozen=True, slots=True)
class Trip:
    """What came of it.

    Attributes:
        users: How many users.
        sessions: How many sessions.
        episodes: How many episodes.
        facts: How many facts.
        questions: How many questions were asked, before and after.
        same_ids: For how many the same ids came, in the same order.
        same_scores: For how many with the same scores as well.
        file_bytes: The size of all archives.
        content_bytes: The size of what was said and stated, in UTF-8.
        export_seconds: How long exporting took.
        import_seconds: How long importing took.
        vector_seconds: How long vectors were made anew after that.
    """

    users: int
    sessions: int
    episodes: int
    facts: int
    questions: int
    same_ids: int
    same_scores: int
    file_bytes: int
    content_bytes: int
    export_seconds: float
    import_seconds: float
    vector_seconds: float


async def trip(folder: Path, cases: Sequence[Case], embedder: Embedder | None) -> Trip:
    """Store cases with their statements, ask, export, forget, import, and ask again."""
    async with Memory.open(
        folder / "memory.db", embedder=embedder, query_seconds=_SETTLE_SECONDS
    ) as memory:
        for case in cases:
            await _store(memory, case)
        assert await memory.settle(_SETTLE_SECONDS)
        before = await _ask(memory, cases)
        exported = [
            await memory.export(folder / f"{case.name}.zip", user_id=case.name) for case in cases
        ]
        for case in cases:
            assert (await memory.forget_user(case.name)).complete
        assert (await memory.stats()).users == 0
        imported = [await memory.import_archive(each.path) for each in exported]
        began = time.perf_counter()
        assert await memory.settle(_SETTLE_SECONDS)
        vector_seconds = time.perf_counter() - began
        after = await _ask(memory, cases)
    return Trip(
        users=len(cases),
        sessions=sum(each.sessions for each in imported),
        episodes=sum(each.episodes for each in imported),
        facts=sum(each.facts for each in imported),
        questions=len(before),
        same_ids=sum(_ids(after[asked]) == _ids(before[asked]) for asked in before),
        same_scores=sum(after[asked] == before[asked] for asked in before),
        file_bytes=sum(each.file_bytes for each in exported),
        content_bytes=sum(
            len(text.encode())
            for case in cases
            for text in (*(turn.text for turn in case.turns()), *(s.text for s in case.statements))
        ),
        export_seconds=sum(each.seconds for each in exported),
        import_seconds=sum(each.seconds for each in imported),
        vector_seconds=vector_seconds,
    )


def _ids(found: Sequence[tuple[str, float]]) -> list[str]:
    return [id_ for id_, _ in found]


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


async def _ask(memory: Memory, cases: Sequence[Case]) -> Found:
    return {
        (case.name, number): [
            (hit.id, hit.score)
            for hit in await memory.recall(
                question.text, scope=Scope(case.name), limit=_LIMIT, now=question.now
            )
        ]
        for case in cases
        for number, question in enumerate(case.questions)
    }
