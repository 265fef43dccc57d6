"""The embedded engine as a backend."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import Sequence

from remanence.backends.protocol import Exchange, RecallRequest
from remanence.engine import Memory
from remanence.errors import ConflictError
from remanence.types import Message, Recollection, Scope

__all__ = ["EngineBackend"]


class EngineBackend:
    """Keeps exchanges as episodes and statements as facts; fulfils :class:`Backend`.

    Args:
        memory: An open memory; it stays the caller's to close.

    Raises:
        MemoryClosedError: The memory is not open.
    """

    kind = "engine"

    def __init__(self, memory: Memory) -> None:
        """Keep the memory."""
        memory.check_open()
        self._memory = memory

    @property
    def identity(self) -> str:
        """The store's location."""
        return f"{self.kind}:{self._memory.location}"

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Search; what the agent can still see is left out."""
        visible = await self._memory.episode_ids(request.visible, scope=request.asking)
        return await self._memory.recall(
            request.query,
            scope=request.where,
            limit=request.limit,
            exclude=visible,
            threshold=request.threshold,
        )

    async def retain(self, exchange: Exchange, *, scope: Scope, wait: bool) -> None:
        """Store the messages in one transaction; their ids make it idempotent."""
        del wait  # when the transaction is over, the store has it
        try:
            await self._memory.observe(exchange.messages, scope=scope)
        except ConflictError:
            await self._retain_apart(exchange.messages, scope)

    async def _retain_apart(self, messages: Sequence[Message], scope: Scope) -> None:
        """Store messages one by one, those whose id another one has under an id of their own.

        An agent may hear in another form what it was said to have said itself.
        """
        for message in messages:
            try:
                await self._memory.observe(message, scope=scope)
            except ConflictError:
                digest = hashlib.sha256(message.content.encode()).hexdigest()
                renamed = dataclasses.replace(message, id=digest)
                await self._memory.observe(renamed, scope=scope)

    async def remember(self, statements: Sequence[str], *, scope: Scope) -> list[str]:
        """Store each statement as a fact; they share a transaction."""
        kept = await asyncio.gather(
            *(self._memory.remember(statement, scope=scope) for statement in statements)
        )
        return [fact.id for fact in kept]
