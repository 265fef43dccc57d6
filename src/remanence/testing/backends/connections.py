"""Where the tests get their backends from, and what they say to them."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest

from remanence.backends.exchange import Exchange
from remanence.backends.protocol import Backend
from remanence.backends.request import RecallRequest
from remanence.types import Filter, Message, Recollection, Role, Scope

__all__ = ["ALICE", "BOB", "NOON", "SOON", "Connect", "Connections", "exchange_of", "said"]

NOON = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
ALICE = Scope("alice", "clerk", "monday")
BOB = Scope("bob", "clerk", "monday")
SOON = 30.0
"""How many seconds a delivery may take."""


class Connect(Protocol):
    """Makes connections to a backend."""

    def __call__(self, place: str = "here") -> AbstractAsyncContextManager[Backend]:
        """Return another connection to the place of a name, which is empty at first."""
        ...


class Connections:
    """Where the backends come from."""

    distils = False
    """Whether it keeps facts that a model extracts, in place of what was said."""

    @pytest.fixture
    def connect(self) -> Connect:
        """Return what makes connections."""
        raise NotImplementedError("a subclass defines the fixture 'connect'")

    def kept_in(self, scope: Scope) -> Scope:
        """Return where something is kept that was written to a scope."""
        return dataclasses.replace(scope, session_id=None) if self.distils else scope

    async def settle(self, backend: Backend) -> None:
        """Wait until the service has all that the backend has accepted, and finds it."""
        del backend  # where a backend stores at once there is nothing to wait for

    @pytest.fixture
    async def backend(self, connect: Connect) -> AsyncIterator[Backend]:
        """Connect to the backend under test."""
        async with connect() as backend:
            yield backend

    @pytest.fixture
    async def second(self, connect: Connect, backend: Backend) -> AsyncIterator[Backend]:
        """Connect to the same place once more, as another process does."""
        del backend  # which is connected first
        async with connect() as second:
            yield second

    async def retain(self, backend: Backend, exchange: Exchange, scope: Scope = ALICE) -> None:
        """Retain an exchange, and wait until it is found."""
        if not await backend.retain(exchange, scope=scope, wait=SOON):
            await self.settle(backend)

    async def found(
        self,
        backend: Backend,
        query: str,
        *,
        where: Filter | None = None,
        asking: Scope = ALICE,
        limit: int = 10,
        visible: Sequence[str] = (),
    ) -> list[Recollection]:
        """Search, and check what has to be so for all that is found."""
        seen = Filter(asking.user_id) if where is None else where
        request = RecallRequest(query, seen, limit=limit, asking=asking, visible=frozenset(visible))
        hits = await backend.recall(request)
        assert len(hits) <= limit
        assert len({(hit.origin, hit.id) for hit in hits}) == len(hits)
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert all(hit.scope.user_id == seen.user_id for hit in hits)
        return hits

    async def texts(self, backend: Backend, query: str, *, asking: Scope = ALICE) -> list[str]:
        """Search all of a user's memories, and return what is found as texts, in their order."""
        return sorted(hit.text for hit in await self.found(backend, query, asking=asking))


def said(
    text: str,
    message_id: str,
    *,
    role: Role = "user",
    name: str | None = "Alice",
    at: dt.datetime = NOON,
) -> Message:
    """Return a message."""
    return Message(role, text, name, at, message_id)


def exchange_of(*texts: str, reply_id: str = "reply", part: int = 0) -> Exchange:
    """Return an exchange of these texts, told by user and assistant in turn, a minute apart."""
    messages: list[Message] = []
    for number, text in enumerate(texts):
        at = NOON + dt.timedelta(hours=part, minutes=number)
        message_id = f"{reply_id}-{part}-{number}"
        if number % 2:
            messages.append(said(text, message_id, role="assistant", name="Robin", at=at))
        else:
            messages.append(said(text, message_id, at=at))
    return Exchange(reply_id, tuple(messages), part)
