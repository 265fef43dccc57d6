"""The time, as something that can be handed in."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from remanence.errors import InputError

__all__ = ["Clock", "SystemClock", "check_clock"]


class Clock(Protocol):
    """Tells the wall-clock time that goes into records."""

    def now(self) -> dt.datetime:
        """Return the current time, timezone-aware."""
        ...


class SystemClock:
    """The machine's own clock, in its local time zone."""

    def now(self) -> dt.datetime:
        """Return the current local time with its offset from UTC."""
        return dt.datetime.now().astimezone()


def check_clock(clock: Clock | None) -> Clock:
    """Return a clock, the machine's for ``None``.

    Raises:
        InputError: It is something else.
    """
    if clock is None:
        return SystemClock()
    if isinstance(clock, type) or not callable(getattr(clock, "now", None)):
        raise InputError(
            "clock", f"is {clock!r}, which tells no time", "give an object with a method now()"
        )
    return clock
