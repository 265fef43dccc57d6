"""Which memories mem0 is to erase."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from remanence.backends.mem0.answers import KEY, SESSION, time_of
from remanence.types import Filter

__all__ = ["Doomed"]


@dataclasses.dataclass(frozen=True, slots=True)
class Doomed:
    """What is to be erased: all that mem0's filters see, as far as the rest is true of it.

    Attributes:
        filters: mem0's ids of the user, and of the agent if only one's memories are meant.
        session_id: Only what came from this session.
        since: Only what was stored at or after this time.
        until: Only what was stored before this time.
        ids: Only these memories.
    """

    filters: Mapping[str, str]
    session_id: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    ids: frozenset[str] | None = None

    @classmethod
    def of(cls, filters: Mapping[str, str], where: Filter, ids: Sequence[str] | None) -> Doomed:
        """Return what a filter sees, or what it sees of these ids."""
        named = None if ids is None else frozenset(ids)
        return cls(filters, where.session_id, where.since, where.until, named)

    @property
    def whole(self) -> bool:
        """Whether it is all that the filters see."""
        return self.ids is None and not (self.session_id or self.since or self.until)

    def has(self, id: object, metadata: Mapping[str, Any], created_at: object) -> bool:  # noqa: A002 - the field's name
        """Return whether one of the memories that the filters see is to be erased.

        Args:
            id: Its id.
            metadata: What was stored with it.
            created_at: When it was stored, as mem0 tells it.
        """
        if self.ids is not None and str(id) not in self.ids:
            return False
        if self.session_id is not None and metadata.get(SESSION) != self.session_id:
            return False
        if self.since is None and self.until is None:
            return True
        at = time_of(created_at)
        return (
            at is not None
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
        )

    def hides(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether a memory may be of the session that is meant without telling so.

        What was stored before sessions were told has the key of its delivery only.
        """
        return self.session_id is not None and KEY in metadata and SESSION not in metadata
