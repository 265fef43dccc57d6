"""Whatever is found, and whatever a token is: a note keeps its budget, its order, and the truth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.recall.pack import pack
from remanence.recall.passage import CUT
from remanence.recall.quotations import Around, Cost, Packed, Quotation
from remanence.recall.repeats import statements
from remanence.recall.tokens import estimate_tokens
from remanence.types import Recollection, Role, Scope

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
SESSIONS = (Scope("alice", None, "monday"), Scope("alice", None, "tuesday"))
ROLES: tuple[Role, ...] = ("user", "assistant", "tool")
WORDS = (
    "Nora",
    "lives",
    "in",
    "Ghent",
    "not",
    "5",
    "the",
    "诺拉住在根特。",
    "yes!",
    "a\nb",
    "…",
    "😀",
)
QUERY = "Where does Nora live?"

Found = tuple[list[Recollection], dict[str, Around]]


def _rendered(items: Sequence[Quotation], left_out: int) -> str:
    lines = [f"{each.recollection.at} {each.times} {each.text}" for each in items]
    return "\n".join(["What is remembered:", *lines, f"{left_out} more." if left_out else ""])


def _estimated(items: Sequence[Quotation], left_out: int) -> int:
    return estimate_tokens(_rendered(items, left_out))


def _characters(items: Sequence[Quotation], left_out: int) -> int:
    return len(_rendered(items, left_out))


def _erratic(items: Sequence[Quotation], left_out: int) -> int:
    return len(_rendered(items, left_out)) * 7919 % 503


@st.composite
def _turns(draw: st.DrawFn, number: str) -> Recollection:
    fact = draw(st.booleans())
    text = " ".join(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12)))
    return Recollection(
        text=text * draw(st.sampled_from((1, 1, 1, 3, 40))) + draw(st.sampled_from(("", "?"))),
        origin="fact" if fact else "episode",
        id=number,
        score=0.5,
        at=START + dt.timedelta(days=draw(st.integers(0, 4))),
        scope=draw(st.sampled_from(SESSIONS)),
        role=None if fact else draw(st.sampled_from(ROLES)),
        speaker=draw(st.sampled_from((None, "Alice", "Robin"))),
    )


@st.composite
def _found(draw: st.DrawFn) -> Found:
    """What was found, a turn sometimes twice, and what was said around it, sometimes found too."""
    turns = [draw(_turns(str(number))) for number in range(draw(st.integers(0, 9)))]
    if not turns:
        return [], {}
    some = st.lists(st.sampled_from(turns), max_size=3)
    around = {
        turn.id: Around(tuple(draw(some)), tuple(draw(some)), draw(st.integers(0, 5)))
        for turn in draw(some)
    }
    return draw(st.lists(st.sampled_from(turns), min_size=1, max_size=9)), around


def _packed(found: Found, budget: int, cost: Cost = _estimated) -> Packed:
    hits, around = found
    return pack(hits, budget=budget, cost=cost, query=QUERY, around=around)


def _alone(hit: Recollection, times: int = 1) -> Quotation:
    return Quotation(hit, hit.text, times)


BUDGETS = st.integers(0, 500)


@pytest.mark.parametrize("cost", [_estimated, _characters, _erratic])
@given(found=_found(), budget=BUDGETS)
def test_the_budget_is_kept(cost: Cost, found: Found, budget: int) -> None:
    packed = _packed(found, budget, cost)

    assert packed.tokens <= budget
    assert packed.tokens == (cost(packed.items, packed.left_out) if packed.items else 0)


@given(found=_found(), budget=BUDGETS)
def test_it_is_told_oldest_first_and_always_the_same(found: Found, budget: int) -> None:
    packed = _packed(found, budget)

    times = [each.recollection.at for each in packed.items]
    assert times == sorted(times)
    assert packed == _packed(found, budget)


@given(found=_found(), budget=BUDGETS)
def test_nothing_is_invented(found: Found, budget: int) -> None:
    hits, around = found
    known = [*hits, *(turn for each in around.values() for turn in (*each.before, *each.after))]
    for item in _packed(found, budget).items:
        assert item.recollection in known
        assert not item.found or item.recollection in hits
        whole = item.recollection.text
        if item.text != whole:
            assert item.text.removeprefix(f"{CUT} ").removesuffix(f" {CUT}") in whole
            assert item.text.startswith(CUT) or item.text.endswith(CUT)
            assert len(item.text) < len(whole)


@given(found=_found(), budget=BUDGETS)
def test_nothing_is_told_twice_and_everything_is_told_or_counted(found: Found, budget: int) -> None:
    packed = _packed(found, budget)

    ids = [(each.recollection.origin, each.recollection.id) for each in packed.items]
    assert len(ids) == len(set(ids))
    told = [each.recollection for each in packed.items if each.found]
    assert len(statements(told)) == len(told)
    assert len(told) + packed.left_out == len(statements(found[0]))


@given(found=_found(), budget=BUDGETS)
def test_the_best_is_told_if_it_fits_alone(found: Found, budget: int) -> None:
    every = statements(found[0])
    packed = _packed(found, budget)

    if every and _estimated([_alone(every[0].latest, every[0].times)], len(every) - 1) <= budget:
        assert every[0].latest in [each.recollection for each in packed.items if each.found]


@given(found=_found(), budget=BUDGETS)
def test_nothing_found_is_cut_or_left_out_where_there_is_room(found: Found, budget: int) -> None:
    every = [_alone(each.latest, each.times) for each in statements(found[0])]
    packed = _packed(found, budget)

    if _estimated(every, 0) <= budget:
        assert packed.left_out == 0
        assert all(each.text == each.recollection.text for each in packed.items if each.found)


@given(found=_found(), budget=BUDGETS)
def test_only_what_belongs_to_something_that_is_told_comes_along(found: Found, budget: int) -> None:
    packed = _packed(found, budget)

    hits = [each.recollection for each in packed.items if each.found]
    belongs: list[Recollection] = []
    for hit in hits:
        around = found[1].get(hit.id, Around()) if hit.origin == "episode" else Around()
        before = [turn for turn in around.before if turn.role != "tool"][-1:]
        belongs += [turn for turn in before if turn.text.endswith("?")]
        if hit.text.endswith("?"):
            belongs += [turn for turn in around.after if turn.role != "tool"][:1]
    for item in packed.items:
        assert item.found or item.recollection in belongs
