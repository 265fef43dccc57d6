from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from remanence.index.dense import (
    Links,
    Spread,
    blend,
    dense_evidence,
    spread_of,
    surroundings,
)
from remanence.index.lexical import length_room
from remanence.index.links import SessionLinks

Floats = npt.NDArray[np.float32]
USUAL = Spread(0.1, 0.1)


def _links(
    sessions: Sequence[int], *, asks: Sequence[int] = (), lengths: Sequence[int] | None = None
) -> Links:
    links = SessionLinks()
    links.extend(np.zeros(1, np.int32))
    links.extend(np.array(sessions, np.int32))
    asking = np.zeros(len(sessions) + 1, np.bool_)
    asking[list(asks)] = True
    room = length_room([0, *(lengths or [10] * len(sessions))])
    return Links(links.before.values, links.after.values, asking, room)


def _vectors(count: int, seed: int = 0, *, alike: float = 0.6) -> Floats:
    """Unit vectors with a part in common; the stand-in's is zero."""
    random = np.random.default_rng(seed)
    vectors = random.normal(0, 1, (count + 1, 32)).astype(np.float32)
    vectors[:, 0] += 6 * alike
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[0] = 0
    return vectors


def _found(vectors: Floats, links: Links, query: Floats, spread: Spread = USUAL) -> Floats:
    around = surroundings(vectors, links, np.arange(len(vectors)))
    return dense_evidence(vectors @ query, blend(around, links.room, spread), links)


def _spelt_out(vectors: Floats, links: Links, query: Floats, spread: Spread) -> list[float]:
    """The formula, one turn after the other, with blended vectors."""
    found: list[float] = []
    for turn in range(1, len(vectors)):
        own = vectors[turn].astype(float)
        context = np.zeros(len(own))
        nearest = -1.0
        before = after = turn
        for weight in (0.7, 0.35, 0.175):
            before, after = int(links.before[before]), int(links.after[after])
            for there in (before, after):
                context += weight * links.room[there] * vectors[there]
                if vectors[there].any():
                    nearest = max(nearest, float(own @ vectors[there]))
        asked = int(links.before[turn])
        context += 0.4 * links.asks[asked] * links.room[asked] * vectors[asked]
        related = min(1.0, max(0.0, (nearest - spread.mean) / (3 * spread.deviation)))
        blended = own + links.room[turn] * related * context
        length = float(np.linalg.norm(blended))
        blended = blended / length if length else blended
        found.append(float(0.3 * (own @ query) + 0.7 * (blended @ query)))
    return found


def test_evidence_is_that_of_vectors_blended_with_their_neighbours() -> None:
    vectors = _vectors(40)
    lengths = np.random.default_rng(5).integers(1, 80, 40).tolist()
    links = _links([1 + i // 7 for i in range(40)], asks=[3, 9, 21, 40], lengths=lengths)
    query = _vectors(1, 9)[1]
    expected = _spelt_out(vectors, links, query, USUAL)
    assert _found(vectors, links, query)[1:].tolist() == pytest.approx(expected, abs=1e-5)


def test_a_turn_without_neighbours_is_judged_by_itself() -> None:
    vectors = _vectors(5)
    query = _vectors(1, 9)[1]
    found = _found(vectors, _links([1, 2, 3, 4, 5]), query)
    assert found.tolist() == pytest.approx((vectors @ query).tolist(), abs=1e-6)


def test_a_turn_amid_others_that_are_no_nearer_than_any_is_judged_by_itself() -> None:
    vectors = _vectors(9)
    query = _vectors(1, 9)[1]
    links = _links([1] * 9)
    unrelated = _found(vectors, links, query, Spread(1.0, 0.1))
    assert unrelated.tolist() == pytest.approx((vectors @ query).tolist(), abs=1e-6)
    assert _found(vectors, links, query).tolist() != pytest.approx(unrelated.tolist(), abs=1e-3)


def test_a_question_counts_more_for_what_follows_it() -> None:
    vectors = _vectors(3)
    query = vectors[1]
    plain = _found(vectors, _links([1, 1, 1]), query)
    asked = _found(vectors, _links([1, 1, 1], asks=[1]), query)
    assert asked[2] > plain[2]
    assert asked[[1, 3]].tolist() == plain[[1, 3]].tolist()


def test_long_turns_take_and_lend_less() -> None:
    vectors = _vectors(2)
    query = vectors[1]
    short, long = (
        _found(vectors, _links([1, 1], lengths=lengths), query)[2]
        for lengths in ([10, 10], [10, 300])
    )
    lent = _found(vectors, _links([1, 1], lengths=[300, 10]), query)[2]
    alone = float(vectors[2] @ query)
    assert short > long > alone
    assert short > lent > alone


def test_turns_without_a_vector_neither_lend_nor_count_as_near() -> None:
    vectors = _vectors(3)
    vectors[2] = 0
    around = surroundings(vectors, _links([1, 1, 1]), np.array([1, 2, 3]))
    assert around.nearest[0] == pytest.approx(float(vectors[1] @ vectors[3]), abs=1e-6)
    assert np.isfinite(_found(vectors, _links([1, 1, 1]), vectors[1])).all()
    vectors[3] = 0
    around = surroundings(vectors, _links([1, 1, 1]), np.array([1]))
    assert (around.nearest.tolist(), around.along.tolist()) == ([-1], [0])


def test_some_turns_are_measured_as_all_are() -> None:
    vectors = _vectors(2500)
    links = _links([1 + i // 50 for i in range(2500)], asks=[7, 1203])
    whole = surroundings(vectors, links, np.arange(2501))
    some = np.array([2, 8, 1023, 1024, 1204, 2500])
    part = surroundings(vectors, links, some)
    assert part.nearest.tolist() == pytest.approx(whole.nearest[some].tolist())
    assert part.along.tolist() == pytest.approx(whole.along[some].tolist())
    assert part.square.tolist() == pytest.approx(whole.square[some].tolist())


def test_a_turn_gets_a_part_of_what_its_nearest_fact_has_more() -> None:
    vectors = _vectors(4, alike=0)
    links = _links([1, 2, 0, 0])
    around = surroundings(vectors, links, np.arange(5))
    parts = blend(around, links.room, USUAL)
    products = np.array([0, 0.1, 0.5, 0.6, 0.3], np.float32)
    facts, sources = np.array([3, 4, 4], np.int32), np.array([1, 1, 2], np.int32)
    found = dense_evidence(products, parts, links, facts=facts, sources=sources)
    assert found[1:].tolist() == pytest.approx([0.1 + 0.2 * 0.5, 0.5, 0.6, 0.3])


def test_the_spread_of_many_is_measured_and_that_of_few_is_the_usual() -> None:
    assert spread_of(np.zeros((3, 8), np.float32), np.zeros(3, np.bool_)) == Spread(0.15, 0.12)
    vectors = _vectors(3000)
    present = np.ones(3001, np.bool_)
    present[0] = False
    cosines = vectors[1:] @ vectors[1:].T
    pairs = cosines[np.triu_indices(3000, 1)]
    found = spread_of(vectors, present)
    assert found.mean == pytest.approx(float(pairs.mean()), abs=0.03)
    assert found.deviation == pytest.approx(float(pairs.std()), abs=0.02)
    few = spread_of(vectors[:3], present[:3])
    assert 0.15 < few.mean < found.mean


def test_what_is_absent_is_not_part_of_the_spread() -> None:
    vectors = _vectors(600)
    present = np.arange(601) % 3 == 1
    scattered = vectors * present[:, np.newaxis]
    assert spread_of(scattered, present) == spread_of(vectors, present)
