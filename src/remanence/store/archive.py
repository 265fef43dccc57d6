"""What a store has to be able to do so that all of a user's memory can leave it, and come back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

from remanence.store.analysis import Analysis
from remanence.store.jobs import NewJob
from remanence.types import Ending, FactKind, Role

__all__ = [
    "ArchiveStore",
    "ArchivedEnding",
    "ArchivedEpisode",
    "ArchivedFact",
    "ArchivedItem",
    "ArchivedSession",
    "ArchivedSource",
    "Contents",
    "ExtractionState",
    "Incoming",
    "TakenIn",
    "sessions_of",
]

T = TypeVar("T")

ExtractionState = Literal["unasked", "waiting", "passed over", "done"]


@dataclasses.dataclass(frozen=True, slots=True)
class ArchivedSession:
    """A session that something was written to.

    Attributes:
        agent_id: Its agent, if any.
        session_id: Its id, if it has one.
        next_position: The position of what is said in it next; no earlier one is given again.
    """

    agent_id: str | None
    session_id: str | None
    next_position: int


@dataclasses.dataclass(frozen=True, slots=True)
class ArchivedEpisode:
    """An episode with all that is kept of it; ``metadata`` is JSON text.

    The others are as those of :class:`~remanence.types.Episode`.

    Attributes:
        number: Its place in the order in which the user's items were recorded, from 1.
        extraction: Whether it was read for facts.
    """

    number: int
    id: str
    agent_id: str | None
    session_id: str | None
    position: int
    role: Role
    name: str | None
    content: str
    at: dt.datetime
    recorded_at: dt.datetime
    message_id: str | None
    metadata: str
    imported: bool
    extraction: ExtractionState


@dataclasses.dataclass(frozen=True, slots=True)
class ArchivedSource:
    """An episode that a fact rests on.

    Attributes:
        episode: Its id.
        stated_by: The least trusted role among the episodes that were given for the fact together
            with it; ``None`` where nobody has kept that.
        drawn: Whether the fact was drawn from it; else it said the same again later.
    """

    episode: str
    stated_by: Role | None
    drawn: bool


@dataclasses.dataclass(frozen=True, slots=True)
class ArchivedFact:
    """A fact with all that is kept of it; ``metadata`` is JSON text.

    The others are as those of :class:`~remanence.types.Fact`.

    Attributes:
        number: Its place in the order in which the user's items were recorded, from 1.
        stated_by: Whose words it was said to be when it was stored; its sources may tell more.
        stated_until: Until when it was true, as that was known before it was superseded.
        sources: What it rests on, in the order in which that was recorded.
    """

    number: int
    id: str
    agent_id: str | None
    session_id: str | None
    text: str
    at: dt.datetime
    recorded_at: dt.datetime
    metadata: str
    imported: bool
    kind: FactKind | None
    attribute: str | None
    stated_by: Role | None
    confidence: float | None
    valid_from: dt.datetime | None
    valid_until: dt.datetime | None
    stated_until: dt.datetime | None
    superseded_at: dt.datetime | None
    superseded_by: str | None
    ending: Ending | None
    sources: tuple[ArchivedSource, ...]


ArchivedItem = ArchivedEpisode | ArchivedFact


@dataclasses.dataclass(frozen=True, slots=True)
class ArchivedEnding:
    """What became of a fact that is there, told without the fact.

    Attributes:
        fact: Its id.
        superseded_at: When it stopped being what is known.
        superseded_by: The id of the fact that took its place, if one did.
        ending: Whether it was true until then.
        valid_until: Until when it was true, if that is known.
    """

    fact: str
    superseded_at: dt.datetime
    superseded_by: str | None
    ending: Ending
    valid_until: dt.datetime | None


def sessions_of(items: Iterable[ArchivedItem]) -> list[ArchivedSession]:
    """Return the sessions that items name, in order of appearance, as if there were no others."""
    positions: dict[tuple[str | None, str | None], int] = {}
    for item in items:
        key = (item.agent_id, item.session_id)
        after = item.position + 1 if isinstance(item, ArchivedEpisode) else 0
        positions[key] = max(positions.get(key, 0), after)
    return [ArchivedSession(*key, after) for key, after in positions.items()]


class Contents(Protocol):
    """All that a store keeps of one user, as of one moment.

    What is yielded is read piece by piece; it may be asked for several times.
    """

    @property
    def schema(self) -> int:
        """The version of the form that the store keeps things in."""
        ...

    def sessions(self) -> Iterator[ArchivedSession]:
        """Yield the sessions in which something is kept, in the order they began."""
        ...

    def episodes(self) -> Iterator[ArchivedEpisode]:
        """Yield the episodes, by number."""
        ...

    def facts(self) -> Iterator[ArchivedFact]:
        """Yield the facts, superseded ones included, by number."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Incoming:
    """What is to be taken in for a user.

    Attributes:
        sessions: All sessions that an item names, each once.
        items: Episodes and facts by number, with what search indexes need to know of them. Within
            a session positions ascend. Sources, and what superseded a fact, are among the items,
            or there already.
        at: When this is done.
        asked_by: Who asked for it, as they were named; ``None`` if nobody was.
        then: What is to be done next, put in by the same transaction if anything is new, as
            :meth:`~remanence.store.jobs.JobStore.follow` does.
        extract: Whether episodes that wait to be read for facts, or were passed over, wait here as
            well; else it is as if nobody had asked for that.
        endings: What became of facts that are there; one that has an end keeps it. What took their
            place is among the items, or there already.
    """

    sessions: Sequence[ArchivedSession]
    items: Sequence[tuple[ArchivedItem, Analysis]]
    at: dt.datetime
    asked_by: str | None = None
    then: Sequence[NewJob] = ()
    extract: bool = False
    endings: Sequence[ArchivedEnding] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of what was to be taken in.

    Attributes:
        sessions: How many sessions are new.
        episodes: How many episodes are new.
        facts: How many facts are new.
        episodes_there: How many episodes were there already.
        facts_there: How many facts were there already.
        facts_completed: How many of these rest on more now, or have got an end.
        known_as: The ids of messages that are there under another id, known by their message ids,
            each with that other id.
    """

    sessions: int
    episodes: int
    facts: int
    episodes_there: int
    facts_there: int
    facts_completed: int
    known_as: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])


class ArchiveStore(Protocol):
    """Hands out all of one user's memory, and takes it in."""

    async def read_out(self, user_id: str, take: Callable[[Contents], T]) -> T:
        """Call something in a thread with all that is kept of a user, and return what it returns.

        Writers are not held up, and what they write meanwhile is not seen. An unknown user's
        contents are empty.
        """
        ...

    async def take_in(self, user_id: str, incoming: Incoming) -> TakenIn:
        """Store what left a store, all of it or nothing, durably when this returns.

        Ids, times and the order among the items are kept; their numbers come after the user's last.
        A session that is new keeps its positions; in one that is there, they go on after the last,
        with the same gaps.

        What the user has already, by its id, or a message by its message id, is not stored again.
        A fact that is there is completed: it also rests on what it rests on in the archive, and if
        it was not superseded here and was there, it is now. Nothing that is known here is undone.

        That it was done is written down, by the same transaction.

        Raises:
            ConflictError: An id, or a message id, is taken by something with another content,
                facts would supersede one another in a circle, or an id names what is neither among
                the items nor there; nothing was kept.
            StoreError: The store can't; nothing was kept.
        """
        ...
