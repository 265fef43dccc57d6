"""What left a store, as tests hand it to another."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from remanence.store.archive import (
    ArchivedEnding,
    ArchivedItem,
    ArchivedSession,
    Contents,
    Incoming,
    TakenIn,
)
from remanence.store.jobs import NewJob
from remanence.store.protocol import Store
from remanence.testing.stores.records import NOON, new_analysis
from remanence.types import Filter

__all__ = ["ELSEWHERE", "Packed", "pack", "unpack"]

ELSEWHERE = Filter("carol")


@dataclasses.dataclass(frozen=True, slots=True)
class Packed:
    """What left a store."""

    sessions: Sequence[ArchivedSession]
    items: Sequence[ArchivedItem]

    def changed(self, **fields: object) -> Packed:
        """Return the same with other fields of the first item."""
        first, *others = self.items
        return Packed(self.sessions, [dataclasses.replace(first, **fields), *others])


async def pack(store: Store, user_id: str = "alice") -> Packed:
    """Return all that is kept of a user."""

    def take(contents: Contents) -> Packed:
        items: list[ArchivedItem] = [*contents.episodes(), *contents.facts()]
        items.sort(key=lambda item: item.number)
        return Packed(list(contents.sessions()), items)

    return await store.archive.read_out(user_id, take)


async def unpack(
    store: Store,
    packed: Packed,
    user_id: str = "carol",
    *,
    then: Sequence[NewJob] = (),
    extract: bool = False,
    endings: Sequence[ArchivedEnding] = (),
) -> TakenIn:
    """Take it in."""
    incoming = Incoming(
        sessions=packed.sessions,
        items=[(item, new_analysis(f"term_{item.number}")) for item in packed.items],
        at=NOON,
        asked_by="an auditor",
        then=then,
        extract=extract,
        endings=endings,
    )
    return await store.archive.take_in(user_id, incoming)
