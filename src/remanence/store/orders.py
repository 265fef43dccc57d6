"""What a memory service that is somewhere else is to erase: written down until it has done so.

An order is written down before anything is erased, so that whoever opens the queue next goes on
with it. Until it is fulfilled, what waited for the service when it was placed is not delivered, and
what comes later waits.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Literal, Protocol

from remanence.store.audit import NewAudit
from remanence.store.erasing import Scrub
from remanence.types import Filter

__all__ = ["NewOrder", "Order", "OrderStore", "Passage"]

Passage = Literal["free", "waits", "barred"]
"""What becomes of a job: it may be delivered; it has to wait until an order about its scope is
fulfilled; or it is to be erased itself, or is gone already."""


@dataclasses.dataclass(frozen=True, slots=True)
class NewOrder:
    """What somebody wants a service to erase.

    Attributes:
        destination: The service's identity.
        where: What may be erased.
        ids: Which of it, by the service's own ids; ``None`` for all of it.
        asked_at: When that was asked for.
        asked_by: Who asked, as they were named; ``None`` if nobody was.
    """

    destination: str
    where: Filter
    ids: tuple[str, ...] | None
    asked_at: dt.datetime
    asked_by: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Order(NewOrder):
    """What a service has not erased yet.

    Attributes:
        number: Its place in the order in which they were placed.
    """

    number: int = 0


class OrderStore(Protocol):
    """Keeps orders in the file of the queue whose jobs they are about."""

    async def place(self, order: NewOrder) -> Order:
        """Write an order down, durably when this returns. It is about the jobs there are by now."""
        ...

    async def placed(self, destination: str, user_id: str | None = None) -> list[Order]:
        """Return the orders of a service that are not fulfilled, oldest first.

        Args:
            destination: The service's identity.
            user_id: Only those about this user.
        """
        ...

    async def passage(self, id: str) -> Passage:  # noqa: A002 - the field's name
        """Return what the orders let become of the job of this id."""
        ...

    async def in_hands(self, order: Order, *, now: dt.datetime) -> list[str]:
        """Return the ids of jobs an order is about that somebody is delivering.

        Those whose lease is over by ``now`` are left out: who had it has ended.
        """
        ...

    async def drop_jobs(self, order: Order) -> int:
        """Remove all jobs that an order is about, with what they carry; return how many."""
        ...

    async def jobs_left(self, order: Order) -> int:
        """Return how many jobs there are that an order is about."""
        ...

    async def drop(self, ids: Sequence[str]) -> int:
        """Remove jobs, whoever holds them, with what they carry; return how many there were."""
        ...

    async def fulfil(self, order: Order, audit: NewAudit) -> None:
        """Forget an order, and write down who asked for it, unless that was done already."""
        ...

    async def withdraw(self, order: Order) -> None:
        """Forget an order that can't be fulfilled."""
        ...

    async def overwrite(self) -> Scrub:
        """Overwrite what freed space of the file still holds, and empty its log."""
        ...
