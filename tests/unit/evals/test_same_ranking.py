import dataclasses
import datetime as dt

from evals.same_ranking.comparing import Comparison, compare
from remanence import Recollection, Scope

AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def _hit(id_: str, score: float) -> Recollection:
    return Recollection(f"text {id_}", "episode", id_, score, AT, Scope("alice"))


ONE, TWO = _hit("1", 0.5), _hit("2", 0.25)


def test_the_same_is_the_same_in_everything() -> None:
    assert compare([[ONE, TWO], []], [[ONE, TWO], []]) == Comparison(2, 2, 2, 2, 2, 0.0)


def test_another_order_is_told_apart() -> None:
    assert compare([[ONE, TWO]], [[TWO, ONE]]) == Comparison(1, 2, 0, 0, 0, 0.0)


def test_another_score_is_told_apart_however_small_the_difference() -> None:
    other = _hit("2", 0.25 + 2**-30)
    assert compare([[ONE, TWO]], [[ONE, other]]) == Comparison(1, 2, 1, 0, 0, 2**-30)


def test_what_else_is_told_counts_as_well() -> None:
    other = dataclasses.replace(TWO, speaker="Nora")
    assert compare([[ONE, TWO]], [[ONE, other]]) == Comparison(1, 2, 1, 1, 0, 0.0)


def test_what_only_one_recalls_has_no_difference_of_score() -> None:
    assert compare([[ONE, TWO]], [[ONE]]) == Comparison(1, 2, 0, 0, 0, 0.0)
    assert compare([], []) == Comparison(0, 0, 0, 0, 0, 0.0)
