"""What a model's answer about doubts becomes."""

import dataclasses
from typing import Any

import pytest

from remanence.errors import BackendAnswerError
from remanence.extract.reconcile import Doubt, Verdict, verdicts_of
from remanence.types import Role
from tests.unit.extract.records import known, time, told

BERLIN = known("Maria lives in Berlin.", since="2020-01-01", stated_by="user")
BANK = known("Maria works for a bank.", since="2019-01-01", stated_by="user")
TEA = known("Maria likes tea.", stated_by="user")
MOVED = told("Maria moved to Lisbon.", since="2024-05-01")
COFFEE = told("Maria likes coffee.")
DOUBTS = [Doubt(MOVED, (BERLIN, BANK)), Doubt(COFFEE, (TEA, BERLIN))]  # k1 and k2; k3 and k1


def answer(action: str, *ids: str, draft: str = "d1") -> dict[str, Any]:
    return {"draft": draft, "action": action, "known": list(ids)}


def decided(action: str, *ids: str, doubt: Doubt = DOUBTS[0]) -> Verdict:
    (only,) = verdicts_of({"verdicts": [answer(action, *ids)]}, [doubt])
    return only


def problem(found: object) -> str:
    with pytest.raises(BackendAnswerError) as caught:
        verdicts_of(found, DOUBTS)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_verdicts_come_in_the_order_of_the_doubts() -> None:
    told_verdicts = [answer("add", draft="d2"), answer("supersede", "k1")]
    moved, coffee = verdicts_of({"verdicts": told_verdicts}, DOUBTS)
    assert (moved.draft, moved.action, moved.known) == (MOVED, "supersede", (BERLIN,))
    assert (coffee.draft, coffee.action, coffee.known) == (COFFEE, "add", ())


def test_what_is_superseded_ends_when_the_draft_begins() -> None:
    settled = decided("supersede", "k1")
    assert (settled.ending, settled.until) == ("ended", time("2024-05-01"))


def test_what_is_corrected_never_was() -> None:
    settled = decided("correct", "k1", "k2")
    assert settled.action == "supersede"
    assert (settled.known, settled.ending, settled.until) == ((BERLIN, BANK), "corrected", None)


def test_a_draft_of_a_time_before_the_known_one_corrects_it() -> None:
    before = dataclasses.replace(MOVED, valid_from=time("2018-01-01"))
    settled = decided("supersede", "k1", doubt=Doubt(before, (BERLIN,)))
    assert (settled.ending, settled.until) == ("corrected", None)


def test_an_older_message_never_ends_what_was_said_after_it() -> None:
    old = told("Maria moved to Rome.", at="2015-03-01")
    settled = decided("supersede", "k1", doubt=Doubt(old, (BERLIN,)))
    assert (settled.action, settled.known) == ("add", ())
    assert settled.draft.valid_until == time("2020-01-01")


def test_of_several_those_end_that_began_before() -> None:
    between = dataclasses.replace(MOVED, valid_from=time("2019-06-01"))
    settled = decided("supersede", "k1", "k2", doubt=Doubt(between, (BERLIN, BANK)))
    assert (settled.known, settled.until) == ((BANK,), time("2019-06-01"))


def test_what_was_over_by_then_keeps_its_end() -> None:
    over = dataclasses.replace(BERLIN, valid_until=time("2022-01-01"))
    settled = decided("supersede", "k1", doubt=Doubt(MOVED, (over,)))
    assert (settled.action, settled.known) == ("add", ())


def test_more_sources_for_what_is_known() -> None:
    settled = decided("confirm", "k2")
    assert (settled.action, settled.known, settled.ending) == ("confirm", (BANK,), None)


def test_what_is_known_already_is_ignored() -> None:
    assert decided("ignore").action == "ignore"


ROLES: list[Role] = ["user", "assistant", "system", "tool"]


@pytest.mark.parametrize("action", ["supersede", "correct"])
@pytest.mark.parametrize("mine", ROLES)
@pytest.mark.parametrize("theirs", [*ROLES, None])
def test_a_model_can_t_put_little_trust_above_more(
    mine: Role, theirs: Role | None, action: str
) -> None:
    doubt = Doubt(
        dataclasses.replace(MOVED, stated_by=mine),
        (dataclasses.replace(BERLIN, stated_by=theirs),),
    )
    settled = decided(action, "k1", doubt=doubt)
    may = ROLES.index(mine) <= ROLES.index(theirs or "user")
    assert settled.action == ("supersede" if may else "add")
    assert len(settled.known) == may


def test_of_several_only_those_go_that_are_trusted_no_more() -> None:
    page = dataclasses.replace(BANK, stated_by="tool")
    doubt = Doubt(dataclasses.replace(MOVED, stated_by="assistant"), (BERLIN, page))
    assert decided("supersede", "k1", "k2", doubt=doubt).known == (page,)


@pytest.mark.parametrize(
    "harmless",
    [
        {"draft": " D1", "action": "Confirm ", "known": ["K1", "k1"]},
        {"draft": "d1", "action": "confirm", "known": "k1"},
        {"draft": "d1", "action": "confirm", "known": ["k1"], "why": "the same"},
    ],
)
def test_what_does_no_harm_is_let_pass(harmless: dict[str, Any]) -> None:
    (only,) = verdicts_of({"verdicts": [harmless]}, DOUBTS[:1])
    assert (only.action, only.known) == ("confirm", (BERLIN,))


@pytest.mark.parametrize("harmless", [{}, {"known": None}, {"known": ["k9"]}, {"known": "none"}])
def test_what_is_added_needs_nothing_known(harmless: dict[str, Any]) -> None:
    (only,) = verdicts_of({"verdicts": [{"draft": "d1", "action": "add", **harmless}]}, DOUBTS[:1])
    assert (only.action, only.known) == ("add", ())


def test_no_doubts_need_no_verdicts() -> None:
    assert verdicts_of({"verdicts": []}, []) == []


BOTH = [answer("add"), answer("add", draft="d2")]


@pytest.mark.parametrize(
    ("found", "place"),
    [
        (None, "the answer"),
        (BOTH, "the answer"),
        ({}, "verdicts"),
        ({"verdicts": None}, "verdicts"),
        ({"verdicts": []}, "verdicts"),
        ({"verdicts": BOTH[:1]}, "verdicts"),
        ({"verdicts": [*BOTH, BOTH[0]]}, "verdicts[2].draft"),
        ({"verdicts": [*BOTH, answer("add", draft="d3")]}, "verdicts[2].draft"),
        ({"verdicts": [*BOTH, answer("add", draft="SECRET")]}, "verdicts[2].draft"),
        ({"verdicts": [BOTH[0], {"draft": "d2"}]}, "verdicts[1].action"),
        ({"verdicts": [BOTH[0], answer("SECRET", draft="d2")]}, "verdicts[1].action"),
        ({"verdicts": [BOTH[0], answer("confirm", draft="d2")]}, "verdicts[1].known"),
        ({"verdicts": [BOTH[0], answer("supersede", draft="d2")]}, "verdicts[1].known"),
        ({"verdicts": [BOTH[0], answer("correct", draft="d2")]}, "verdicts[1].known"),
        ({"verdicts": [BOTH[0], answer("confirm", "k2", draft="d2")]}, "verdicts[1].known[0]"),
        ({"verdicts": [BOTH[0], answer("confirm", "SECRET", draft="d2")]}, "verdicts[1].known[0]"),
    ],
)
def test_an_answer_that_leaves_something_open_is_refused(found: object, place: str) -> None:
    message = problem(found)
    assert message.startswith(f"{place}: ")
    assert "SECRET" not in message


def test_a_fact_that_several_drafts_are_compared_with_has_one_id() -> None:
    both = [answer("add"), answer("confirm", "k1", draft="d2")]
    assert verdicts_of({"verdicts": both}, DOUBTS)[1].known == (BERLIN,)


def test_a_fact_that_began_within_the_month_of_the_draft_ends_by_when_it_was_stated() -> None:
    berlin = dataclasses.replace(BERLIN, at=time("2024-05-03"), valid_from=None)
    moved = dataclasses.replace(MOVED, begins_by=time("2024-06-01"))
    settled = decided("supersede", "k1", doubt=Doubt(moved, (berlin,)))
    assert (settled.ending, settled.until) == ("ended", MOVED.at)


def test_it_does_not_matter_which_fact_is_named_first() -> None:
    assert decided("supersede", "k1", "k2").known == (BERLIN, BANK)
    assert decided("supersede", "k2", "k1").known == (BANK, BERLIN)
