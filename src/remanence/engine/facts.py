"""What a memory knows: statements with their dates, their sources, and an end."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, get_args

from remanence.engine.background import Background
from remanence.engine.placing import placed
from remanence.errors import InputError
from remanence.intake import check_scope, new_fact
from remanence.recall.profile import profile
from remanence.recall.tokens import check_counter
from remanence.store.audit import NewAudit
from remanence.store.facts import FactQuery, NewFact, Supersession
from remanence.telemetry import span
from remanence.types import Fact, FactKind, FactPage, Filter, Role, Scope
from remanence.validation import check_at, check_count, check_identifier, check_ids

__all__ = ["CURSOR", "MOST_LISTED", "FactMemory"]

MOST_LISTED = 10_000
CURSOR = re.compile("[0-9]{1,18}")
_MOST_TOKENS = 10_000_000
_FACTS_AT_ONCE = 2_000


class FactMemory(Background):
    """A memory's statements."""

    async def remember(  # noqa: PLR0913 - what can be told of a statement, each by its name
        self,
        text: str,
        *,
        scope: Scope,
        at: datetime | None = None,
        metadata: dict[str, Any] | None = None,
        sources: Iterable[str] = (),
        kind: FactKind | None = None,
        attribute: str | None = None,
        stated_by: Role | None = None,
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
    ) -> Fact:
        """Store a statement that stands by itself; it is durable when this returns.

        Args:
            text: The statement, such as "Nora is allergic to hazelnuts."
            scope: Where it belongs.
            at: When it was stated, timezone-aware; now by default.
            metadata: Anything JSON can hold, given back as it was.
            sources: The ids of the episodes that it rests on. Whoever looks for what it says finds
                them as well; and when one of them is forgotten, so is the fact.
            kind: What kind of statement it is, if that is known; ``instruction`` only in the user's
                words, or the program's.
            attribute: Whose and what it tells, where that has one value at a time, such as ``nora:
                home city``. What is known of it in the same scope ends where this begins, or, if it
                begins later, ends this; what begins at the same time was a mistake. The same
                statement again changes nothing, and is returned.
            stated_by: Whose words it is; ``None`` for the program's own.
            valid_from: Since when it is true, if that is known.
            valid_until: Until when it is true, that moment excluded, if that is known.

        Raises:
            InputError: An argument is not acceptable, or a source is no episode of the user's;
                nothing was stored.
            StoreError: The store can't; nothing was stored.
        """
        self.check_open()
        check_scope(scope)
        fact = new_fact(
            text,
            at=at,
            metadata=metadata or {},
            sources=check_ids("sources", sources),
            kind=kind,
            attribute=attribute,
            stated_by=stated_by,
            valid_from=valid_from,
            valid_until=valid_until,
            now=self._clock.now(),
        )
        superseded: list[Supersession] = []
        if fact.attribute is not None:
            same, others = await self._of_attribute(scope, fact.attribute, fact)
            if same is not None:
                return same
            fact, superseded = placed(fact, others)
        with span("remember"):
            (stored,) = await self._store.add_facts(
                scope,
                [fact],
                superseded=superseded,
                then=self._embedding_jobs([scope.user_id]),
            )
        self._wake()
        return stored

    async def _of_attribute(
        self, scope: Scope, attribute: str, new: NewFact
    ) -> tuple[Fact | None, list[Fact]]:
        """Return the fact that says the same of the same time, and all that is known to be so."""
        where = Filter.of(scope)
        now = FactQuery(where, attributes=(attribute,), now=self._clock.now())
        there = dataclasses.replace(now, as_of=new.valid_from)
        found = [
            await self._store.facts(query, after=0, limit=MOST_LISTED) for query in (now, there)
        ]
        current, then = ([fact for _, fact in each if fact.scope == scope] for each in found)
        same = next(
            (
                fact
                for fact in (*current, *then)
                if fact.text == new.text and new.valid_from in (None, fact.valid_from)
            ),
            None,
        )
        return same, current

    async def correct(
        self,
        fact_id: str,
        text: str,
        *,
        scope: Scope | Filter,
        at: datetime | None = None,
        stated_by: Role | None = None,
        asked_by: str | None = None,
    ) -> Fact:
        """Replace a statement that was wrong; it is kept in the history of the new one.

        The new one is of the same kind, attribute and time. It rests on no episode. Only the user
        gives instructions: in others' words one becomes a preference.

        Args:
            fact_id: The fact.
            text: What is right instead.
            scope: Whose; a fact that it does not see can't be corrected.
            at: When that was stated, timezone-aware; now by default.
            stated_by: Whose words the new text is; ``None`` for the program's own.
            asked_by: Who asks for it, as the audit is to name them.

        Returns:
            The new fact; the one that is known, if it says just that.

        Raises:
            InputError: There is no such fact, or it was superseded already, or an argument is not
                acceptable; nothing was stored.
            StoreError: The store can't; nothing was stored.
        """
        self.check_open()
        id_ = check_identifier("fact_id", fact_id)
        if asked_by is not None:
            check_identifier("asked_by", asked_by)
        found = (await self._store.find(Filter.of(scope), [id_])).get(id_)
        known = None if found is None else found[1]
        if not isinstance(known, Fact):
            what = "names no fact" if known is None else "names an episode"
            raise InputError("fact_id", f"{what} that scope sees: {id_!r}", "give the id of a fact")
        if known.superseded_at is not None:
            raise InputError(
                "fact_id",
                f"names a fact that was superseded by {known.superseded_by}",
                "correct that one",
            )
        if text == known.text:
            return known
        new = new_fact(
            text,
            at=at,
            metadata=dict(known.metadata),
            sources=(),
            kind=_kind_of(known, stated_by),
            attribute=known.attribute,
            stated_by=stated_by,
            valid_from=known.valid_from,
            valid_until=known.valid_until,
            now=self._clock.now(),
        )
        with span("correct"):
            (stored,) = await self._store.add_facts(
                known.scope,
                [new],
                superseded=[Supersession(known.id, new.id, "corrected")],
                then=self._embedding_jobs([known.scope.user_id]),
                audit=NewAudit(
                    new.recorded_at, "correct", known.scope.user_id, asked_by, {"facts": 1}
                ),
            )
        self._wake()
        return stored

    async def facts(
        self,
        *,
        scope: Scope | Filter,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
        kinds: Iterable[FactKind] | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> FactPage:
        """List what is known, in the order it was recorded.

        Without a time these are the facts that have not been superseded, whenever they were true,
        and those of which it is known that they will end.

        Args:
            scope: Whose. A session sees the facts that rest on something said in it, and those that
                were written to it.
            as_of: Only what was true at this time, timezone-aware, by what is known: also what was
                superseded since.
            known_at: As it was known at this time, timezone-aware: without what was recorded later,
                and with what was still believed.
            kinds: Only facts of these kinds; ``None`` for any.
            limit: How many to return at most; 1 to 10,000.
            cursor: The page before's, to go on; ``None`` to begin.

        Returns:
            A page; without items when there is nothing (more).

        Raises:
            InputError: An argument is not acceptable.
            StoreError: The store can't be read.
        """
        self.check_open()
        check_count("limit", limit, least=1, most=MOST_LISTED)
        if cursor is not None and not CURSOR.fullmatch(str(cursor)):
            raise InputError("cursor", f"is {cursor!r}", "give the cursor of the page before")
        query = FactQuery(
            Filter.of(scope),
            now=known_at or self._clock.now(),
            as_of=None if as_of is None else check_at("as_of", as_of),
            known_at=None if known_at is None else check_at("known_at", known_at),
            kinds=_check_kinds(kinds),
        )
        await self._eraser.take_up(query.where.user_id)
        found = await self._store.facts(query, after=int(cursor or 0), limit=limit + 1)
        more = len(found) > limit
        found = found[:limit]
        return FactPage(tuple(fact for _, fact in found), str(found[-1][0]) if more else None)

    async def history(self, fact_id: str, *, scope: Scope | Filter) -> list[Fact]:
        """Return a fact with what it superseded, what superseded it, and so on.

        Args:
            fact_id: The fact.
            scope: Whose; what it does not see is left out.

        Returns:
            The facts in the order they were recorded; none if ``scope`` sees no fact of that id.

        Raises:
            InputError: ``fact_id`` can't be an id.
            StoreError: The store can't be read.
        """
        self.check_open()
        where, wanted = Filter.of(scope), check_identifier("fact_id", fact_id)
        await self._eraser.take_up(where.user_id)
        return await self._store.history(where, wanted)

    async def profile(
        self,
        *,
        scope: Scope | Filter,
        token_budget: int = 500,
        count_tokens: Callable[[str], int] | None = None,
    ) -> str:
        """Return what is currently known of a user in a few lines, such as for a system prompt.

        See :func:`remanence.recall.profile.profile` for what comes first, and what is left out.

        Args:
            scope: Whose; as for :meth:`facts`.
            token_budget: How many tokens the lines are at most.
            count_tokens: Counts the tokens of a text; by default they are estimated.

        Returns:
            Lines that begin with ``- ``; empty when nothing is known.

        Raises:
            InputError: An argument is not acceptable.
            StoreError: The store can't be read.
        """
        self.check_open()
        check_count("token_budget", token_budget, least=1, most=_MOST_TOKENS)
        counter = check_counter(count_tokens)
        facts = await self._current_facts(Filter.of(scope))
        now = self._clock.now()
        return profile(facts, now=now, budget=token_budget, count=counter)

    async def _current_facts(self, where: Filter) -> list[Fact]:
        """Return all facts that still hold, or will."""
        facts: list[Fact] = []
        after = 0
        query = FactQuery(where, now=self._clock.now())
        await self._eraser.take_up(where.user_id)
        while found := await self._store.facts(query, after=after, limit=_FACTS_AT_ONCE):
            facts += [fact for _, fact in found]
            after = found[-1][0]
        return facts


def _kind_of(known: Fact, stated_by: Role | None) -> FactKind | None:
    """Return of what kind another text is; in other words than the user's it is no instruction."""
    if known.kind == "instruction" and stated_by not in (None, "user"):
        return "preference"
    return known.kind


def _check_kinds(kinds: Iterable[FactKind] | None) -> tuple[FactKind, ...] | None:
    if kinds is None:
        return None
    known = get_args(FactKind)
    if isinstance(kinds, str):
        raise InputError("kinds", f"is {kinds!r}", f"give a list: [{kinds!r}]")
    given = tuple(kinds)
    for kind in given:
        if kind not in known:
            raise InputError("kinds", f"names {kind!r}", f"use some of {', '.join(known)}")
    return given
