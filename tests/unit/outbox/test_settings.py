import math
from typing import Any

import pytest

from remanence.errors import InputError
from remanence.outbox.settings import OutboxSettings
from remanence.store.jobs import Quota


def test_what_is_usual() -> None:
    settings = OutboxSettings()
    assert settings.quota == Quota(10_000, 64 * 1024 * 1024)
    assert (settings.attempts, settings.concurrency, settings.keep_done_days) == (12, 8, 7)
    assert (settings.lease_seconds, settings.poll_seconds, settings.drain_seconds) == (30, 5, 5)
    assert (settings.first_delay, settings.longest_delay) == (1, 300)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("most_jobs", 0),
        ("most_jobs", 1.5),
        ("most_bytes", 0),
        ("attempts", 0),
        ("attempts", True),
        ("concurrency", 0),
        ("lease_seconds", 0),
        ("lease_seconds", "30"),
        ("lease_seconds", math.inf),
        ("first_delay", 0),
        ("first_delay", math.nan),
        ("longest_delay", 0.5),
        ("poll_seconds", 0),
        ("drain_seconds", -1),
        ("keep_done_days", -1),
        ("keep_done_days", None),
    ],
)
def test_what_no_worker_could_keep_to(field: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        OutboxSettings(**{field: value})
    assert caught.value.field == field
    assert caught.value.fix


def test_bounds_are_inclusive() -> None:
    OutboxSettings(drain_seconds=0, keep_done_days=0, first_delay=5, longest_delay=5)
