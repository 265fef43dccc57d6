"""Remanence: by words alone or with an embedder, with statements as facts or without."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from evals.extraction.replay import Replay
from evals.retrieval.cases import Case, Question, Statement
from evals.retrieval.engines.protocol import Facts
from remanence import Conversation, Memory, Message, Recollection, Scope
from remanence.embed.protocol import Embedder

__all__ = ["Ours", "conversations", "expanded"]

_SETTLE_SECONDS = 3_600.0
_WRITES_AT_ONCE = 64


class Ours:
    """A memory in a file.

    Args:
        folder: Where the file goes.
        embedder: What gives texts their vectors, if anything.
        facts: What becomes of the statements of a case: nothing; they are remembered with the turns
            they rest on; or a stand-in for a chat model tells them when it reads these turns.
    """

    def __init__(self, folder: Path, *, embedder: Embedder | None, facts: Facts) -> None:
        self._reader = Replay() if facts == "drawn" else None
        self._memory = Memory.open(
            folder / "memory.db",
            embedder=embedder,
            query_seconds=_SETTLE_SECONDS,
            chat_model=self._reader,
            extract_after=_SETTLE_SECONDS,
        )
        self._facts = facts
        self._turns: dict[str, str] = {}

    async def ingest(self, cases: Sequence[Case]) -> None:
        """Observe each case in one transaction, remember its statements, and let it settle."""
        await self._memory
        for case in cases:
            if self._reader is not None:
                self._reader.learn(case)
            stored = await self._memory.observe_all(conversations(case))
            ids = {
                episode.message_id: episode.id
                for episodes in stored
                for episode in episodes
                if episode.message_id is not None
            }
            self._turns.update((episode, turn) for turn, episode in ids.items())
            if self._facts == "told":
                await self._remember(case, ids)
        assert await self._memory.settle(_SETTLE_SECONDS)

    async def _remember(self, case: Case, ids: dict[str, str]) -> None:
        waiting = iter(case.statements)

        async def work() -> None:
            for statement in waiting:
                await self._memory.remember(
                    statement.text,
                    scope=Scope(case.name),
                    at=statement.at,
                    sources=_sources(statement, ids),
                )

        await asyncio.gather(*(work() for _ in range(_WRITES_AT_ONCE)))

    async def find(self, case: Case, question: Question, limit: int) -> list[str]:
        """Recall; a fact stands for the turns it rests on.

        With facts twice as many recollections are asked for, since several may stand for the same
        turn; at most ``limit`` turns count.
        """
        hits = await self._memory.recall(
            question.text,
            scope=Scope(case.name),
            limit=limit if self._facts == "none" else 2 * limit,
            now=question.now,
        )
        return expanded(hits, self._turns)[:limit]

    async def aclose(self) -> None:
        """Close the memory."""
        await self._memory.aclose()


def conversations(case: Case) -> list[Conversation]:
    return [
        Conversation(
            Scope(case.name, session_id=session.id),
            tuple(
                Message(
                    "user" if turn.role == "user" else "assistant",
                    turn.text,
                    name=turn.speaker,
                    at=turn.at,
                    id=turn.id,
                )
                for turn in session.turns
            ),
        )
        for session in case.sessions
    ]


def _sources(statement: Statement, ids: dict[str, str]) -> list[str]:
    return [ids[turn] for turn in statement.sources]


def expanded(hits: Iterable[Recollection], turns: dict[str, str]) -> list[str]:
    """Return the turns that recollections stand for, in order, each where it first occurs.

    Args:
        hits: What was recalled: an episode stands for itself, a fact for its sources.
        turns: The turns' ids by those of their episodes.
    """
    episodes = (
        episode for hit in hits for episode in (hit.sources if hit.origin == "fact" else (hit.id,))
    )
    return list(dict.fromkeys(turns[episode] for episode in episodes))
