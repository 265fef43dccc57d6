"""What a store has to be able to do so that facts are drawn from each episode exactly once.

An episode that is *waiting* is still to be read. It is *done* by the transaction that stores what
was found in it. One that a model can't read is *passed over*: it no longer holds up those after it,
and waits to be tried again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal, Protocol

from remanence.store.facts import FactChanges
from remanence.store.jobs import NewJob
from remanence.types import Episode, Filter, Scope

__all__ = ["Expense", "ExtractionStore", "Kept", "Reading", "Unextracted"]

Kept = Literal["kept", "outdated", "taken"]


@dataclasses.dataclass(frozen=True, slots=True)
class Unextracted:
    """What comes next.

    Attributes:
        episodes: What is to be read, in its order; empty if there is nothing (more).
        before: What was said right before the first of them, in its order.
    """

    episodes: tuple[Episode, ...]
    before: tuple[Episode, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Expense:
    """What models were asked for a store, by all who did.

    Attributes:
        calls: How often.
        input_tokens: How many tokens they were given, as far as they told.
        output_tokens: How many they answered.
    """

    calls: int
    input_tokens: int
    output_tokens: int


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What a model has read, and what was found in it.

    Attributes:
        scope: The session.
        episodes: The ids of what was read.
        changes: What was found.
        facts_upto: The number of the user's last fact when that was weighed against what is known.
        passed_over: The ids of waiting episodes that can't be read, for now.
    """

    scope: Scope
    episodes: tuple[str, ...]
    changes: FactChanges
    facts_upto: int
    passed_over: tuple[str, ...] = ()


class ExtractionStore(Protocol):
    """Knows what is still to be read, and keeps what was found."""

    async def unextracted(
        self, scope: Scope, *, limit: int, before: int, passed_over: bool = False
    ) -> Unextracted:
        """Return the episodes of one session that are to be read next.

        Args:
            scope: The session.
            limit: How many to return at most.
            before: How many of those before the first to return at most.
            passed_over: Whether to return those that were passed over, instead of those that wait.
        """
        ...

    async def last_fact(self, user_id: str) -> int:
        """Return the number of a user's last fact; 0 if there is none."""
        ...

    async def keep_reading(self, reading: Reading, *, then: Sequence[NewJob] = ()) -> Kept:
        """Store what was found, and mark what was read as done, in one transaction.

        The facts belong to the session's user and agent, to no session.

        Args:
            reading: What was read and found.
            then: What is to be done next, put in by the same transaction, as
                :meth:`~remanence.store.jobs.JobStore.follow` does.

        Returns:
            ``kept``. Or else nothing was kept: ``taken`` if somebody else has read one of these
            meanwhile, or an episode is gone that was read or that a fact is to rest on, so that
            what is left has to be read anew; ``outdated`` if the user has facts by now that were
            not weighed, or one that was to be confirmed or superseded is gone, or was superseded.
        """
        ...

    async def enlist(self, where: Filter, *, limit: int) -> list[Scope]:
        """Let wait what was never read nor waited; return the sessions in which episodes wait.

        Args:
            where: Which episodes.
            limit: How many sessions to return at most.
        """
        ...

    async def waiting(self) -> int:
        """Return how many episodes wait or were passed over, of all users."""
        ...

    async def spend(self, expense: Expense) -> None:
        """Add to what models were asked."""
        ...

    async def spent(self) -> Expense:
        """Return what models were asked so far."""
        ...
