"""What the tests store, and how they look at what is there."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

import uuid_utils

from remanence.store.analysis import Analysis
from remanence.store.erasing import Erasure, NewErasure
from remanence.store.facts import NewFact
from remanence.store.protocol import Batch, Entry, Head, Item, NewEpisode, Store
from remanence.types import Episode, Fact, Filter, Role, Scope

__all__ = [
    "ALICE",
    "BOB",
    "EVERYTHING",
    "MICROSECOND",
    "NOON",
    "SECOND",
    "START",
    "Follower",
    "erase",
    "is_empty",
    "listed",
    "new_analysis",
    "new_episode",
    "new_fact",
    "new_id",
    "page_of",
    "say",
]


NOON = dt.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
MICROSECOND = dt.timedelta(microseconds=1)
START = Head(0, 0)

ALICE = Scope("alice", "clerk", "monday")
BOB = Scope("bob", "clerk", "monday")
EVERYTHING = Filter("alice")


def new_id() -> str:
    """Return an id that no item has."""
    return str(uuid_utils.uuid7())


async def erase(store: Store, where: Filter, ids: Iterable[str] | None) -> Erasure:
    """Erase what a filter sees, or some of it, and return what went."""
    wanted = NewErasure(where, None if ids is None else tuple(ids), NOON)
    (number,) = await store.erasures.ask([wanted])
    erasure = await store.erasures.remove(number, at=NOON)
    assert erasure is not None
    assert (await store.erasures.overwrite(number)).over
    await store.erasures.finish([number])
    return erasure


def new_analysis(terms: str, *, version: int = 1) -> Analysis:
    """Return an analysis that found these terms."""
    return Analysis(terms, asks=False, version=version)


def new_episode(
    content: str = "hello",
    *,
    role: Role = "user",
    name: str | None = None,
    at: dt.datetime = NOON,
    message_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    version: int = 1,
) -> NewEpisode:
    """Return a message to append; its one term is made of its content."""
    return NewEpisode(
        id=new_id(),
        role=role,
        content=content,
        name=name,
        at=at,
        recorded_at=NOON,
        message_id=message_id,
        metadata=json.dumps(metadata or {}, ensure_ascii=False),
        analysis=new_analysis(f"term_{content[:8].strip().lower()}", version=version),
    )


def new_fact(text: str = "hello", *, at: dt.datetime = NOON) -> NewFact:
    """Return a statement to add."""
    return NewFact(new_id(), text, at, NOON, '{"kind":"plan"}', new_analysis("plan"))


async def say(store: Store, scope: Scope, *contents: str) -> list[Episode]:
    """Append messages and return them as stored."""
    episodes = tuple(new_episode(content) for content in contents)
    return (await store.append([Batch(scope, episodes)]))[0]


async def page_of(store: Store, where: Filter = EVERYTHING) -> list[tuple[int, Item]]:
    """Return all that a filter sees, by number."""
    return await store.page(where, after=0, limit=1000, origin=None)


async def listed(store: Store, where: Filter = EVERYTHING) -> list[str]:
    """Return the texts of all that a filter sees, by number."""
    items = [item for _, item in await page_of(store, where)]
    return [item.text if isinstance(item, Fact) else item.content for item in items]


async def is_empty(store: Store, user_id: str = "alice") -> bool:
    """Return whether nothing tells that there ever was such a user."""
    counts = await store.count(Filter(user_id))
    return (
        await store.head(user_id) == START
        and not await page_of(store, Filter(user_id))
        and (counts.users, counts.sessions, counts.episodes, counts.facts) == (0, 0, 0, 0)
    )


@dataclasses.dataclass(slots=True)
class Follower:
    """An index in its simplest form: it does what ``changes`` tells, and nothing else.

    Attributes:
        user_id: Whose items it follows.
        limit: How many entries it asks for at a time.
        head: How far it has come.
        entries: What it knows, by number.
        rebuilt: How often it was told to drop everything.
    """

    user_id: str = "alice"
    limit: int = 1000
    head: Head = START
    entries: dict[int, Entry] = dataclasses.field(default_factory=dict[int, Entry])
    rebuilt: int = 0

    async def step(self, store: Store) -> bool:
        """Apply one portion of changes; return whether that was all."""
        changes = await store.changes(self.user_id, self.head, limit=self.limit)
        assert len(changes.entries) <= self.limit
        numbers = [entry.seq for entry in changes.entries]
        assert numbers == sorted(set(numbers))
        assert not set(numbers) & set(changes.removed)
        if changes.rebuild:
            self.rebuilt += 1
            self.entries.clear()
        for number in changes.removed:
            self.entries.pop(number, None)
        for entry in changes.amended:
            assert entry.seq in self.entries
            self.entries[entry.seq] = entry
        for entry in changes.entries:
            assert entry.seq not in self.entries
            self.entries[entry.seq] = entry
        self.head = Head(changes.seq, changes.epoch)
        return changes.complete

    async def follow(self, store: Store) -> dict[int, Entry]:
        """Apply all changes and return what is known then."""
        while not await self.step(store):
            pass
        assert self.head == await store.head(self.user_id)
        return self.entries
