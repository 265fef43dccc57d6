"""What a reader of another memory finds: gathered by user, with ids that are the same each time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from remanence.errors import InputError
from remanence.store.archive import (
    ArchivedEpisode,
    ArchivedFact,
    ArchivedItem,
    ArchivedSession,
    ArchivedSource,
    sessions_of,
)
from remanence.types import Ending, FactKind, Role
from remanence.validation import check_at, check_content, check_identifier, check_metadata

__all__ = ["Arrival", "Arrivals", "Gathering", "Place", "Skipped"]

_NAMESPACE = uuid.UUID("5a0f9f3e-6d0b-5c0e-9c55-2b8f6d1f7a11")
"""Of the ids of what comes from elsewhere, which are names in the sense of RFC 9562."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where something belongs: a scope whose user is known."""

    user_id: str
    agent_id: str | None = None
    session_id: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Skipped:
    """Something that can't be taken in.

    Attributes:
        where: Its place: a file with a line, or a record's id.
        why: What is wrong with it.
        amount: How many items that are, as far as that is known; nothing for what tells of no item.
    """

    where: str
    why: str
    amount: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Arrival:
    """What was found of one user.

    Attributes:
        user_id: Whose it is.
        items: Episodes and facts, numbered from 1 by the time at which they were said or noted; an
            episode comes before the facts that rest on it.
        places: Where each of them is in the source, by its id.
    """

    user_id: str
    items: tuple[ArchivedItem, ...]
    places: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    @property
    def episodes(self) -> int:
        """How many messages there are."""
        return sum(isinstance(item, ArchivedEpisode) for item in self.items)

    @property
    def facts(self) -> int:
        """How many statements there are, superseded ones included."""
        return len(self.items) - self.episodes

    @property
    def sessions(self) -> tuple[ArchivedSession, ...]:
        """The sessions in which something was said, in order of appearance."""
        said = (item for item in self.items if isinstance(item, ArchivedEpisode))
        return tuple(sessions_of(said))


@dataclasses.dataclass(frozen=True, slots=True)
class Arrivals:
    """What a reader found.

    Attributes:
        source: What was read, in a word, as ``mem0``.
        users: What was found, by user, in order of appearance.
        skipped: What can't be taken in.
        deleted: The ids of what was there once and was deleted.
    """

    source: str
    users: tuple[Arrival, ...]
    skipped: tuple[Skipped, ...]
    deleted: frozenset[str] = frozenset()


@dataclasses.dataclass(slots=True)
class _Said:
    place: Place
    episode: ArchivedEpisode
    order: int
    where: str


@dataclasses.dataclass(slots=True)
class _Noted:
    place: Place
    fact: ArchivedFact
    order: int
    where: str


class Gathering:
    """Gathers what a reader finds.

    Whatever is told twice, by the same key, is there once. An item's id is made of the source, the
    user and the key, so that another reading of the same finds the same ids.

    Args:
        source: What is read, in a word.
        now: When it is read: nothing was recorded later.
    """

    def __init__(self, source: str, now: dt.datetime) -> None:
        """Nothing was found yet."""
        self._source = source
        self._now = now
        self._said: dict[str, _Said] = {}
        self._noted: dict[str, _Noted] = {}
        self._skipped: list[Skipped] = []
        self._deleted: frozenset[str] = frozenset()

    def skip(self, where: str, why: str, amount: int = 1) -> None:
        """Tell of something that can't be taken in, or of so many such things."""
        self._skipped.append(Skipped(where, why, amount))

    def delete(self, ids: Iterable[str]) -> None:
        """Keep the ids, as the source has them, of what was deleted there."""
        self._deleted |= frozenset(ids)

    def id_of(self, user_id: str, key: str) -> str:
        """Return the id that an item of this user and key has."""
        name = f"{self._source}\x00{user_id}\x00{key}".encode("utf-8", "backslashreplace")
        return str(uuid.uuid5(_NAMESPACE, name.decode()))

    def message(  # noqa: PLR0913 - what is known of a message, each by its name
        self,
        place: Place,
        key: str,
        *,
        where: str,
        role: Role,
        content: str,
        at: dt.datetime,
        name: str | None = None,
        message_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Add something that was said; return its id, or ``None`` if it can't be taken in.

        Args:
            place: Where it belongs.
            key: What tells it apart from all else of this user in the source.
            where: Its place in the source, for those who look for what was left out.
            role: Who says it, as a conversation has it.
            content: What is said.
            at: When it was said.
            name: The speaker.
            message_id: Its id in its session.
            metadata: What else is known.
        """
        item_id = self.id_of(place.user_id, key)
        try:
            episode = ArchivedEpisode(
                number=0,
                id=item_id,
                agent_id=_identifier("agent_id", place.agent_id),
                session_id=_identifier("session_id", place.session_id),
                position=0,
                role=role,
                name=_identifier("name", name),
                content=check_content("content", content),
                at=check_at("at", at),
                recorded_at=min(check_at("at", at), self._now),
                message_id=_identifier("message_id", message_id),
                metadata=check_metadata("metadata", metadata or {}),
                imported=True,
                extraction="waiting",
            )
            check_identifier("user_id", place.user_id)
        except InputError as error:
            self.skip(where, str(error))
            return None
        self._said.setdefault(item_id, _Said(place, episode, len(self._said), where))
        return item_id

    def statement(  # noqa: PLR0913 - what is known of a statement, each by its name
        self,
        place: Place,
        key: str,
        *,
        where: str,
        text: str,
        at: dt.datetime,
        metadata: Mapping[str, Any] | None = None,
        kind: FactKind | None = None,
        stated_by: Role | None = None,
        sources: Sequence[str] = (),
        superseded_at: dt.datetime | None = None,
        superseded_by: str | None = None,
        ending: Ending | None = None,
        valid_until: dt.datetime | None = None,
    ) -> str | None:
        """Add a statement that stands by itself; return its id, or ``None`` as for a message.

        Of statements whose metadata say that they are versions of one thing, by the same ``from``
        and ``id`` in a mapping ``source``, one is current after they were taken in.

        Args:
            place: Where it belongs.
            key: As for a message.
            where: As for a message.
            text: What is stated.
            at: When it was noted.
            metadata: What else is known.
            kind: What kind of fact it is.
            stated_by: Whose words it is, if that is known.
            sources: The ids of the messages that it rests on.
            superseded_at: When it stopped being what is known, if it did.
            superseded_by: The id of the statement that took its place.
            ending: Why it ended; goes with ``superseded_at``, until when it was true if it ended.
            valid_until: Until when it was to be true, that moment excluded, if that was known.
        """
        item_id = self.id_of(place.user_id, key)
        known = [source for source in dict.fromkeys(sources) if source in self._said]
        try:
            fact = ArchivedFact(
                number=0,
                id=item_id,
                agent_id=_identifier("agent_id", place.agent_id),
                session_id=_identifier("session_id", place.session_id),
                text=check_content("text", text),
                at=check_at("at", at),
                recorded_at=min(check_at("at", at), self._now),
                metadata=check_metadata("metadata", metadata or {}),
                imported=True,
                kind=kind,
                attribute=None,
                stated_by=stated_by,
                confidence=None,
                valid_from=None,
                valid_until=_until(valid_until, superseded_at, ending),
                stated_until=valid_until,
                superseded_at=superseded_at,
                superseded_by=superseded_by,
                ending=ending,
                sources=tuple(ArchivedSource(source, stated_by, drawn=True) for source in known),
            )
            check_identifier("user_id", place.user_id)
        except InputError as error:
            self.skip(where, str(error))
            return None
        self._noted.setdefault(item_id, _Noted(place, fact, len(self._noted), where))
        return item_id

    def arrivals(self) -> Arrivals:
        """Return what was found: within a user by time, and what is as old as it was told."""
        users: dict[str, list[_Said | _Noted]] = {}
        for told in (*self._said.values(), *self._noted.values()):
            users.setdefault(told.place.user_id, []).append(told)
        found = tuple(
            Arrival(user_id, _numbered(told), _places(told)) for user_id, told in users.items()
        )
        return Arrivals(self._source, found, tuple(self._skipped), self._deleted)


def _identifier(field: str, value: str | None) -> str | None:
    return None if value is None else check_identifier(field, value)


def _until(
    valid_until: dt.datetime | None, superseded_at: dt.datetime | None, ending: Ending | None
) -> dt.datetime | None:
    """Return until when a statement was true, by what is known in the end.

    Raises:
        InputError: A time is not acceptable, or one of an end's two halves is missing.
    """
    if valid_until is not None:
        check_at("valid_until", valid_until)
    if (superseded_at is None) != (ending is None):
        raise InputError("ending", "goes with superseded_at", "give both, or neither")
    if superseded_at is None:
        return valid_until
    check_at("superseded_at", superseded_at)
    if ending == "corrected":
        return valid_until
    return superseded_at if valid_until is None else min(valid_until, superseded_at)


def _places(told: Sequence[_Said | _Noted]) -> Mapping[str, str]:
    return {
        each.episode.id if isinstance(each, _Said) else each.fact.id: each.where for each in told
    }


def _numbered(told: Sequence[_Said | _Noted]) -> tuple[ArchivedItem, ...]:
    """Return items in order, with their numbers and their positions in their sessions."""
    said = sorted(
        (each for each in told if isinstance(each, _Said)),
        key=lambda each: (each.episode.at, each.order),
    )
    noted = sorted(
        (each for each in told if isinstance(each, _Noted)),
        key=lambda each: (each.fact.at, each.order),
    )
    items: list[ArchivedItem] = []
    positions: dict[Place, int] = {}
    for each in said:
        position = positions.get(each.place, 0)
        positions[each.place] = position + 1
        number = len(items) + 1
        items.append(dataclasses.replace(each.episode, number=number, position=position))
    there = {each.fact.id for each in noted}
    for each in noted:
        fact = dataclasses.replace(each.fact, number=len(items) + 1)
        if fact.superseded_by is not None and fact.superseded_by not in there:
            fact = dataclasses.replace(fact, superseded_by=None)
        items.append(fact)
    return tuple(items)
