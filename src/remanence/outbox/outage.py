"""How long to leave a service alone that is not there."""

from __future__ import annotations

import time
from collections.abc import Callable

from remanence.outbox.retry import delay
from remanence.outbox.settings import OutboxSettings

__all__ = ["Outage"]

_LONGEST_ASKED = 86_400.0
"""A service that asks to be left alone for longer than a day is asked again after a day."""


class Outage:
    """What one worker knows of its service being away, by the monotonic clock.

    Args:
        settings: The delays.
        monotonic: The clock, in seconds.
    """

    def __init__(
        self, settings: OutboxSettings, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """The service is there, as far as is known."""
        self._settings = settings
        self._monotonic = monotonic
        self._failures = 0
        self._since = self._until = monotonic()

    @property
    def lasts(self) -> bool:
        """Whether the last that was heard of the service is that it is away."""
        return self._failures > 0

    @property
    def pause(self) -> float:
        """For how many seconds it is not to be asked; 0 if it may be."""
        return max(0.0, self._until - self._monotonic())

    def failed(self, began: float, retry_after: float | None) -> None:
        """Take note that the service was not there.

        Args:
            began: When the attempt began. Attempts that were under way when another one failed
                find the same outage, and don't make it longer.
            retry_after: Seconds that the service asked to be left alone for, or ``None``.
        """
        now = self._monotonic()
        first, longest = self._settings.first_delay, self._settings.longest_delay
        if self.lasts and began < self._since:
            pause = 0.0
        else:
            self._failures += 1
            self._since = now
            pause = delay(self._failures, first=first, longest=longest)
        if retry_after is not None:
            pause = min(max(first, retry_after), _LONGEST_ASKED)
        self._until = max(self._until, now + pause)

    def answered(self, began: float) -> None:
        """Take note that the service answered an attempt.

        Args:
            began: When the attempt began. What began before the last failure says nothing new.
        """
        if began >= self._since:
            self._failures = 0
