import math

import pytest

from evals.retrieval.metrics import all_found, fraction_found, ndcg

FOUND = ["a", "x", "b", "y", "c"]


@pytest.mark.parametrize(
    ("depth", "share"), [(1, 1 / 3), (2, 1 / 3), (3, 2 / 3), (5, 1.0), (50, 1.0)]
)
def test_recall_is_the_fraction_of_the_evidence_at_a_depth(depth: int, share: float) -> None:
    assert fraction_found(FOUND, ["a", "b", "c"], depth) == pytest.approx(share)


def test_evidence_that_is_nowhere_counts_as_not_found() -> None:
    assert fraction_found(FOUND, ["a", "nowhere"], 50) == 0.5
    assert fraction_found([], ["a"], 10) == 0.0


def test_all_is_found_or_is_not() -> None:
    assert all_found(FOUND, ["b", "a"], 3) == 1.0
    assert all_found(FOUND, ["b", "a"], 2) == 0.0


def test_gain_is_full_when_the_list_begins_with_the_evidence() -> None:
    assert ndcg(["a", "b", "x"], ["b", "a"], 10) == pytest.approx(1.0)


def test_gain_is_discounted_by_rank() -> None:
    # one of two at rank 2: (1/log2 3) / (1 + 1/log2 3)
    wanted = (1 / math.log2(3)) / (1 + 1 / math.log2(3))
    assert ndcg(["x", "a", "y"], ["a", "nowhere"], 10) == pytest.approx(wanted)


def test_gain_past_the_depth_counts_nothing() -> None:
    assert ndcg(["x", "y", "a"], ["a"], 2) == 0.0


def test_more_evidence_than_the_depth_can_still_be_perfect() -> None:
    evidence = [str(number) for number in range(20)]
    assert ndcg(evidence, evidence, 10) == pytest.approx(1.0)
