"""Whatever a model answers, it is understood or refused."""

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from remanence.errors import BackendAnswerError
from remanence.extract.periods import begin
from remanence.extract.reading import drafts_of
from remanence.extract.reconcile import Doubt, verdicts_of, weigh
from tests.unit.extract.records import known, said, time, told

NEW = [said("a", at="2024-05-01 23:30-08:00"), said("b", role="tool")]
BEFORE = [said("c", role="assistant")]
KNOWN = tuple(known(f"Fact {n}.", since=f"20{10 + n}-01-01") for n in range(4))
DOUBTS = [Doubt(told("One.", since="2012-06-01"), KNOWN[:3]), Doubt(told("Two."), KNOWN[2:])]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)
dates = st.sampled_from(["2024", "2024-02", "2024-02-29", "2023-12-31T10:00", "2025-01-01", "x"])
ids = st.sampled_from(["e1", "e2", "e3", "c1", "d1", "d2", "k1", "k2", "k3", "k4", "k5"])
facts = st.fixed_dictionaries(
    {
        "statement": st.sampled_from(["Maria sings.", "Rui sings.", ""]) | anything,
        "kind": st.sampled_from(["event", "profile", "instruction"]) | anything,
        "sources": st.lists(ids, max_size=3) | anything,
    },
    optional={
        "attribute": st.just("maria: home") | anything,
        "valid_from": dates | anything,
        "valid_until": dates | anything,
        "confidence": st.floats(0, 1) | anything,
        "change": st.sampled_from(["states", "ends", "corrects"]) | anything,
    },
)
decisions = st.fixed_dictionaries(
    {
        "draft": st.sampled_from(["d1", "d2"]) | anything,
        "action": st.sampled_from(["add", "confirm", "supersede", "correct"]) | anything,
    },
    optional={"known": st.lists(ids, max_size=3) | anything},
)
plausible_facts = st.fixed_dictionaries(
    {
        "statement": st.sampled_from(["Maria sings.", "Rui sings."]),
        "kind": st.sampled_from(["event", "profile"]),
        "sources": st.lists(st.sampled_from(["e1", "e2"]), min_size=1),
        "valid_from": dates | st.none(),
        "valid_until": dates | st.none(),
        "change": st.sampled_from(["states", "ends", "corrects"]),
    }
)


def plausible_decision(draft: str, *known_ids: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "draft": st.just(draft),
            "action": st.sampled_from(["add", "confirm", "supersede", "correct", "ignore"]),
            "known": st.lists(st.sampled_from(known_ids), min_size=1),
        }
    )


plausible_decisions = st.permutations([0, 1]).flatmap(
    lambda order: st.tuples(
        *[
            [plausible_decision("d1", "k1", "k2", "k3"), plausible_decision("d2", "k3", "k4")][n]
            for n in order
        ]
    ).map(list)
)


@given(
    anything
    | st.fixed_dictionaries(
        {"facts": st.lists(plausible_facts, max_size=3) | anything | st.lists(facts, max_size=3)}
    )
)
def test_facts_are_read_or_refused(answer: Any) -> None:
    with contextlib.suppress(BackendAnswerError):
        for draft in drafts_of(answer, NEW, BEFORE):
            assert set(draft.sources) & {"a", "b"}
            assert draft.statement == draft.statement.strip() != ""
            assert draft.at in {NEW[0].at, NEW[1].at}
            start, end = draft.valid_from, draft.valid_until
            assert start is None or end is None or start < end
            for each in (start, end, draft.begins_by):
                assert each is None or each.utcoffset() is not None
            weigh(draft, KNOWN)


@given(
    anything
    | st.fixed_dictionaries({"verdicts": plausible_decisions | anything | st.lists(decisions)})
)
def test_verdicts_are_read_or_refused(answer: Any) -> None:
    with contextlib.suppress(BackendAnswerError):
        verdicts = verdicts_of(answer, DOUBTS)
        assert [verdict.draft.statement for verdict in verdicts] == ["One.", "Two."]
        for verdict, doubt in zip(verdicts, DOUBTS, strict=True):
            assert all(fact in doubt.candidates for fact in verdict.known)
            assert bool(verdict.known) == (verdict.action in {"confirm", "supersede"})
            assert (verdict.ending is not None) == (verdict.action == "supersede")
            assert (verdict.until is not None) == (verdict.ending == "ended")


moments = st.sampled_from([f"20{year}-0{month}-03" for year in range(20, 24) for month in (1, 6)])
starts = st.none() | moments
roles = st.sampled_from(["user", "assistant", "system", "tool"])


@given(
    st.sampled_from(["states", "ends", "corrects"]),
    st.tuples(starts, starts, moments, st.booleans(), roles),
    st.lists(st.tuples(starts, starts, moments, st.booleans(), roles), max_size=4),
)
def test_nothing_ends_before_it_begins(
    change: Any, draft: tuple[Any, ...], rivals: list[tuple[Any, ...]]
) -> None:
    def is_period(since: str | None, until: str | None) -> bool:
        return since is None or until is None or since < until

    def attribute(named: bool) -> str | None:
        return "maria: home" if named else None

    since, until, at, named, role = draft
    until = until if is_period(since, until) else None
    begins_by = time(f"{int(since[:4]) + 1}-01-01") if since and since.endswith("01-03") else None
    new = told(
        "Maria is here.",
        change=change,
        since=since,
        until=until,
        at=at,
        attribute=attribute(named),
        begins_by=begins_by,
        stated_by=role,
    )
    facts_known = [
        known(
            f"Maria is {n}.",
            since=first,
            until=last if is_period(first, last) else None,
            at=stated,
            attribute=attribute(with_attribute),
            stated_by=by,
        )
        for n, (first, last, stated, with_attribute, by) in enumerate(rivals)
    ]
    found = weigh(new, facts_known)
    if isinstance(found, Doubt):
        ids_of = {fact.id: f"k{n}" for n, fact in enumerate(found.candidates, 1)}
        all_of_them = [{"draft": "d1", "action": "supersede", "known": list(ids_of.values())}]
        (found,) = verdicts_of({"verdicts": all_of_them}, [found])
    start, end = found.draft.valid_from, found.draft.valid_until
    assert start is None or end is None or start < end
    order = ["user", "assistant", "system", "tool"]
    for fact in found.known:
        assert order.index(role) <= order.index(fact.stated_by or "user")
        if found.until is not None:
            since_when = begin(fact)
            assert since_when is None or since_when < found.until
            assert fact.valid_until is None or found.until < fact.valid_until
