"""The inverted index and what it is made of, against plain dicts and lists."""

import collections

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from remanence.index.columns import Column
from remanence.index.fuzzy import Trigrams
from remanence.index.labels import Labels
from remanence.index.postings import Postings

Texts = list[list[int]]
texts = st.lists(st.lists(st.integers(0, 8), max_size=6), max_size=5)


def _model(turns: Texts) -> dict[int, dict[int, int]]:
    """Return for each term the turns, from 1, that use it, and how often."""
    model: dict[int, dict[int, int]] = collections.defaultdict(dict)
    for turn, text in enumerate(turns, 1):
        for term, count in collections.Counter(text).items():
            model[term][turn] = count
    return model


def _found(postings: Postings, term: int) -> dict[int, int]:
    turns, counts = postings.find(term)
    assert turns.tolist() == sorted(turns.tolist())
    return dict(zip(turns.tolist(), map(int, counts), strict=True))


@given(portions=st.lists(texts, max_size=8), kept=st.sets(st.integers(1, 40)))
def test_postings_find_what_was_added_and_kept(portions: list[Texts], kept: set[int]) -> None:
    postings = Postings()
    turns: Texts = []
    for portion in portions:
        first = len(turns) + 1
        numbers = [turn for turn, text in enumerate(portion, first) for _ in text]
        terms = [term for text in portion for term in text]
        added = postings.add(np.array(numbers, np.int32), np.array(terms, np.int32))
        pairs = collections.Counter(zip(numbers, terms, strict=True))
        assert pairs == {
            (turn, term): count
            for turn, term, count in zip(*(array.tolist() for array in added), strict=True)
        }
        turns += portion
    for term in range(9):
        assert _found(postings, term) == _model(turns)[term]

    stays = np.array([True, *(turn in kept for turn in range(1, len(turns) + 1))])
    used = postings.keep(stays, (np.cumsum(stays) - 1).astype(np.int32), 9)
    left = _model([text for turn, text in enumerate(turns, 1) if turn in kept])
    assert used.tolist() == [bool(left[term]) for term in range(9)]
    for term in range(9):
        assert _found(postings, term) == left[term]
    postings.rename((np.cumsum(used) - 1).astype(np.int32))
    for new, old in enumerate(np.flatnonzero(used).tolist()):
        assert _found(postings, new) == left[old]


def test_adding_turn_by_turn_keeps_few_segments() -> None:
    postings = Postings()
    for turn in range(1, 2_001):
        postings.add(np.full(3, turn, np.int32), np.array([turn % 7, 7, 7], np.int32))
    turns, counts = postings.find(7)
    assert turns.tolist() == list(range(1, 2_001))
    assert set(counts.tolist()) == {2}
    assert postings.nbytes < 2_000 * 2 * 12 * 2


@given(st.lists(st.lists(st.integers(0, 99), max_size=40)), st.integers(1, 5))
def test_columns_grow_and_keep(portions: list[list[int]], every: int) -> None:
    column = Column(np.int32)
    model: list[int] = []
    for portion in portions:
        column.extend(portion)
        model += portion
        assert column.values.tolist() == model
    mask = np.array([place % every == 0 for place in range(len(model))], np.bool_)
    column.keep(mask)
    assert column.values.tolist() == model[::every]
    column.extend([5])
    assert column.values.tolist() == [*model[::every], 5]


@given(st.lists(st.lists(st.sampled_from("abcdef"))), st.sets(st.sampled_from("abcdef")))
def test_labels_number_values_in_their_order(portions: list[list[str]], kept: set[str]) -> None:
    labels: Labels[str] = Labels()
    order: list[str] = []
    for portion in portions:
        order += [value for value in dict.fromkeys(portion) if value not in order]
        assert labels.number(portion).tolist() == [order.index(value) for value in portion]
        assert labels.values == order
    assert [labels.get(value) for value in "abcdef"] == [
        order.index(value) if value in order else None for value in "abcdef"
    ]
    assert labels.values == order  # asking numbers nothing
    renumbered = labels.keep(np.array([value in kept for value in order], np.bool_))
    left = [value for value in order if value in kept]
    assert labels.values == left
    for value in left:
        assert renumbered[order.index(value)] == labels.get(value) == left.index(value)
    assert labels.number(["z"]).tolist() == [len(left)]


def _dice(one: str, other: str) -> float:
    first, second = ({f"^{term}$"[i : i + 3] for i in range(len(term))} for term in (one, other))
    return 2 * len(first & second) / (len(first) + len(second))


def test_similar_terms_share_trigrams_whether_indexed_or_not() -> None:
    vocabulary = [f"garden{number}" for number in range(600)]  # many: these are indexed
    vocabulary += [
        "garden",
        "gardener",
        "gradener",
        "harden",
        "tulip",
        "gardn",
    ]  # these are not yet
    trigrams = Trigrams()
    trigrams.similar("garden", vocabulary[:600])
    for asked in ("garden", "gardne", "gardener", "tulipe", "garden77", "zzzz"):
        expected = {
            number: _dice(asked, term)
            for number, term in enumerate(vocabulary)
            if _dice(asked, term) >= 0.6
        }
        found = trigrams.similar(asked, vocabulary)
        assert dict(found) == expected
        overlaps = [overlap for _, overlap in found]
        assert overlaps == sorted(overlaps, reverse=True)
    assert trigrams.similar("gar", ["gar", "gart"]) == []
