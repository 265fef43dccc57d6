"""An index that was brought up to date step by step equals one that was loaded at once."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from remanence import Filter
from remanence.index.facts import View
from remanence.index.scope import ScopeIndex
from remanence.index.text import analyze, analyze_query
from remanence.store.protocol import Changes, Entry, FactTimes, Head
from remanence.store.vectors import VectorBlock, Vectors

ALICE = Filter("alice")
QUERIES = ("word77", "wodr77", "wrd500", "What did Nora say about word5?", "word599 again")


def _entry(number: int) -> Entry:
    """Return an entry with a word of its own, so that the vocabulary gets large."""
    speaker = "Nora" if 300 <= number < 400 else f"speaker{number % 3}"
    text = f"word{number} again{number % 11}" + "?" * (number % 5 == 0)
    analysis = analyze(text)
    session = f"session{number % 7}"
    place = (number % 7, None, session)
    found = (analysis.terms, analysis.asks, analysis.version)
    if number % 13 == 0:
        sources = tuple(range(max(1, number - 6), number, 2))
        times = FactTimes(number, None, None, None, corrected=False, stated_by=None)
        return Entry(number, "fact", *place, number, None, None, *found, number, sources, times)
    return Entry(number, "episode", *place, number, "user", speaker, *found, number)


def _changes(epoch: int, entries: Sequence[Entry], removed: Sequence[int], head: Head) -> Changes:
    return Changes(
        epoch=epoch,
        seq=max([head.seq, *(entry.seq for entry in entries)]),
        rebuild=False,
        removed=tuple(removed),
        entries=tuple(entries),
        complete=True,
    )


def _apply(index: ScopeIndex, entries: Sequence[Entry] = (), removed: Sequence[int] = ()) -> None:
    head = index.head
    index.apply(head, _changes(head.epoch + bool(removed), entries, removed, head))


def _vector(number: int) -> npt.NDArray[np.float32]:
    """Return a unit vector of its own; those of near numbers are near one another."""
    random = np.random.default_rng(number // 3)
    own = np.random.default_rng(10_000 + number)
    vector = random.standard_normal(8) + own.standard_normal(8) / 2
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def _embed(index: ScopeIndex, numbers: Sequence[int]) -> None:
    head = index.head
    progress = max([head.embedded, *numbers])
    data = np.array([_vector(number) for number in numbers]).reshape(-1, 8)
    block = VectorBlock(np.array(numbers, np.int64), data)
    assert index.apply_vectors(head, Vectors(progress, (block,), complete=True))


def _evidence(index: ScopeIndex, query: str) -> dict[int, tuple[float, ...]]:
    found = index.evidence(analyze_query(query), ALICE, [], _vector(77))
    columns = (
        found.lexical,
        found.matched,
        found.distinct,
        found.timed,
        found.role,
        np.zeros(len(index)) if found.dense is None else found.dense,
        np.zeros(len(index)) if found.embedded is None else found.embedded,
        np.zeros(len(index)) if found.named is None else found.named,
        np.zeros(len(index)) if found.drawn is None else found.drawn,
        np.zeros(len(index)) if found.secondhand is None else found.secondhand,
        found.visible,
    )
    numbers: list[int] = found.numbers.tolist()
    values: list[list[float]] = np.array(columns, np.float64).T.tolist()
    return {number: tuple(each) for number, each in zip(numbers, values, strict=True)}


def _same(left: ScopeIndex, right: ScopeIndex, *more: str) -> bool:
    for query in (*QUERIES, *more):
        one, other = _evidence(left, query), _evidence(right, query)
        assert one.keys() == other.keys()
        for number, values in one.items():
            assert values == pytest.approx(other[number], abs=1e-5), (query, number)
    return True


def test_portions_and_removals_leave_what_loading_anew_gives() -> None:
    stepwise = ScopeIndex()
    alive: list[int] = []
    for first in range(1, 1_200, 60):
        added = list(range(first, first + 60))
        _apply(stepwise, [_entry(number) for number in added])
        alive += added
        for query in QUERIES:
            stepwise.evidence(analyze_query(query), ALICE, [])
        if first % 180 == 1:
            gone = [number for number in alive if number % 4 == first % 4 or 300 <= number < 400]
            _apply(stepwise, removed=[*gone, 5_000])
            alive = [number for number in alive if number not in gone]
            anew = ScopeIndex()
            _apply(anew, [_entry(number) for number in alive])
            assert len(stepwise) == len(anew) == len(alive)
            embedded = [number for number in alive if number <= first]
            _embed(stepwise, [number for number in embedded if number > stepwise.head.embedded])
            _embed(anew, embedded)
            assert _same(stepwise, anew)


def test_facts_that_changed_are_as_if_they_had_always_been_so() -> None:
    numbers = list(range(1, 200))
    entries = {number: _entry(number) for number in numbers}
    stepwise = ScopeIndex()
    _apply(stepwise, list(entries.values()))
    _embed(stepwise, numbers)
    for number in (130, 26, 65, 143, 26):  # facts, in no order
        sources = tuple(range(number - 5, number, 1 + number % 2))
        times = FactTimes(number, number + 9, None, number + 50, corrected=False, stated_by="tool")
        entries[number] = entries[number]._replace(sources=sources, times=times)
        head = stepwise.head
        changes = dataclasses.replace(
            _changes(head.epoch + 1, (), (), head), amended=(entries[number],)
        )
        assert stepwise.apply(head, changes)
        anew = ScopeIndex()
        _apply(anew, list(entries.values()))
        _embed(anew, numbers)
        assert _same(stepwise, anew, "again9 again4 again10", f"word{number}")
        assert entries[number].seq not in _seen(stepwise, View())
        for view in (View(as_of=number + 5), View(known_at=number + 49), View(as_of=number + 20)):
            assert _seen(stepwise, view) == _seen(anew, view)
        assert number in _seen(stepwise, View(as_of=number + 5))
        assert number not in _seen(stepwise, View(as_of=number + 20))


@pytest.mark.parametrize("portion", [1, 7, 60, 400])
def test_what_confirms_a_fact_may_come_after_it(portion: int) -> None:
    """In a later portion, or together with the news that it does."""
    entries = {number: _entry(number) for number in range(1, 200)}
    for number in (13, 26, 130):
        sources = (*entries[number].sources, number + 20, number + 45)
        entries[number] = entries[number]._replace(sources=sources)
    told = list(entries.values())
    anew = ScopeIndex()
    _apply(anew, told)
    by_portions = ScopeIndex()
    for first in range(0, len(told), portion):
        _apply(by_portions, told[first : first + portion])
    later = ScopeIndex()
    _apply(later, [_entry(number) for number in range(1, 140)])
    head = later.head
    new = [entry for entry in told if entry.seq >= 140]
    amended = tuple(entries[number] for number in (13, 26, 130))
    changes = dataclasses.replace(_changes(head.epoch + 1, new, (), head), amended=amended)
    assert later.apply(head, changes)
    for stepwise in (by_portions, later):
        assert _same(stepwise, anew, "word13", "word26", "word130")


def _seen(index: ScopeIndex, view: View) -> set[int]:
    found = index.evidence(analyze_query("again1"), ALICE, [], view=view)
    return set(found.numbers[found.visible].tolist())


def test_vectors_that_come_in_any_portions_are_the_same_in_the_end() -> None:
    indexes = [ScopeIndex() for _ in range(3)]
    numbers = list(range(1, 200))
    for index, size in zip(indexes, (200, 1, 37), strict=True):
        _apply(index, [_entry(number) for number in numbers])
        for start in range(0, len(numbers), size):
            _embed(index, numbers[start : start + size])
    assert _same(indexes[0], indexes[1])
    assert _same(indexes[0], indexes[2])
    without = ScopeIndex()
    _apply(without, [_entry(number) for number in numbers])
    assert without.evidence(analyze_query("word7"), ALICE, [], _vector(7)).dense is None


def test_only_vectors_of_turns_that_are_known_and_new_are_taken() -> None:
    index = ScopeIndex()
    _apply(index, [_entry(number) for number in range(1, 20)])
    _embed(index, range(1, 30))
    assert index.head.embedded == 19
    before = _evidence(index, "word7")
    foreign = VectorBlock(np.array([3, 4], np.int64), np.ones((2, 8), np.float32))
    assert index.apply_vectors(index.head, Vectors(25, (foreign,), complete=True))
    assert _evidence(index, "word7") == before
    assert not index.apply_vectors(Head(0, 0), Vectors(25, (foreign,), complete=True))


def test_vectors_go_when_the_store_has_them_no_longer() -> None:
    index = ScopeIndex()
    _apply(index, [_entry(number) for number in range(1, 20)])
    _embed(index, range(1, 20))
    assert index.apply_vectors(index.head, Vectors(0, (), complete=True))
    assert index.head.embedded == 0
    assert index.evidence(analyze_query("word7"), ALICE, [], _vector(7)).dense is None


def test_what_is_asked_for_an_older_state_is_ignored() -> None:
    index = ScopeIndex()
    _apply(index, [_entry(1), _entry(2)])
    index.apply(Head(0, 0), _changes(1, [_entry(1), _entry(2), _entry(3)], (), Head(0, 0)))
    assert len(index) == 2


def test_a_rebuild_starts_over() -> None:
    index = ScopeIndex()
    _apply(index, [_entry(number) for number in range(1, 100)])
    changes = Changes(
        epoch=9, seq=200, rebuild=True, removed=(), entries=(_entry(200),), complete=True
    )
    index.apply(index.head, changes)
    assert index.head == Head(200, 9)
    assert _evidence(index, "word200").keys() == {200}
    assert _evidence(index, "word5")[200][:3] == (0, 0, 2)


def test_evidence_stays_as_it_was_when_the_index_goes_on() -> None:
    index = ScopeIndex()
    _apply(index, [_entry(number) for number in range(1, 20)])
    found = index.evidence(analyze_query("word7 Nora?"), ALICE, [3])
    before = [array.tolist() for array in (found.numbers, found.lexical, found.visible)]
    _apply(index, [_entry(number) for number in range(20, 200)])
    _apply(index, removed=list(range(1, 100)))
    assert [array.tolist() for array in (found.numbers, found.lexical, found.visible)] == before
