"""What was told twice at once."""

from remanence.extract.reconcile import merged
from tests.unit.extract.records import time, told


def test_the_same_statement_twice_is_one_draft_with_all_its_sources() -> None:
    one = told("Maria lives in Berlin.", sources=("a", "b"), confidence=0.5, at="2024-05-01")
    other = told("maria lives in Berlin", sources=("b", "c"), confidence=0.8, at="2024-05-02")
    (only,) = merged([one, other])
    assert only.statement == "Maria lives in Berlin."
    assert only.sources == ("a", "b", "c")
    assert (only.confidence, only.at) == (0.8, time("2024-05-02"))


def test_it_has_what_either_of_them_tells() -> None:
    one = told("Maria lives in Berlin.")
    other = told(
        "Maria lives in Berlin.",
        attribute="maria: home city",
        since="2020-01-01",
        begins_by=time("2021-01-01"),
        change="corrects",
    )
    (only,) = merged([one, other])
    assert only == other


def test_drafts_stay_in_their_order() -> None:
    drafts = [told(text) for text in ("Maria sings.", "Rui sings.", "Maria sings", "Eva sings.")]
    assert [draft.statement for draft in merged(drafts)] == [
        "Maria sings.",
        "Rui sings.",
        "Eva sings.",
    ]
    assert merged([]) == []


def test_who_is_trusted_less_neither_changes_it_nor_lowers_its_trust() -> None:
    page = told(
        "Maria lives in Berlin.",
        sources=("page",),
        stated_by="tool",
        confidence=1.0,
        change="corrects",
        at="2024-05-21",
    )
    own = told("Maria lives in Berlin.", sources=("own",))
    (only,) = merged([page, own])
    assert (only.sources, only.stated_by, only.repeated_by) == (("own",), "user", (("page",),))
    assert (only.confidence, only.change, only.at) == (own.confidence, "states", own.at)


def test_what_happened_at_two_times_is_not_the_same() -> None:
    runs = [
        told("Maria ran a marathon.", kind="event", since=day)
        for day in ("2022-04-01", "2024-04-01")
    ]
    assert merged(runs) == runs
