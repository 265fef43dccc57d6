"""What a memory holds already of what comes in."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

from remanence.engine import Memory
from remanence.moving.arrivals import Arrival
from remanence.store.archive import ArchivedEpisode, ArchivedFact, ArchivedItem
from remanence.types import Episode, Fact, Filter

__all__ = [
    "Known",
    "Lineage",
    "MessageKey",
    "items_of",
    "known_of",
    "lineage_in",
    "lineage_of",
    "message_key",
    "says_the_same",
]

_AT_ONCE = 2_000

Lineage = tuple[str, str]
"""Of what a statement is a version: the source, and the thing's id in it."""

MessageKey = tuple[str | None, str | None, str]
"""What a message is known by besides its id: the agent, the session, and its id there."""


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What is there already.

    Attributes:
        items: Items that come in, as they are here, by their ids.
        messages: Messages that are here under the message id of one that comes in, by their
            sessions and message ids.
        versions: What is current here of the things that come in, where it is none of the items.
    """

    items: Mapping[str, Episode | Fact]
    messages: Mapping[MessageKey, Episode]
    versions: Mapping[Lineage, list[Fact]]


async def items_of(memory: Memory, user_id: str) -> AsyncIterator[Episode | Fact]:
    """Yield all that a memory holds of a user."""
    cursor: str | None = None
    while True:
        page = await memory.list(scope=Filter(user_id), limit=_AT_ONCE, cursor=cursor)
        for item in page.items:
            yield item
        cursor = page.cursor
        if cursor is None:
            return


async def known_of(memory: Memory, arrival: Arrival) -> Known:
    """Return what a memory holds already of what comes in.

    Raises:
        StoreError: The store can't be read.
    """
    ids = {item.id for item in arrival.items}
    lineages = {
        lineage
        for item in arrival.items
        if isinstance(item, ArchivedFact) and (lineage := lineage_of(item)) is not None
    }
    keys = {key for item in arrival.items if (key := message_key(item)) is not None}
    items: dict[str, Episode | Fact] = {}
    messages: dict[MessageKey, Episode] = {}
    versions: dict[Lineage, list[Fact]] = {}
    async for item in items_of(memory, arrival.user_id):
        if isinstance(item, Episode) and item.message_id is not None:
            key = (item.scope.agent_id, item.scope.session_id, item.message_id)
            if key in keys:
                messages[key] = item
        if item.id in ids:
            items[item.id] = item
        elif isinstance(item, Fact) and item.imported and item.superseded_at is None:
            lineage = lineage_in(item.metadata)
            if lineage in lineages:
                versions.setdefault(lineage, []).append(item)
    return Known(items, messages, versions)


def message_key(item: ArchivedItem) -> MessageKey | None:
    """Return what a message that comes in is known by in its session, if it has such an id."""
    if not isinstance(item, ArchivedEpisode) or item.message_id is None:
        return None
    return item.agent_id, item.session_id, item.message_id


def lineage_of(fact: ArchivedFact) -> Lineage | None:
    """Return of what a statement that comes in is a version, if it says so."""
    return lineage_in(json.loads(fact.metadata))


def lineage_in(metadata: Mapping[str, Any]) -> Lineage | None:
    """Return of what a statement with such metadata is a version, if they say so."""
    source: object = metadata.get("source")
    if not isinstance(source, dict):
        return None
    told = cast("dict[str, object]", source)
    kind, id_ = told.get("from"), told.get("id")
    return (kind, id_) if isinstance(kind, str) and isinstance(id_, str) else None


def says_the_same(item: ArchivedItem, there: Episode | Fact) -> bool:
    """Return whether what is there says just what comes in, whatever else is known of it."""
    if isinstance(item, ArchivedEpisode):
        return (
            isinstance(there, Episode) and there.role == item.role and there.content == item.content
        )
    return isinstance(there, Fact) and there.text == item.text
