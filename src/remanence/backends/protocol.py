"""What a memory service has to be able to do to stand behind a middleware."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from remanence.types import Filter, Message, Recollection, Scope

__all__ = ["Backend", "Exchange", "RecallRequest"]


@dataclasses.dataclass(frozen=True, slots=True)
class Exchange:
    """The messages of one reply, as they were really said.

    Attributes:
        reply_id: The reply's id; together with the scope it tells exchanges apart.
        messages: What was said, in order. Each message has an ``id`` and an ``at``.
    """

    reply_id: str
    messages: tuple[Message, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class RecallRequest:
    """A search.

    Attributes:
        query: What is looked for.
        where: What may be seen.
        limit: How many recollections to return at most.
        threshold: The least score; ``None`` leaves it to the backend.
        asking: The scope of the agent that asks.
        visible: Ids of messages of ``asking`` that are still in the agent's context: a backend
            that keeps messages leaves them out, so that the conversation does not answer itself.
    """

    query: str
    where: Filter
    limit: int
    asking: Scope
    threshold: float | None = None
    visible: frozenset[str] = frozenset()


@runtime_checkable
class Backend(Protocol):
    """Recalls and retains. Whoever made it closes it; a middleware never does."""

    @property
    def kind(self) -> str:
        """What it is, in a word: it tells the records of several memories on one agent apart."""
        ...

    @property
    def identity(self) -> str:
        """A fingerprint of where it stores: the same in every process that stores there.

        A write that waits in a queue is delivered only to the identity that it was meant for.
        """
        ...

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Return what is found, best first; an empty list when nothing is.

        Raises:
            RemanenceError: It could not be searched. Errors of the service underneath are
                translated, and stay reachable as ``__cause__``.
        """
        ...

    async def retain(self, exchange: Exchange, *, scope: Scope, wait: bool) -> None:
        """Keep an exchange; retaining the same one again changes nothing, where that is possible.

        Args:
            exchange: What was said.
            scope: Where it belongs.
            wait: Whether to return only when the service has it, or as soon as it is durable here.
                The same thing for a backend that is durable at once.

        Raises:
            RemanenceError: It was not kept, or that can't be known.
        """
        ...

    async def remember(self, statements: Sequence[str], *, scope: Scope) -> list[str]:
        """Keep statements that stand by themselves, as they are or distilled.

        Returns:
            The ids of what was kept, as far as the backend tells.

        Raises:
            RemanenceError: They were not all kept, or that can't be known.
        """
        ...
