import pytest

from evals.threshold.curve import THRESHOLDS, Hit, Reply, curve

OWN = [
    Reply((Hit(0.9, right=True), Hit(0.4, right=False)), evidence=2),
    Reply((Hit(0.3, right=False),), evidence=1),
]
OTHERS = [Reply((Hit(0.6, right=False),), evidence=0), Reply((), evidence=0)]


def _at(threshold: float) -> dict[str, float]:
    points = dict(zip(THRESHOLDS, curve(OWN, OTHERS), strict=True))
    point = points[threshold]
    return {name: getattr(point, name) for name in point.__slots__}


def test_without_a_threshold_everything_is_returned() -> None:
    assert _at(0.0) == pytest.approx(
        {
            "threshold": 0.0,
            "recall": (1 / 2 + 0) / 2,
            "answered": 1.0,
            "false_alarms": 0.5,
            "precision": 1 / 3,
            "hits_right": 1 / 4,
            "returned": 1.5,
        }
    )


def test_a_threshold_leaves_out_what_is_below_it() -> None:
    point = _at(0.65)
    assert (point["false_alarms"], point["answered"], point["precision"]) == (0.0, 0.5, 1.0)
    assert point["recall"] == 0.25


def test_what_is_at_the_threshold_is_returned() -> None:
    assert _at(0.9)["recall"] == 0.25
    assert _at(0.95)["recall"] == 0.0
    assert (_at(0.6)["false_alarms"], _at(0.65)["false_alarms"]) == (0.5, 0.0)


def test_nothing_returned_is_nothing_wrong() -> None:
    assert (_at(1.0)["precision"], _at(1.0)["hits_right"]) == (1.0, 1.0)
