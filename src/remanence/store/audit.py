"""Who asked for what, and when: what a store keeps of that, without content."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Literal, Protocol

__all__ = ["Action", "AuditEntry", "AuditStore", "NewAudit"]

Action = Literal["forget", "expire", "correct", "export", "import"]


@dataclasses.dataclass(frozen=True, slots=True)
class NewAudit:
    """Something that was asked for, about to be written down.

    Attributes:
        at: When.
        action: What was done.
        user_id: Whose memories.
        asked_by: Who asked for it, as they were named; ``None`` if nobody was.
        counts: How much of what, by name; never content.
    """

    at: dt.datetime
    action: Action
    user_id: str
    asked_by: str | None
    counts: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class AuditEntry(NewAudit):
    """Something that was asked for.

    Attributes:
        number: Its place in the order in which they were written down, from 1.
    """

    number: int = 0


class AuditStore(Protocol):
    """Knows who asked for what."""

    async def record(self, entry: NewAudit) -> None:
        """Write down what was asked for, durably when this returns."""
        ...

    async def entries(self, user_id: str | None, *, after: int, limit: int) -> list[AuditEntry]:
        """Return up to ``limit`` entries numbered above ``after``, by number.

        Args:
            user_id: Whose, or ``None`` for everybody's.
            after: The last number that is known already, or 0.
            limit: How many to return at most.
        """
        ...
