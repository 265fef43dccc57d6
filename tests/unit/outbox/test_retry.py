import random

import pytest

from remanence.outbox.retry import delay


def _delays(drawn: float) -> list[float]:
    return [delay(number, first=1, longest=300, draw=lambda: drawn) for number in range(1, 12)]


def test_delays_double_up_to_the_longest() -> None:
    assert _delays(1) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_half_of_a_delay_is_certain() -> None:
    assert _delays(0) == [each / 2 for each in _delays(1)]


@pytest.mark.parametrize("failures", [10_000, 10**9])
def test_any_number_of_failures(failures: int) -> None:
    assert delay(failures, first=1, longest=300, draw=lambda: 0.5) == 225


def test_what_failed_together_does_not_come_back_together() -> None:
    draw = random.Random(1).random
    delays = [delay(5, first=1, longest=300, draw=draw) for _ in range(1_000)]
    assert len(set(delays)) == 1_000
    assert 8 <= min(delays) < 8.1
    assert 15.9 < max(delays) <= 16
    assert delay(5, first=1, longest=300) != delay(5, first=1, longest=300)
