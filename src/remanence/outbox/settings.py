"""How much an outbox holds, and how it delivers."""

from __future__ import annotations

import dataclasses

from remanence.errors import InputError
from remanence.store.jobs import Quota
from remanence.validation import check_amount, check_count

__all__ = ["OutboxSettings"]

_DAY = 86_400.0
_MANY = 2**40


@dataclasses.dataclass(frozen=True, slots=True)
class OutboxSettings:
    """How much an outbox holds, and how it delivers.

    Where several processes deliver to one destination from one store, they have the same settings.

    Attributes:
        most_jobs: How many unfinished jobs a destination may have, parked ones included.
        most_bytes: How many bytes these may carry.
        attempts: After how many failed attempts a job is parked. Those that an unavailable service
            failed don't count.
        deliver_seconds: How long a delivery may take. Then it is cancelled and counts as failed,
            and the service as away.
        lease_seconds: How long a lease holds. The job of a process that died is taken over then.
        first_delay: Seconds until a job is tried again after its first failure, about.
        longest_delay: The most that this grows to, in seconds.
        concurrency: How many jobs are delivered at the same time.
        poll_seconds: How often to look for what other processes have put in.
        drain_seconds: How long closing waits for deliveries.
        keep_done_days: For how many days the key of a finished job is recognised.

    Raises:
        InputError: One of them is not acceptable; it is named.
    """

    most_jobs: int = 10_000
    most_bytes: int = 64 * 1024 * 1024
    attempts: int = 12
    deliver_seconds: float = 120.0
    lease_seconds: float = 30.0
    first_delay: float = 1.0
    longest_delay: float = 300.0
    concurrency: int = 8
    poll_seconds: float = 5.0
    drain_seconds: float = 5.0
    keep_done_days: float = 7.0

    def __post_init__(self) -> None:
        """Refuse what no worker could keep to."""
        check_count("most_jobs", self.most_jobs, least=1, most=_MANY)
        check_count("most_bytes", self.most_bytes, least=1, most=_MANY)
        check_count("attempts", self.attempts, least=1, most=1_000)
        check_count("concurrency", self.concurrency, least=1, most=1_000)
        _check_time("deliver_seconds", self.deliver_seconds, least=0.01, most=_DAY)
        _check_time("lease_seconds", self.lease_seconds, least=0.1, most=_DAY)
        _check_time("first_delay", self.first_delay, least=0.01, most=_DAY)
        _check_time("longest_delay", self.longest_delay, least=self.first_delay, most=_DAY)
        _check_time("poll_seconds", self.poll_seconds, least=0.01, most=_DAY)
        _check_time("drain_seconds", self.drain_seconds, least=0, most=_DAY)
        _check_time("keep_done_days", self.keep_done_days, least=0, most=36_500)

    @property
    def quota(self) -> Quota:
        """How much may wait for one destination."""
        return Quota(self.most_jobs, self.most_bytes)


def _check_time(field: str, value: object, *, least: float, most: float) -> None:
    if not least <= check_amount(field, value) <= most:
        raise InputError(field, f"is {value}", f"give a number from {least:g} to {most:g}")
