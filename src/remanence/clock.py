"""The time, as something that can be handed in."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


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
