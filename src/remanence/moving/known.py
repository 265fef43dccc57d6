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

__all__ = ["Known", "Lineage", "items_of", "known_of", "lineage_of", "says_the_same"]

_AT_ONCE = 2_000

Lineage = tuple[str, str]
"""Of what a statement is a version: the source, and the thing's id in it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What is there already.

    Attributes:
        items: Items that come in, as they are here, by their ids.
        versions: What is current here of the things that come in, where it is none of the items.
    """

    items: Mapping[str, Episode | Fact]
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
    items: dict[str, Episode | Fact] = {}
    versions: dict[Lineage, list[Fact]] = {}
    async for item in items_of(memory, arrival.user_id):
        if item.id in ids:
            items[item.id] = item
        elif isinstance(item, Fact) and item.imported and item.superseded_at is None:
            lineage = _lineage(item.metadata)
            if lineage in lineages:
                versions.setdefault(lineage, []).append(item)
    return Known(items, versions)


def lineage_of(fact: ArchivedFact) -> Lineage | None:
    """Return of what a statement that comes in is a version, if it says so."""
    return _lineage(json.loads(fact.metadata))


def _lineage(metadata: Mapping[str, Any]) -> Lineage | None:
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
