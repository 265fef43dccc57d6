"""An index that was brought up to date step by step equals one that was loaded at once."""

from collections.abc import Sequence

import pytest

from remanence import Filter
from remanence.index.scope import ScopeIndex
from remanence.index.text import analyze, analyze_query
from remanence.store.protocol import Changes, Entry, Head

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
    return Entry(number, "fact" if number % 13 == 0 else "episode", *place, number, speaker, *found)


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


def _evidence(index: ScopeIndex, query: str) -> dict[int, tuple[float, bool, int]]:
    found = index.evidence(analyze_query(query), ALICE, [])
    columns = (found.numbers, found.lexical, found.named, found.distinct)
    return {
        number: (lexical, named, distinct)
        for number, lexical, named, distinct in zip(
            *(column.tolist() for column in columns), strict=True
        )
    }


def _same(left: ScopeIndex, right: ScopeIndex) -> bool:
    for query in QUERIES:
        one, other = _evidence(left, query), _evidence(right, query)
        assert one.keys() == other.keys()
        for number, (lexical, named, distinct) in one.items():
            assert (pytest.approx(lexical), named, distinct) == other[number]
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
            assert _same(stepwise, anew)


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
    assert _evidence(index, "word5")[200] == (0, False, 2)


def test_evidence_stays_as_it_was_when_the_index_goes_on() -> None:
    index = ScopeIndex()
    _apply(index, [_entry(number) for number in range(1, 20)])
    found = index.evidence(analyze_query("word7 Nora?"), ALICE, [3])
    before = [array.tolist() for array in (found.numbers, found.lexical, found.visible)]
    _apply(index, [_entry(number) for number in range(20, 200)])
    _apply(index, removed=list(range(1, 100)))
    assert [array.tolist() for array in (found.numbers, found.lexical, found.visible)] == before
