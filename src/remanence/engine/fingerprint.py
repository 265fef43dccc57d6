"""One user's memory in a form that is the same in every store, and its digest."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import heapq
import json
from collections.abc import Iterator
from typing import Any

from remanence.store.archive import (
    ArchivedEpisode,
    ArchivedFact,
    ArchivedItem,
    ArchivedSession,
    Contents,
)

__all__ = ["Fingerprint", "Taking", "fingerprint_of", "items_of"]


@dataclasses.dataclass(frozen=True, slots=True)
class Fingerprint:
    """How much is kept of a user, and what all of it amounts to.

    Attributes:
        sessions: How many sessions.
        episodes: How many episodes.
        facts: How many facts, superseded ones included.
        digest: SHA-256 of the canonical form, in hexadecimal. It is made of all that leaves with
            the user's memory, but for the numbers of items, of which only the order counts.
    """

    sessions: int
    episodes: int
    facts: int
    digest: str

    @property
    def items(self) -> int:
        """How many episodes and facts."""
        return self.episodes + self.facts


class Taking:
    """Makes a fingerprint of what it is given, piece by piece."""

    def __init__(self) -> None:
        """Nothing was given yet."""
        self._hash = hashlib.sha256()
        self._sessions = 0
        self._episodes = 0
        self._facts = 0

    def add_sessions(self, sessions: list[ArchivedSession]) -> None:
        """Take the sessions, in any order; before the items."""
        self._sessions = len(sessions)
        for session in sorted(sessions, key=lambda each: repr((each.agent_id, each.session_id))):
            self._add("session", dataclasses.astuple(session))

    def add(self, item: ArchivedItem) -> None:
        """Take the next item."""
        if isinstance(item, ArchivedEpisode):
            self._episodes += 1
            self._add("episode", _told_of_episode(item))
        else:
            self._facts += 1
            self._add("fact", _told_of_fact(item))

    def _add(self, kind: str, told: tuple[Any, ...]) -> None:
        line = json.dumps((kind, *told), separators=(",", ":"), default=_written)
        self._hash.update(f"{line}\n".encode())

    def result(self) -> Fingerprint:
        """Return what came of it."""
        return Fingerprint(self._sessions, self._episodes, self._facts, self._hash.hexdigest())


def items_of(contents: Contents) -> Iterator[ArchivedItem]:
    """Yield episodes and facts by number."""
    yield from heapq.merge(contents.episodes(), contents.facts(), key=lambda item: item.number)


def fingerprint_of(contents: Contents) -> Fingerprint:
    """Return the fingerprint of a user's memory; it is read piece by piece."""
    taking = Taking()
    taking.add_sessions(list(contents.sessions()))
    for item in items_of(contents):
        taking.add(item)
    return taking.result()


def _told_of_episode(episode: ArchivedEpisode) -> tuple[Any, ...]:
    # What was passed over waits to be read in the store that it comes to.
    waits = episode.extraction in ("waiting", "passed over")
    return (
        episode.id,
        episode.agent_id,
        episode.session_id,
        episode.position,
        episode.role,
        episode.name,
        episode.content,
        episode.at,
        episode.recorded_at,
        episode.message_id,
        json.loads(episode.metadata),
        episode.imported,
        "waiting" if waits else episode.extraction,
    )


def _told_of_fact(fact: ArchivedFact) -> tuple[Any, ...]:
    sources = sorted(fact.sources, key=lambda source: source.episode)
    return (
        fact.id,
        fact.agent_id,
        fact.session_id,
        fact.text,
        fact.at,
        fact.recorded_at,
        json.loads(fact.metadata),
        fact.imported,
        fact.kind,
        fact.attribute,
        fact.stated_by,
        fact.confidence,
        fact.valid_from,
        fact.valid_until,
        fact.stated_until,
        fact.superseded_at,
        fact.superseded_by,
        fact.ending,
        [(source.episode, source.stated_by, source.drawn) for source in sources],
    )


def _written(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not written")
