"""What an outbox delivers to: a memory service that is somewhere else, and may be away."""

from __future__ import annotations

import dataclasses
from typing import Protocol, runtime_checkable

from remanence.backends.exchange import Exchange
from remanence.backends.request import RecallRequest
from remanence.types import Recollection, Scope

__all__ = ["Delivery", "Lookup", "Service"]


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """What a service is to keep: an exchange or statements.

    Attributes:
        key: The idempotency key: two deliveries to one service with the same key are one.
        scope: Where it belongs.
        exchange: What was said, or ``None``.
        statements: Statements that stand by themselves; empty for an exchange.
    """

    key: str
    scope: Scope
    exchange: Exchange | None = None
    statements: tuple[str, ...] = ()


class Service(Protocol):
    """A memory service as an outbox sees it."""

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        ...

    @property
    def identity(self) -> str:
        """A fingerprint of where it stores, the same in every process that stores there."""
        ...

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Search; see :meth:`remanence.backends.protocol.Backend.recall`."""
        ...

    async def deliver(self, delivery: Delivery) -> None:
        """Keep what is delivered; when this returns the service has it.

        Raises:
            BackendUnavailableError: The service can't be reached, or asks to wait. That counts
                against no delivery; all of them wait. A ``ConnectionError`` does the same.
            BackendRefusedError: It will never accept this one.
            BackendError: This one failed; it is tried again, but not for ever.
        """
        ...


@runtime_checkable
class Lookup(Protocol):
    """The ability of a service to tell whether it has a delivery already."""

    async def has(self, key: str, *, scope: Scope) -> bool:
        """Return whether the service keeps what was delivered with this key.

        Asked before a delivery is repeated whose first attempt may have arrived.
        """
        ...
