from collections.abc import Sequence

import numpy as np
import pytest

from remanence.index.lexical import (
    Hits,
    LexicalEvidence,
    Turns,
    length_norm,
    length_room,
    lexical_evidence,
)
from remanence.index.links import NOT_A_SESSION, SessionLinks


def _turns(
    sessions: Sequence[int],
    *,
    lengths: Sequence[int] | None = None,
    asks: Sequence[int] = (),
    coherence: Sequence[float] | None = None,
    keys: Sequence[tuple[int, int]] = (),
) -> Turns:
    """Turns of ten terms in these sessions, from number 1; ``keys`` are of facts and sources."""
    links = SessionLinks()
    links.extend(np.zeros(1, np.int32))
    links.extend(np.array(sessions, np.int32))
    count = len(sessions) + 1
    pairs = np.array(keys, np.int32).reshape(-1, 2)
    asking = np.zeros(count, np.bool_)
    asking[list(asks)] = True
    return Turns(
        norm=length_norm([0, *(lengths or [10] * (count - 1))]),
        room=length_room([0, *(lengths or [10] * (count - 1))]),
        before=links.before.values,
        after=links.after.values,
        place=links.place.values,
        session=np.array([NOT_A_SESSION, *sessions], np.int32),
        sizes=links.sizes.values,
        asks=asking,
        coherence=np.array([1, *(coherence or [1] * (count - 1))], np.float32),
        facts=pairs[:, 0],
        sources=pairs[:, 1],
    )


def _hits(*turns: int, count: float = 1, is_name: bool = False, weight: float = 1) -> Hits:
    numbers = np.array(turns, np.int32)
    return Hits(numbers, np.full(len(turns), count, np.float32), is_name, weight)


def _found(turns: Turns, *query: Hits) -> list[float]:
    return lexical_evidence(turns, query).weight[1:].tolist()


def test_nothing_is_found_of_what_nobody_said() -> None:
    turns = _turns([1, 1])
    assert _found(turns) == [0, 0]
    assert _found(turns, _hits()) == [0, 0]
    found = lexical_evidence(turns, [_hits()])
    assert isinstance(found, LexicalEvidence)
    assert found.matched.tolist() == [0, 0, 0]


def test_a_turn_lends_its_words_to_its_neighbours_in_the_session() -> None:
    found = _found(_turns([1] * 12 + [2]), _hits(6))
    assert max(found) == found[5] < 1
    assert found[5] > found[4] == found[6] > found[3] == found[7] > found[1] == found[9] > 0
    assert found[0] == found[10] == found[12] == 0


def test_words_that_are_missing_count_against_a_turn() -> None:
    turns = _turns([1, 2, 3])
    assert _found(turns, _hits(1), _hits())[0] < _found(turns, _hits(1))[0]
    both = _found(turns, _hits(1, 2), _hits(1))
    assert both[0] > both[1] > both[2] == 0


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    found = _found(_turns([1, 2, 3, 4, 5]), _hits(1), _hits(2, 3, 4))
    assert found[0] > found[1]


def test_a_question_lends_its_words_to_its_answer() -> None:
    plain, asked = _found(_turns([1, 1, 1]), _hits(1)), _found(_turns([1] * 3, asks=[1]), _hits(1))
    assert asked[1] > plain[1]
    assert (asked[0], asked[2]) == (plain[0], plain[2])


def test_short_turns_say_more_with_a_word_than_long_ones_and_long_ones_are_not_lost() -> None:
    lengths = [5, 30, 200, 2000, 200_000]
    found = _found(_turns([1, 2, 3, 4, 5], lengths=lengths), _hits(1, 2, 3, 4, 5))
    assert found[0] > found[1] > found[2] > found[3]
    assert found[3] == found[4] > 0.1


def test_long_turns_take_less_of_their_neighbours() -> None:
    short = _found(_turns([1, 1], lengths=[10, 20]), _hits(1))
    long = _found(_turns([1, 1], lengths=[10, 200]), _hits(1))
    assert long[1] < short[1]


def test_what_stands_alone_gets_what_neighbours_could_have_added() -> None:
    sessions = [1, *([2] * 20), 3, *([4] * 20)]
    amid = [1.0] * 41
    amid[30] = 0  # another speaks of something else
    found = _found(_turns([*sessions[:41]], coherence=amid), _hits(1, 11, 31))
    assert found[0] == pytest.approx(found[30])
    assert found[30] > found[10]


def test_a_speakers_name_counts_little_and_weights_are_heeded() -> None:
    turns = _turns([1, 2, 3])
    found = _found(turns, _hits(1), _hits(2, is_name=True))
    assert found[0] > 5 * found[1] > 0
    found = _found(turns, _hits(1), _hits(2, weight=0.2))
    assert found[0] == pytest.approx(5 * found[1])


def test_a_turn_is_found_by_the_words_of_facts_that_rest_on_it() -> None:
    sessions = [1, 1, 1, NOT_A_SESSION, NOT_A_SESSION]
    plain = _found(_turns(sessions), _hits(4))
    keyed = _found(_turns(sessions, keys=[(4, 2), (5, 3)]), _hits(4))
    assert plain[:3] == [0, 0, 0]
    assert keyed[1] > keyed[0] == keyed[2] > 0
    assert keyed[3] == plain[3]


def test_several_facts_about_one_turn_count_as_the_one_that_says_most() -> None:
    sessions = [1, *([NOT_A_SESSION] * 3)]
    lengths = [10, 40, 5, 20]
    one = _found(_turns(sessions, lengths=lengths, keys=[(3, 1)]), _hits(2, 3, 4))
    keys = [(2, 1), (3, 1), (4, 1)]
    several = _found(_turns(sessions, lengths=lengths, keys=keys), _hits(2, 3, 4))
    assert several == pytest.approx(one)


def test_a_fact_may_rest_on_many_turns() -> None:
    keys = [(4, 1), (4, 3)]
    found = _found(_turns([1, 2, 3, NOT_A_SESSION], keys=keys), _hits(4), _hits(1))
    assert found[0] > found[2] > found[1] == 0


def test_matched_counts_the_content_terms_that_a_turn_uses_itself() -> None:
    turns = _turns([1, 1, 1])
    weak = Hits(np.array([1, 3], np.int32), np.ones(2, np.float32), content=False)
    query = [_hits(1, 2, count=4), _hits(2), weak]
    assert lexical_evidence(turns, query).matched[1:].tolist() == [1, 2, 0]


def test_many_terms_at_once_are_as_many_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(1)
    sessions = random.integers(1, 6, 300).tolist()
    turns = _turns(sessions, lengths=random.integers(1, 60, 300).tolist(), keys=[(7, 3), (9, 200)])
    query = [_hits(*np.flatnonzero(random.random(301) < 0.1)[1:].tolist()) for _ in range(11)]
    together = _found(turns, *query)
    monkeypatch.setattr("remanence.index.lexical._CELLS_AT_ONCE", 900)
    assert _found(turns, *query) == pytest.approx(together, abs=1e-6)
    assert all(0 <= one <= 1 for one in together)
