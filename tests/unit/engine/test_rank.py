import dataclasses
from typing import Any

import numpy as np
import pytest

from remanence.recall.confidence import confidence
from remanence.recall.rank import Evidence, Ranking, date_prior, rank, standard_score

LEXICAL = [0.2, 0.0, 0.6, 0.6, 0.4]
DAY = 86_400_000_000


def _evidence(lexical: list[float], **arrays: list[float] | list[int] | list[bool]) -> Evidence:
    """Evidence of turns with ten terms of which none is the query's, unless told otherwise."""
    count = len(lexical)
    types: dict[str, type[np.generic]] = {"matched": np.int32, "distinct": np.int32, "at": np.int64}
    types |= dict.fromkeys(("dense", "dated"), np.float32)
    fields: dict[str, Any] = {
        "lexical": np.array(lexical, np.float32),
        "matched": np.zeros(count, np.int32),
        "distinct": np.full(count, 10, np.int32),
        "visible": np.ones(count, np.bool_),
    }
    for name, values in arrays.items():
        fields[name] = np.array(values, types.get(name, np.bool_))
    return Evidence(**fields)


def _order(lexical: list[float], **arrays: list[float] | list[int] | list[bool]) -> list[int]:
    return rank(_evidence(lexical, **arrays), limit=10).turns.tolist()


def _ranked(lexical: list[float], *, limit: int = 10, threshold: float | None = None) -> Ranking:
    return rank(_evidence(lexical), limit=limit, threshold=threshold)


def test_more_evidence_ranks_higher_and_equal_turns_come_latest_first() -> None:
    ranking = _ranked(LEXICAL)
    assert ranking.turns.tolist() == [3, 2, 4, 0]
    scores = ranking.scores.tolist()
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == scores[1]
    assert all(0 < score < 1 for score in scores)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("current", [False, True])
def test_a_limit_takes_the_first_of_all(limit: int, current: bool) -> None:
    random = np.random.default_rng(3)
    lexical = np.full(1000, 0.1, np.float32)
    lexical[:40] = random.uniform(0.2, 0.7, 40)
    evidence = Evidence(
        lexical=lexical,
        matched=random.integers(0, 4, 1000).astype(np.int32),
        distinct=random.integers(4, 30, 1000).astype(np.int32),
        visible=random.random(1000) < 0.9,
        at=random.integers(0, 100, 1000) if current else None,
    )
    whole, part = rank(evidence, limit=1000), rank(evidence, limit=limit)
    assert part.turns.tolist() == whole.turns[:limit].tolist()
    assert part.scores.tolist() == whole.scores[:limit].tolist()


def test_a_limit_among_equal_turns_takes_the_latest() -> None:
    assert _ranked([0.5] * 50, limit=3).turns.tolist() == [49, 48, 47]


def test_turns_without_evidence_or_out_of_sight_are_left_out() -> None:
    assert _order([0.0, 0.0], named=[True, True]) == []
    assert _order([]) == []
    assert _order(LEXICAL, visible=[True, True, False, True, False]) == [3, 0]
    assert _order(LEXICAL, visible=[False] * 5) == []


def test_a_vector_or_a_time_that_fits_is_evidence_without_a_word() -> None:
    dense, embedded = [0.1, 0.0, 0.7], [True, False, True]
    assert _order([0.0, 0.0, 0.0], dense=dense, embedded=embedded) == [2, 0]
    assert _order([0.0, 0.0, 0.0], dated=[0.9, 1.0, 0.0]) == [1]


def test_what_is_out_of_sight_does_not_change_scores() -> None:
    whole = _ranked(LEXICAL)
    hidden = _evidence(LEXICAL, visible=[True, True, True, False, True])
    assert rank(hidden, limit=10).scores.tolist() == whole.scores[1:].tolist()


@pytest.mark.parametrize(
    ("field", "first", "second"),
    [
        ("named", True, False),
        ("timed", True, False),
        ("asked", True, False),
        ("dated", 1.0, 0.0),
        ("drawn", False, True),
        ("denies", False, True),
        ("distinct", 9, 2),
        ("matched", 1, 7),
    ],
)
def test_what_speaks_for_a_turn_puts_it_before_one_that_is_otherwise_equal(
    field: str, first: Any, second: Any
) -> None:
    assert _order([0.5, 0.5], **{field: [first, second]}) == [0, 1]
    assert _order([0.5, 0.5], **{field: [second, first]}) == [1, 0]


def test_more_than_twenty_terms_are_no_better_than_twenty() -> None:
    first = rank(_evidence([0.5, 0.5], distinct=[400, 20]), limit=2).scores.tolist()
    assert first[0] == pytest.approx(first[1])


def test_a_question_that_only_repeats_the_query_comes_after_what_answers() -> None:
    echo, answer = [0.9, 0.6], [3, 12]
    plain = _order(echo, distinct=answer, matched=[3, 2], asks=[False, False])
    assert plain == [0, 1]
    assert _order(echo, distinct=answer, matched=[3, 2], asks=[True, False]) == [1, 0]
    # One that goes on to tell something is heard.
    assert _order(echo, distinct=[12, 12], matched=[3, 2], asks=[True, False]) == [0, 1]


def test_turns_without_a_vector_are_neither_raised_nor_lowered_by_those_with_one() -> None:
    dense = [0.0, 0.4, -0.4, 0.0]
    embedded = [False, True, True, False]
    found = rank(_evidence([0.5] * 4, dense=dense, embedded=embedded), limit=4)
    assert found.turns.tolist() == [1, 3, 0, 2]
    assert found.scores[1] == found.scores[2]


def test_of_two_answers_the_later_counts_when_the_present_is_asked_for() -> None:
    lexical, at = [0.52, 0.5, 0.0, 0.0], [1, 2, 3, 4]
    assert _order(lexical) == [0, 1]
    assert _order(lexical, at=at) == [1, 0]
    # What is far from being an answer does not become one by being late.
    assert _order([0.5, 0.05], at=[1, 2]) == [0, 1]


def test_what_happens_at_one_time_stays_equal_when_the_present_is_asked_for() -> None:
    found = rank(_evidence([0.5, 0.5, 0.5], at=[7, 7, 7]), limit=3)
    assert found.scores[0] == found.scores[2]
    one_by_one = rank(_evidence([0.5, 0.5, 0.5], at=[5, 6, 7]), limit=3)
    assert found.scores[0] == one_by_one.scores[0] > one_by_one.scores[1]


def test_a_threshold_keeps_what_reaches_it() -> None:
    scores = _ranked(LEXICAL).scores.tolist()
    assert _ranked(LEXICAL, threshold=scores[2]).turns.tolist() == [3, 2, 4]
    assert _ranked(LEXICAL, threshold=0.0).turns.tolist() == [3, 2, 4, 0]
    assert _ranked(LEXICAL, threshold=1.0).turns.tolist() == []
    assert _ranked(LEXICAL, threshold=scores[2], limit=1).turns.tolist() == [3]


def test_a_prior_of_dates_is_one_within_and_falls_faster_before_than_after() -> None:
    at = np.array([-4, -3, -1, 0, 1, 2, 4, 11, 30]) * DAY
    prior = date_prior(at, 0, 2 * DAY)
    assert prior.tolist() == pytest.approx([0, 0, 2 / 3, 1, 1, 1, 7 / 9, 0, 0])
    assert date_prior(at, None, 2 * DAY).tolist() == pytest.approx([1] * 6 + [7 / 9, 0, 0])
    assert date_prior(at, 0, None).tolist() == pytest.approx([0, 0, 2 / 3] + [1] * 6)


def test_standard_scores_of_few_and_of_equal_values_stay_finite() -> None:
    assert standard_score(np.array([0.3], np.float32), 0.05).tolist() == [0]
    assert standard_score(np.full(1000, 0.3, np.float32), 0.05) == pytest.approx(0, abs=1e-3)
    many = np.random.default_rng(0).normal(0.5, 0.1, 100_000).astype(np.float32)
    assert float(np.std(standard_score(many, 0.05))) == pytest.approx(1, abs=0.01)


def test_standard_scores_among_some_are_as_if_there_were_no_others() -> None:
    values = np.array([0.2, 9.0, 0.6, 0.4], np.float32)
    among = np.array([True, False, True, True])
    scores = standard_score(values, 0.05, among)
    assert scores[1] == 0
    assert scores[among].tolist() == pytest.approx(standard_score(values[among], 0.05).tolist())
    assert standard_score(values, 0.05, np.zeros(4, np.bool_)).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("with_dense", [False, True])
def test_confidence_keeps_the_order_and_grows_with_what_the_scope_knows(with_dense: bool) -> None:
    scores = np.linspace(-300, 40, 400).astype(np.float32)
    found = confidence(scores, best_lexical=0.5, count=500, with_dense=with_dense)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()
    known = confidence(scores, best_lexical=0.9, count=500, with_dense=with_dense)
    larger = confidence(scores, best_lexical=0.5, count=5_000, with_dense=with_dense)
    assert (known >= found).all()
    assert (larger <= found).all()


def test_the_same_hit_is_as_likely_in_a_small_memory_as_in_a_large_one() -> None:
    small = rank(_evidence([0.8, 0.1, 0.1]), limit=1).scores[0]
    large = rank(_evidence([0.8, *([0.1] * 600)]), limit=1).scores[0]
    nothing = rank(_evidence([0.1, 0.1, 0.1]), limit=1).scores[0]
    assert small > 0.5
    assert large > 0.5
    assert nothing < 0.3


def test_ranking_leaves_the_evidence_as_it_was() -> None:
    evidence = _evidence(
        LEXICAL,
        dense=[0.1, 0.2, 0.3, 0.2, 0.1],
        embedded=[True, True, False, True, True],
        denies=[True, False, False, True, False],
    )
    before = {
        field.name: np.copy(value)
        for field in dataclasses.fields(evidence)
        if (value := getattr(evidence, field.name)) is not None
    }
    rank(evidence, limit=3)
    for name, value in before.items():
        assert getattr(evidence, name).tolist() == value.tolist()
