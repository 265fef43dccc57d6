"""What a store has to be able to do to keep statements with their dates and sources."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from remanence.store.analysis import Analysis
from remanence.store.audit import NewAudit
from remanence.store.jobs import NewJob
from remanence.types import Ending, Fact, FactKind, Filter, Role, Scope

__all__ = ["Confirmation", "FactChanges", "FactQuery", "FactStore", "NewFact", "Supersession"]


@dataclasses.dataclass(frozen=True, slots=True)
class NewFact:
    """A statement about to be stored, checked and analysed; ``metadata`` is JSON text.

    ``sources`` are the ids of the episodes that it rests on, each once. The others are as those of
    :class:`~remanence.types.Fact`. With sources, ``stated_by`` is at most as trusted as the least
    trusted of them, and it is imported if any of them is, whatever is given.
    """

    id: str
    text: str
    at: dt.datetime
    recorded_at: dt.datetime
    metadata: str
    analysis: Analysis
    sources: tuple[str, ...] = ()
    kind: FactKind | None = None
    attribute: str | None = None
    stated_by: Role | None = None
    confidence: float | None = None
    valid_from: dt.datetime | None = None
    valid_until: dt.datetime | None = None
    imported: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Confirmation:
    """More episodes that a known fact rests on.

    Attributes:
        fact: Its id.
        sources: Their ids.
    """

    fact: str
    sources: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Supersession:
    """A known fact that isn't so any more, or never was.

    Attributes:
        fact: Its id.
        by: The id of the new fact that tells so.
        ending: Which of the two.
        until: Until when it was true, for one that ended.
    """

    fact: str
    by: str
    ending: Ending
    until: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class FactChanges:
    """What was learned at one time.

    Attributes:
        added: New facts.
        confirmed: What other facts rest on as well.
        superseded: Facts that were known, and what took their place: one of ``added``.
    """

    added: tuple[NewFact, ...] = ()
    confirmed: tuple[Confirmation, ...] = ()
    superseded: tuple[Supersession, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class FactQuery:
    """Which facts are wanted.

    Attributes:
        where: What may be seen. A session sees the facts that were written to it, and those that
            rest on an episode of it. Times are compared with when a fact was stated.
        as_of: Only what was true at this time; ``None`` for what has not been superseded, whenever
            it was true, and what was, but ends only after ``now``.
        known_at: As it was known at this time; ``None`` for now.
        kinds: Only facts of these kinds; ``None`` for any.
        attributes: Only facts of these attributes; ``None`` for any.
        now: The time, or ``known_at``; ``None`` leaves out all that was superseded.
    """

    where: Filter
    as_of: dt.datetime | None = None
    known_at: dt.datetime | None = None
    kinds: tuple[FactKind, ...] | None = None
    attributes: tuple[str, ...] | None = None
    now: dt.datetime | None = None


class FactStore(Protocol):
    """Keeps statements."""

    async def add_facts(
        self,
        scope: Scope,
        facts: Sequence[NewFact],
        *,
        superseded: Sequence[Supersession] = (),
        then: Sequence[NewJob] = (),
        audit: NewAudit | None = None,
    ) -> list[Fact]:
        """Store statements, all of them or none, durably when this returns.

        Args:
            scope: Where they belong.
            facts: The statements.
            superseded: Facts of the user's whose place they take. One that is gone, or was
                superseded already, is passed over.
            then: What is to be done next, put in by the same transaction, as
                :meth:`~remanence.store.jobs.JobStore.follow` does.
            audit: Who asked for it, if that is to be written down by the same transaction.

        Raises:
            InputError: A source is no episode of the user's; nothing was kept.
            StoreError: The store can't; nothing was kept.
        """
        ...

    async def facts(self, query: FactQuery, *, after: int, limit: int) -> list[tuple[int, Fact]]:
        """Return up to ``limit`` facts numbered above ``after``, by number.

        They are told as they were known at ``query.known_at``.
        """
        ...

    async def history(self, where: Filter, id: str) -> list[Fact]:  # noqa: A002 - the field's name
        """Return a fact with all that led to it, and all that came of it, by number.

        That is what it superseded, what superseded it, and so on. Empty if ``where`` doesn't see a
        fact of that id; what else it doesn't see is left out.
        """
        ...
