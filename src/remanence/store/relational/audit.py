"""Who asked for what, in tables."""

from __future__ import annotations

import json

from remanence.store.audit import AuditEntry, NewAudit
from remanence.store.relational.database import Database, Runs
from remanence.store.times import to_microseconds, to_time

__all__ = ["RelationalAudit", "record"]


def record(database: Database, entry: NewAudit) -> None:
    """Write down what was asked for, inside a transaction."""
    database.enter(entry.user_id)
    database.run(
        "record_audit",
        {
            "at": to_microseconds(entry.at),
            "action": entry.action,
            "user_id": entry.user_id,
            "asked_by": entry.asked_by,
            "counts": json.dumps(dict(entry.counts)),
        },
    )


def _entries(database: Database, user_id: str | None, after: int, limit: int) -> list[AuditEntry]:
    if user_id is None:
        database.across()
    else:
        database.enter(user_id)
    there = {"user_id": user_id, "after": after, "limit": limit}
    return [
        AuditEntry(
            at=to_time(at),
            action=action,
            user_id=user,
            asked_by=asked_by,
            counts=json.loads(counts),
            number=number,
        )
        for number, at, action, user, asked_by, counts in database.rows("audit_entries", there)
    ]


class RelationalAudit:
    """Keeps in a store's tables who asked for what; see :class:`remanence.store.audit.AuditStore`.

    Calls may come from any event loop, while the store is open.

    Args:
        write: Runs work in a write transaction.
        read: Runs work that reads.
    """

    def __init__(self, *, write: Runs, read: Runs) -> None:
        """Keep the ways to the store's threads."""
        self._write = write
        self._read = read

    async def record(self, entry: NewAudit) -> None:
        """Write down what was asked for; see the protocol."""
        await self._write(record, entry, holds=entry.user_id)

    async def entries(self, user_id: str | None, *, after: int, limit: int) -> list[AuditEntry]:
        """Return what was asked for; see the protocol."""
        return await self._read(_entries, user_id, after, limit)
