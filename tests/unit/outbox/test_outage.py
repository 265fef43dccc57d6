import pytest

from remanence.outbox.outage import Outage
from remanence.outbox.settings import OutboxSettings


class _Time:
    """A monotonic clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> _Time:
    return _Time()


@pytest.fixture
def outage(time: _Time) -> Outage:
    return Outage(OutboxSettings(first_delay=1, longest_delay=100), monotonic=time)


def _fail(outage: Outage, time: _Time, retry_after: float | None = None) -> float:
    time.now += outage.pause + 0.001
    outage.failed(time.now, retry_after)
    return outage.pause


def test_a_service_that_was_not_asked_yet_is_there(outage: Outage) -> None:
    assert (outage.lasts, outage.pause) == (False, 0)
    outage.answered(0)
    assert (outage.lasts, outage.pause) == (False, 0)


def test_pauses_grow_up_to_the_longest(outage: Outage, time: _Time) -> None:
    for most in (1, 2, 4, 8, 16, 32, 64, 100, 100):
        assert most / 2 <= _fail(outage, time) <= most
    assert outage.lasts


def test_attempts_under_way_find_the_same_outage(outage: Outage, time: _Time) -> None:
    began = time.now
    time.now += 0.5
    for _ in range(8):
        outage.failed(began, None)
    assert outage.pause <= 1
    time.now += outage.pause
    assert 1 <= _fail(outage, time) <= 2


def test_a_pause_that_was_asked_for(outage: Outage, time: _Time) -> None:
    assert _fail(outage, time, 40.0) == pytest.approx(40)
    assert _fail(outage, time, 1e9) == pytest.approx(86_400)
    for senseless in (0.0, -5.0, float("nan")):
        assert _fail(outage, time, senseless) == pytest.approx(1)


def test_a_pause_is_never_cut_short_by_another_failure(outage: Outage, time: _Time) -> None:
    began = time.now
    outage.failed(began, 40.0)
    time.now += 1
    outage.failed(began, 5.0)
    assert outage.pause == pytest.approx(39)
    outage.failed(began, 90.0)
    assert outage.pause == pytest.approx(90)


def test_an_answer_ends_it(outage: Outage, time: _Time) -> None:
    for _ in range(5):
        _fail(outage, time)
    time.now += outage.pause + 1
    outage.answered(time.now)
    assert (outage.lasts, outage.pause) == (False, 0)
    assert _fail(outage, time) <= 1


def test_an_answer_from_before_the_failure_does_not(outage: Outage, time: _Time) -> None:
    began = time.now
    time.now += 1
    outage.failed(time.now, 40.0)
    outage.answered(began)
    assert outage.lasts
    assert outage.pause == pytest.approx(40)
