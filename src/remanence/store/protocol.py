"""What a store has to be able to do.

Small protocols, and their sum, which has jobs, vectors and extraction as well. Every method names
a user and can't read across users; no value of an argument is a wildcard. Records go in and out
frozen. The store is the truth: search indexes are caches that feed on :class:`IndexFeed` and can be
thrown away at any time.

Each user has a *sequence* (every stored item takes the next number, so no number appears late)
and an *epoch* (raised by whatever changes or removes items). Epochs are never used twice, not
even by a user who was erased and came back.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from remanence.store.analysis import Analysis, Reanalysis, StaleText
from remanence.store.archive import ArchiveStore
from remanence.store.audit import AuditStore
from remanence.store.erasing import ErasureStore
from remanence.store.extraction import ExtractionStore
from remanence.store.facts import FactStore
from remanence.store.jobs import JobStore, NewJob
from remanence.store.usage import UsageStore
from remanence.store.vectors import VectorStore
from remanence.types import Episode, Fact, Filter, Origin, Role, Scope

__all__ = [
    "Batch",
    "Changes",
    "Counts",
    "Entry",
    "EpisodeStore",
    "FactTimes",
    "Head",
    "IndexFeed",
    "Item",
    "ItemStore",
    "NewEpisode",
    "Store",
]

Item = Episode | Fact


@dataclasses.dataclass(frozen=True, slots=True)
class NewEpisode:
    """A message about to be stored, checked and analysed; ``metadata`` is JSON text.

    ``imported`` is as that of :class:`~remanence.types.Episode`.
    """

    id: str
    role: Role
    content: str
    name: str | None
    at: dt.datetime
    recorded_at: dt.datetime
    message_id: str | None
    metadata: str
    analysis: Analysis
    imported: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Episodes of one session, in order."""

    scope: Scope
    episodes: tuple[NewEpisode, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """How far a user's items have come: (0, 0) for a user without any.

    Attributes:
        seq: The number of the last item.
        epoch: The user's epoch.
        embedded: The number up to which there are vectors, of the embedder that was asked about.
        erasing: Whether something is asked to be erased of the user that is still there.
    """

    seq: int
    epoch: int
    embedded: int = 0
    erasing: bool = False


class FactTimes(NamedTuple):
    """When a fact was true, and when that was known; times in microseconds since 1970 UTC.

    Attributes:
        valid_from: Since when it is true, if known; else since it was stated. ``None`` if it was
            over when it was stated: nobody has said since when it was true.
        valid_until: Until when it was true, or ``None``.
        stated_until: That, as it was known before the fact was superseded.
        superseded_at: When it was superseded, or ``None``.
        corrected: Whether it was never true.
        stated_by: In whose words it was found; ``None`` if the program itself stored it.
    """

    valid_from: int | None
    valid_until: int | None
    stated_until: int | None
    superseded_at: int | None
    corrected: bool
    stated_by: Role | None


class Entry(NamedTuple):
    """An item as a search index loads it.

    Attributes:
        seq: Its number within its user.
        origin: Whether it is an episode or a fact.
        session: The number of its session within its user.
        agent_id: That session's agent.
        session_id: That session's id.
        at: When it happened, in microseconds since 1970 UTC.
        role: As what they spoke; ``None`` for a fact.
        speaker: Who spoke, if known.
        terms: Its index terms, as in :class:`Analysis`.
        asks: Whether it ends with a question.
        version: The version of the analyser that found the terms.
        recorded_at: When we learned it, in microseconds since 1970 UTC.
        sources: For a fact, the numbers of the episodes that it rests on, ascending.
        times: For a fact, when it was true.
    """

    seq: int
    origin: Origin
    session: int
    agent_id: str | None
    session_id: str | None
    at: int
    role: Role | None
    speaker: str | None
    terms: str
    asks: bool
    version: int
    recorded_at: int = 0
    sources: tuple[int, ...] = ()
    times: FactTimes | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Changes:
    """What happened since an index last looked, as of one moment.

    Attributes:
        epoch: The user's epoch now.
        seq: The number up to which the index knows everything once it has applied this.
        rebuild: The index must drop everything first; ``entries`` then start from the first.
        removed: Numbers of items that are gone.
        entries: New items, by number; none of them is among ``removed``.
        complete: Whether nothing more is to be had.
        amended: Facts that the index knows, and that were confirmed or superseded since.
    """

    epoch: int
    seq: int
    rebuild: bool
    removed: tuple[int, ...]
    entries: tuple[Entry, ...]
    complete: bool
    amended: tuple[Entry, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """How much is stored; times are ``None`` when nothing is."""

    users: int
    sessions: int
    episodes: int
    facts: int
    first_at: dt.datetime | None
    last_at: dt.datetime | None
    store_bytes: int


class EpisodeStore(Protocol):
    """Keeps what was said."""

    async def append(
        self, batches: Sequence[Batch], *, then: Sequence[NewJob] = (), extract: bool = False
    ) -> list[list[Episode]]:
        """Store messages, all of them or none, durably when this returns.

        A message whose ``message_id`` its session already holds is not stored again: the episode
        that is there is returned in its place.

        Args:
            batches: The messages.
            then: What is to be done next, put in by the same transaction, as
                :meth:`~remanence.store.jobs.JobStore.follow` does.
            extract: Whether what is new waits to be read for facts.

        Returns:
            For each batch its episodes, in the order given.

        Raises:
            ConflictError: A ``message_id`` is taken by a message of another role or content.
            StoreError: The store can't; nothing was kept.
        """
        ...

    async def episode_ids(self, scope: Scope, message_ids: Sequence[str]) -> list[str]:
        """Return the ids of the episodes of one session that carry these message ids.

        A message may be stored in several parts, whose ids are its own followed by ``#`` and
        anything (``m1``, ``m1#1``, ``m1#2``): the parts of a message are found with it, whether
        or not the message itself is there. An empty id names nothing.
        """
        ...


class ItemStore(Protocol):
    """Finds and lists what is kept, episodes and facts alike."""

    async def at_sequence(
        self, user_id: str, numbers: Sequence[int], *, known_at: dt.datetime | None = None
    ) -> dict[int, Item]:
        """Return the items with these numbers; those that are gone are left out.

        Args:
            user_id: The user.
            numbers: The numbers.
            known_at: Tell facts as they were known at this time; ``None`` for now.
        """
        ...

    async def find(self, where: Filter, ids: Sequence[str]) -> dict[str, tuple[int, Item]]:
        """Return number and item of these ids, as far as they exist and ``where`` sees them."""
        ...

    async def around(
        self, where: Filter, ids: Sequence[str], *, before: int, after: int
    ) -> dict[str, tuple[Episode, ...]]:
        """Return episodes with what was said right before and after them, by the episodes' ids.

        Args:
            where: What may be seen, the episodes themselves included.
            ids: The episodes; ids of anything else are left out.
            before: How many places to look back in the episode's session.
            after: How many places to look ahead.

        Returns:
            For each episode it and the others, by their position in the session. What was erased
            leaves its place empty: nothing from further away comes in for it.
        """
        ...

    async def page(
        self, where: Filter, *, after: int, limit: int, origin: Origin | None
    ) -> list[tuple[int, Item]]:
        """Return up to ``limit`` items numbered above ``after`` that ``where`` sees, by number."""
        ...

    async def count(self, where: Filter | None) -> Counts:
        """Count what ``where`` sees, or with ``None`` everything in the store."""
        ...


class IndexFeed(Protocol):
    """Brings search indexes up to date, and their terms."""

    async def head(self, user_id: str, *, embedder: int | None = None) -> Head:
        """Return how far a user's items have come.

        Args:
            user_id: The user.
            embedder: Whose vectors to tell of; ``None`` for none.
        """
        ...

    async def changes(self, user_id: str, since: Head, *, limit: int) -> Changes:
        """Return what happened since ``since``, with ``limit`` new items at most, as of one moment.

        Args:
            user_id: The user.
            since: Where the index stands; ``Head(0, 0)`` for a new one.
            limit: How many entries to return at most.
        """
        ...

    async def stale(self, user_id: str, *, version: int, limit: int) -> list[StaleText]:
        """Return items whose terms were found by an analyser older than ``version``, by number."""
        ...

    async def replace_terms(self, user_id: str, items: Sequence[Reanalysis]) -> None:
        """Store new terms and raise the user's epoch; items that are gone meanwhile are skipped."""
        ...


class Store(EpisodeStore, FactStore, ItemStore, IndexFeed, Protocol):
    """All that the engine needs of a store."""

    @property
    def extraction(self) -> ExtractionStore:
        """What is still to be read for facts."""
        ...

    @property
    def archive(self) -> ArchiveStore:
        """All of one user's memory, as it leaves the store and comes in."""
        ...

    @property
    def audit(self) -> AuditStore:
        """Who asked for what."""
        ...

    @property
    def erasures(self) -> ErasureStore:
        """What is to be erased."""
        ...

    @property
    def jobs(self) -> JobStore:
        """The work that waits."""
        ...

    @property
    def usage(self) -> UsageStore:
        """How much there is of whom."""
        ...

    @property
    def vectors(self) -> VectorStore:
        """The vectors of what is kept."""
        ...

    @property
    def commits(self) -> int:
        """How many write transactions were made since it was opened."""
        ...

    async def open(self) -> None:
        """Open the store, creating or migrating it as needed.

        Raises:
            StoreError: It can't be opened; the error says why and what to do.
        """
        ...

    async def aclose(self) -> None:
        """Finish what was begun and close; closing twice does nothing."""
        ...
