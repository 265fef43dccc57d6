"""Searching: a user's index, the order of its turns, and the items that these stand for."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from remanence.embedding import Embedding
from remanence.index.cache import IndexCache
from remanence.index.facts import View
from remanence.index.scope import ROLES, ScopeIndex
from remanence.index.text import Query, analyze_query
from remanence.recall.intent import Intent, intent_of
from remanence.recall.rank import Evidence, date_prior, rank
from remanence.recall.when import Span, named_time
from remanence.store.facts import FactQuery
from remanence.store.protocol import Item, Store
from remanence.store.times import to_microseconds
from remanence.types import Dated, Fact, Filter, Origin, Recollection, Scope

__all__ = ["Search", "Wanted"]

_REPETITIONS = 3
"""How often a search is repeated because something that it found was forgotten meanwhile."""

_SEARCHED_INLINE = 20_000
"""A scope of so many turns is searched in less time than it takes to hand it to a thread."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, as :meth:`remanence.engine.Memory.recall` was asked.

    Attributes:
        text: The question.
        where: What may be seen.
        limit: How many recollections at most.
        excluded: Ids of what is not to be returned.
        threshold: The least score, or ``None``.
        now: The asker's now.
        dated: What a time that the question names does.
        origin: Only episodes, or only facts; ``None`` for both.
        as_of: Only what was true, or had been said, at this time; ``None`` for now.
        known_at: Only what was known at this time; ``None`` for now.
        past: Also facts that were superseded.
    """

    text: str
    where: Filter
    limit: int
    excluded: Sequence[str]
    threshold: float | None
    now: dt.datetime
    dated: Dated = "prior"
    origin: Origin | None = None
    as_of: dt.datetime | None = None
    known_at: dt.datetime | None = None
    past: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class _Question:
    """What is looked for, understood.

    Attributes:
        query: By its words.
        vector: By its meaning, or ``None``.
        intent: What kind of answer it asks for.
        span: The time that it names, or ``None``.
        where: What may be seen.
        hidden: Numbers of turns not to be seen.
        view: From which moment to look.
        origin: Only episodes, or only facts; ``None`` for both.
    """

    query: Query
    vector: npt.NDArray[np.float32] | None
    intent: Intent
    span: Span | None
    where: Filter
    hidden: Sequence[int]
    view: View
    origin: Origin | None


class Search:
    """Finds what answers a question, in a store.

    Args:
        store: The store; an open one.
        embedding: What gives questions their vectors, or ``None`` for a search by words alone.
        index_bytes: How much memory indexes may hold.
        take_up: Removes what is asked to be erased of a user, before it is found.
    """

    def __init__(
        self,
        store: Store,
        embedding: Embedding | None,
        *,
        index_bytes: int,
        take_up: Callable[[str], Awaitable[None]],
    ) -> None:
        """Start without indexes."""
        self._store = store
        self._embedding = embedding
        self._indexes = IndexCache(store, store.vectors, most_bytes=index_bytes, take_up=take_up)
        self._removals = 0

    @property
    def nbytes(self) -> int:
        """The memory that all indexes hold, in bytes."""
        return self._indexes.nbytes

    async def let_go(self, user_id: str, numbers: Sequence[int]) -> bool:
        """Bring a user's index up to date if there is one.

        Returns:
            Whether none of these numbers is in it.
        """
        index = await self._indexes.catch_up(user_id)
        return index is None or not index.holds(numbers)

    def forget_questions(self) -> int:
        """Forget what was asked, and its vectors; return how many questions."""
        return 0 if self._embedding is None else self._embedding.forget_questions()

    async def find(self, wanted: Wanted) -> list[Recollection]:
        """Return what answers, best first; an empty list when nothing is found."""
        query = analyze_query(wanted.text)
        vector = None
        if self._embedding is not None:
            self._indexes.embedder = self._embedding.number
            vector = await self._embedding.query(wanted.text)
        span = named_time(wanted.text, now=wanted.now)
        if not query.terms and vector is None and span is None:
            return []
        where = wanted.where
        if span is not None and wanted.dated == "only":
            if _is_apart(where, span):
                return []
            where = Filter.of(where, since=span.start, until=span.end)
        question = _Question(
            query=query,
            vector=vector,
            intent=intent_of(wanted.text),
            span=span,
            where=where,
            hidden=await self._hidden(wanted),
            view=View(
                None if wanted.as_of is None else to_microseconds(wanted.as_of),
                None if wanted.known_at is None else to_microseconds(wanted.known_at),
                to_microseconds(wanted.known_at or wanted.now),
                past=wanted.past,
            ),
            origin=wanted.origin,
        )
        search = partial(_best, question, limit=wanted.limit, threshold=wanted.threshold)
        found, complete = await self._once(wanted, search)
        for _ in range(_REPETITIONS):
            if complete:
                break
            found, complete = await self._once(wanted, search)
        return found

    async def nearest_facts(
        self, scope: Scope, text: str, *, attribute: str | None, limit: int
    ) -> list[Fact]:
        """Return the known facts that are nearest to a statement, and those of its attribute.

        Args:
            scope: The user, and the agent: only what is written to the same one counts.
            text: The statement.
            attribute: What it is about, if that has one value at a time.
            limit: How many of the nearest to return at most.

        Returns:
            Facts that have not been superseded, those of the attribute first.
        """
        where = Filter(scope.user_id, scope.agent_id)
        same: list[tuple[int, Fact]] = []
        if attribute is not None:
            query = FactQuery(where, attributes=(attribute,))
            same = await self._store.facts(query, after=0, limit=limit)
        now = dt.datetime.now(dt.UTC)  # of no account: the times in a statement tell no wish
        wanted = Wanted(text, where, limit, (), None, now, origin="fact")
        near = await self._store.find(where, [hit.id for hit in await self.find(wanted)])
        facts = {fact.id: fact for _, fact in (*same, *near.values()) if isinstance(fact, Fact)}
        return [fact for fact in facts.values() if fact.scope.agent_id == scope.agent_id]

    async def _hidden(self, wanted: Wanted) -> list[int]:
        """Return the numbers of what is not to be returned."""
        if not wanted.excluded:
            return []
        found = await self._store.find(Filter(wanted.where.user_id), wanted.excluded)
        return [number for number, _ in found.values()]

    async def _once(
        self, wanted: Wanted, search: partial[list[tuple[int, float]]]
    ) -> tuple[list[Recollection], bool]:
        """Search once; tell whether all that the index found is still in the store."""
        user_id = wanted.where.user_id
        index = await self._indexes.current(user_id)
        if self._indexes.removals != self._removals:  # others have erased something
            self._removals = self._indexes.removals
            self.forget_questions()
        if self._embedding is not None and index.head.embedded < index.head.seq:
            self._embedding.remind(user_id)
        small = len(index) <= _SEARCHED_INLINE
        best = search(index) if small else await asyncio.to_thread(search, index)
        items = await self._store.at_sequence(
            user_id, [number for number, _ in best], known_at=wanted.known_at
        )
        found = [_recollection(items[number], score) for number, score in best if number in items]
        return found, len(found) == len(best)


def _is_apart(where: Filter, span: Span) -> bool:
    """Tell whether nothing that a filter sees can be of a time."""
    if where.until is not None and span.start is not None and where.until <= span.start:
        return True
    return where.since is not None and span.end is not None and where.since >= span.end


def _best(
    question: _Question, index: ScopeIndex, *, limit: int, threshold: float | None
) -> list[tuple[int, float]]:
    """Return the sequence numbers of the best turns with their scores, best first."""
    found = index.evidence(
        question.query,
        question.where,
        question.hidden,
        question.vector,
        view=question.view,
        origin=question.origin,
    )
    intent, span = question.intent, question.span
    asked = None
    if intent.said_by is not None:  # facts, of no role, may tell what anybody said
        asked = (found.role == 0) | (found.role == ROLES.index(intent.said_by))
    evidence = Evidence(
        lexical=found.lexical,
        matched=found.matched,
        distinct=found.distinct,
        visible=found.visible,
        dense=found.dense,
        embedded=found.embedded,
        named=found.named,
        timed=found.timed if intent.when else None,
        asked=asked,
        dated=None if span is None else _dated(found.at, span),
        drawn=found.drawn,
        secondhand=found.secondhand,
        asks=found.asks,
        denies=found.denies & (found.role == ROLES.index("assistant")),
        at=found.at if intent.current else None,
    )
    ranking = rank(evidence, limit=limit, threshold=threshold)
    numbers = found.numbers[ranking.turns].tolist()
    return list(zip(numbers, ranking.scores.tolist(), strict=True))


def _dated(at: npt.NDArray[np.int64], span: Span) -> npt.NDArray[np.float32]:
    start, end = (
        None if time is None else to_microseconds(time) for time in (span.start, span.end)
    )
    return date_prior(at, start, end)


def _recollection(item: Item, score: float) -> Recollection:
    if isinstance(item, Fact):
        return Recollection(
            text=item.text,
            origin="fact",
            id=item.id,
            score=score,
            at=item.at,
            scope=item.scope,
            sources=item.sources,
            metadata=item.metadata,
            kind=item.kind,
            stated_by=item.stated_by,
            valid_from=item.valid_from,
            valid_until=item.valid_until,
            imported=item.imported,
        )
    return Recollection(
        text=item.content,
        origin="episode",
        id=item.id,
        score=score,
        at=item.at,
        scope=item.scope,
        role=item.role,
        speaker=item.name,
        metadata=item.metadata,
        imported=item.imported,
    )
