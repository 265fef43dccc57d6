"""What a user's memory is written to: beside its place first, then in it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, TypeVar

from remanence.store.archive import Contents

__all__ = ["Amounts", "Draft"]


class Amounts(Protocol):
    """How much of a user was written."""

    @property
    def sessions(self) -> int:
        """How many sessions."""
        ...

    @property
    def episodes(self) -> int:
        """How many episodes."""
        ...

    @property
    def facts(self) -> int:
        """How many facts, superseded ones included."""
        ...


Written_co = TypeVar("Written_co", bound=Amounts, covariant=True)
Published_co = TypeVar("Published_co", covariant=True)


class Draft(Protocol[Written_co, Published_co]):
    """What a user's memory is written to before it is put in its place; all of it blocks."""

    def write(self, contents: Contents, *, user_id: str, created_at: datetime) -> Written_co:
        """Write it, on disk when this returns."""
        ...

    def publish(self) -> Published_co:
        """Put it in its place, durably."""
        ...

    def give_up(self) -> None:
        """Leave nothing behind that is not in its place."""
        ...
