"""How much there is of whom: what an operator may know, without content."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Literal, Protocol

__all__ = ["Usage", "UsageOrder", "UsageStore"]

UsageOrder = Literal["episodes", "facts", "bytes"]


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """How much is kept of a user.

    Attributes:
        user_id: Of whom.
        sessions: How many sessions something was said in.
        episodes: How many episodes.
        facts: How many facts, superseded ones included.
        vectors: How many vectors, of whatever embedder.
        unfinished_jobs: How many jobs wait, are being done, or were set aside.
        text_bytes: The size of the texts and metadata in UTF-8, without indexes and vectors.
        last_recorded_at: When something was last stored, whenever it was said.
    """

    user_id: str
    sessions: int
    episodes: int
    facts: int
    vectors: int
    unfinished_jobs: int
    text_bytes: int
    last_recorded_at: dt.datetime


class UsageStore(Protocol):
    """Tells of all users how much there is, and nothing of what it is."""

    async def by_user(self, *, order: UsageOrder, limit: int) -> list[Usage]:
        """Return the users with the most of something, most first; equal ones by their names.

        Users of whom nothing is kept are left out.

        Args:
            order: Most of what.
            limit: How many users to return at most.
        """
        ...

    async def users(self, *, after: str, limit: int) -> list[str]:
        """Return the names of users of whom something is kept, by their code points.

        Args:
            after: The last name that is known already, or ``""``.
            limit: How many to return at most.
        """
        ...
