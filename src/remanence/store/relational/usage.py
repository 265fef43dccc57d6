"""How much there is of whom, in tables."""

from __future__ import annotations

import json

from remanence.store.relational.database import Database, Runs
from remanence.store.times import to_time
from remanence.store.usage import Usage, UsageOrder

__all__ = ["RelationalUsage"]


def _by_user(database: Database, order: UsageOrder, limit: int) -> list[Usage]:
    with database.snapshot():
        database.oversee()
        # Only what the order needs is counted of everybody.
        users = [user_id for (user_id,) in database.rows(f"usage_by_{order}", {"limit": limit})]
        rows = database.rows("usage_of", {"users": json.dumps(users)}) if users else []
    found = {row[0]: Usage(*row[:-1], last_recorded_at=to_time(row[-1])) for row in rows}
    return [found[user_id] for user_id in users]


def _users(database: Database, after: str, limit: int) -> list[str]:
    database.oversee()
    rows = database.rows("users_after", {"after": after, "limit": limit})
    return [user_id for (user_id,) in rows]


class RelationalUsage:
    """Tells how much there is of whom; see :class:`remanence.store.usage.UsageStore`.

    Calls may come from any event loop, while the store is open.

    Args:
        read: Runs work that reads.
    """

    def __init__(self, *, read: Runs) -> None:
        """Keep the way to the store's threads."""
        self._read = read

    async def by_user(self, *, order: UsageOrder, limit: int) -> list[Usage]:
        """Return the users with the most of something; see the protocol."""
        return await self._read(_by_user, order, limit)

    async def users(self, *, after: str, limit: int) -> list[str]:
        """Return the names of users; see the protocol."""
        return await self._read(_users, after, limit)
