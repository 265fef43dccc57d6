import numpy as np
import pytest

from remanence.recall.rank import Ranking, confidence, rank, standard_score

LEXICAL = [0.2, 0.0, 0.6, 0.6, 0.4]


def _rank(
    lexical: list[float],
    *,
    named: list[bool] | None = None,
    distinct: list[int] | None = None,
    visible: list[bool] | None = None,
    limit: int = 10,
    threshold: float | None = None,
) -> Ranking:
    count = len(lexical)
    return rank(
        lexical=np.array(lexical, np.float32),
        named=np.array(named or [False] * count, np.bool_),
        distinct=np.array(distinct or [5] * count, np.int32),
        visible=np.array(visible or [True] * count, np.bool_),
        limit=limit,
        threshold=threshold,
    )


def test_more_evidence_ranks_higher_and_equal_turns_come_latest_first() -> None:
    ranking = _rank(LEXICAL)
    assert ranking.turns.tolist() == [3, 2, 4, 0]
    scores = ranking.scores.tolist()
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == scores[1]
    assert all(0 < score < 1 for score in scores)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_a_limit_takes_the_first_of_all(limit: int) -> None:
    whole, part = _rank(LEXICAL), _rank(LEXICAL, limit=limit)
    assert part.turns.tolist() == whole.turns[:limit].tolist()
    assert part.scores.tolist() == whole.scores[:limit].tolist()


def test_a_limit_among_equal_turns_takes_the_latest() -> None:
    assert _rank([0.5] * 50, limit=3).turns.tolist() == [49, 48, 47]


def test_turns_without_evidence_or_out_of_sight_are_left_out() -> None:
    assert _rank([0.0, 0.0], named=[True, True]).turns.tolist() == []
    assert _rank([], limit=3).turns.tolist() == []
    visible = [True, True, False, True, False]
    assert _rank(LEXICAL, visible=visible).turns.tolist() == [3, 0]
    assert _rank(LEXICAL, visible=[False] * 5).scores.tolist() == []


def test_what_is_out_of_sight_does_not_change_scores() -> None:
    whole = _rank(LEXICAL)
    part = _rank(LEXICAL, visible=[True, True, True, False, True])
    assert part.scores.tolist() == whole.scores[1:].tolist()


def test_the_named_speaker_and_the_informative_turn_come_first() -> None:
    assert _rank([0.5, 0.5], named=[True, False]).turns.tolist() == [0, 1]
    assert _rank([0.5, 0.5], distinct=[9, 2]).turns.tolist() == [0, 1]
    assert _rank([0.5, 0.5], distinct=[40, 19]).scores.tolist()[0] == pytest.approx(
        _rank([0.5, 0.5], distinct=[19, 40]).scores.tolist()[0]
    )


def test_a_threshold_keeps_what_reaches_it() -> None:
    scores = _rank(LEXICAL).scores.tolist()
    assert _rank(LEXICAL, threshold=scores[2]).turns.tolist() == [3, 2, 4]
    assert _rank(LEXICAL, threshold=0.0).turns.tolist() == [3, 2, 4, 0]
    assert _rank(LEXICAL, threshold=1.0).turns.tolist() == []
    assert _rank(LEXICAL, threshold=scores[2], limit=1).turns.tolist() == [3]


def test_standard_scores_of_few_and_of_equal_values_stay_finite() -> None:
    assert standard_score(np.array([0.3], np.float32)).tolist() == [0]
    assert standard_score(np.full(1000, 0.3, np.float32)) == pytest.approx(0, abs=1e-4)
    many = np.random.default_rng(0).normal(0.5, 0.1, 100_000).astype(np.float32)
    assert float(np.std(standard_score(many))) == pytest.approx(1, abs=0.01)


def test_confidence_keeps_the_order() -> None:
    evidence = np.linspace(-30, 40, 200).astype(np.float32)
    found = confidence(evidence)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()
