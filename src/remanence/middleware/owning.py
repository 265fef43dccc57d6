"""A memory middleware that makes its backend itself, and closes it."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from remanence.backends.shared import SharedBackend
from remanence.middleware.memory import MemoryMiddleware
from remanence.types import Filter, Receipt, Scope

__all__ = ["OwningMiddleware"]


class OwningMiddleware(MemoryMiddleware):
    """A middleware over a service in this process, behind a queue of its own.

    Everything is durable in the queue before it is delivered, and delivered until the service has
    it. Nothing has to be closed: what is undelivered at exit waits on disk for the next process.

    Args:
        backend: The backend, which is closed with the middleware.
        settings: As for :class:`MemoryMiddleware`.
    """

    def __init__(self, backend: SharedBackend, **settings: Any) -> None:
        """Keep the backend."""
        self._owned = backend
        super().__init__(backend, **settings)

    async def settle(self, seconds: float) -> bool:
        """Wait until nothing waits to be delivered any more; return whether that came about.

        Args:
            seconds: How long to wait at most.
        """
        return await self._owned.settle(seconds)

    async def forget(
        self,
        ids: Iterable[str] | None = None,
        *,
        scope: Scope | Filter,
        asked_by: str | None = None,
    ) -> Receipt:
        """Erase some memories, or a session; see the backend's ``forget``."""
        return await self._owned.forget(ids, scope=scope, asked_by=asked_by)

    async def forget_user(self, user_id: str, *, asked_by: str | None = None) -> Receipt:
        """Erase everything of a user; see the backend's ``forget_user``."""
        return await self._owned.forget_user(user_id, asked_by=asked_by)

    async def aclose(self) -> None:
        """Deliver for a moment what waits, and close what was opened here.

        What is not delivered by then waits on disk. Not closing loses nothing either.
        """
        await self._owned.aclose()

    async def __aenter__(self) -> Self:
        """Return the middleware; it opens by itself when it is first used."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self.aclose()
