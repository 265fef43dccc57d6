"""What an outbox delivers to: a memory service that is somewhere else, and may be away."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from remanence.backends.exchange import Exchange
from remanence.backends.request import RecallRequest
from remanence.types import Check, Filter, Recollection, Scope

__all__ = ["Delivery", "Erased", "Forgets", "Lookup", "Service"]


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


@dataclasses.dataclass(frozen=True, slots=True)
class Erased:
    """What a service erased.

    Attributes:
        ids: The ids of the memories that went.
        keys: The keys of the deliveries that these came from, as far as that is known.
        places: How much went from each place, by its name.
        checks: What was looked at afterwards.
        out_of_reach: Where copies may be that can't be erased from here, each in a sentence.
        bytes_rewritten: How many bytes of files were written anew.
        episodes: How many of the memories were what somebody said, word for word.
    """

    ids: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    places: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])
    checks: tuple[Check, ...] = ()
    out_of_reach: tuple[str, ...] = ()
    bytes_rewritten: int = 0
    episodes: int = 0


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


@runtime_checkable
class Forgets(Protocol):
    """The ability of a service to erase what it keeps."""

    async def erase(self, where: Filter, ids: Sequence[str] | None) -> Erased:
        """Erase memories, and whatever else is kept of them.

        Nothing is delivered meanwhile of what was there before and belongs to ``where``. It is
        called again for the same if that is not known to have come to its end.

        Args:
            where: What may be erased.
            ids: Which of it, by the ids of recollections; those that ``where`` does not see are
                passed over. ``None`` for all of it.

        Raises:
            BackendUnavailableError: The service can't be reached; it is asked again.
            BackendRefusedError: It will never erase this; nothing was erased.
            BackendError: It failed; it is asked again.
        """
        ...
