"""Clients whose connections belong to the event loop that they were made in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

__all__ = ["with_fresh_connections"]

T = TypeVar("T")

_TRIES = 8
"""A pool may hold several connections of an event loop that is gone; each try drops one."""

_SIGNS = ("Event loop is closed", "different event loop", "different loop")


async def with_fresh_connections(make: Callable[[], Awaitable[T]]) -> T:
    """Await something, and again if a connection turns out to be another event loop's.

    Clients drop such a connection when they find it, so that the next try has another one.

    Raises:
        Exception: Whatever was raised else, or at last.
    """
    for _ in range(_TRIES - 1):
        try:
            return await make()
        except Exception as error:
            if not _is_stale(error):
                raise
    return await make()


def _is_stale(error: BaseException) -> bool:
    """Tell whether an error, or what it was raised for, says so."""
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in seen:
        if isinstance(each, RuntimeError) and any(sign in str(each) for sign in _SIGNS):
            return True
        seen.append(each)
        each = each.__cause__ or each.__context__
    return False
