"""A memory with something of everything in it, for tests of what copies and moves memories."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from remanence import Memory, Message, Scope

__all__ = ["fill"]

_BRUSSELS = dt.timezone(dt.timedelta(hours=2))


async def fill(location: str | Path, *, others: int = 0) -> None:
    """Store three users' memories: agents, sessions, facts, supersessions, metadata, a gap.

    Args:
        location: Where.
        others: How many further users are to have a few messages.
    """
    async with Memory.open(location) as memory:
        home = Scope("alice", "clerk", "monday")
        said = await memory.observe(
            [
                Message(
                    "user",
                    "My sister Nora lives in Ghent.",
                    id="m1",
                    name="Alice",
                    at=dt.datetime(2026, 3, 1, 9, 30, tzinfo=_BRUSSELS),
                    metadata={"mood": "glad", "tags": ["family", 3, None]},
                ),
                Message("assistant", "Ghent is a lovely town.", id="m2"),
                Message("user", "Forget this.", id="m3"),
                Message("user", "Nora keeps two beehives. 🐝", id="m4"),
            ],
            scope=home,
        )
        await memory.observe(Message("user", "Nora moved."), scope=Scope("alice", "cook", "x"))
        await memory.observe(Message("user", "From a file."), scope=Scope("alice"), imported=True)
        await memory.remember(
            "Nora lives in Ghent.",
            scope=home,
            sources=[said[0].id],
            attribute="nora: home",
            kind="profile",
            valid_from=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        )
        await memory.remember(
            "Nora lives in Bruges.",
            scope=home,
            attribute="nora: home",
            kind="profile",
            metadata={"sure": True},
            valid_from=dt.datetime(2026, 2, 1, tzinfo=dt.UTC),
        )
        bees = await memory.remember("Nora has 3 beehives.", scope=home, sources=[said[3].id])
        await memory.correct(bees.id, "Nora has 2 beehives.", scope=home)
        await memory.forget([said[2].id], scope=home)
        await memory.observe(
            [Message("user", f"Number {number}.") for number in range(3)], scope=Scope("bob")
        )
        await memory.observe(Message("user", "你好。"), scope=Scope("李雷", session_id="一"))
        for number in range(others):
            scope = Scope(f"other{number:03}", session_id="one")
            await memory.observe(
                [Message("user", f"{each} of {number}") for each in range(5)], scope=scope
            )
