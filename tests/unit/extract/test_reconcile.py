"""What becomes of a draft where no model has to be asked."""

import dataclasses
from typing import Any

import pytest

from remanence.extract.reconcile import Doubt, Verdict, weigh
from remanence.types import Ending, Fact, Role
from tests.unit.extract.records import known, time, told

HOME = "maria: home city"
BERLIN = known("Maria lives in Berlin.", since="2020-01-01", attribute=HOME, stated_by="user")
BANK = known("Maria works for a bank.", attribute="maria: employer", stated_by="user")
CAT = known("Rui's cat is called Mia.")
PEKING = known("玛丽住在北京。", since="2020-01-01", attribute="玛丽: 居住城市", stated_by="user")


def verdict(found: Verdict | Doubt) -> Verdict:
    assert isinstance(found, Verdict)
    return found


def doubt(found: Verdict | Doubt) -> tuple[Fact, ...]:
    assert isinstance(found, Doubt)
    return found.candidates


def superseded(found: Verdict | Doubt) -> tuple[tuple[Fact, ...], Ending | None, object]:
    """What was superseded, how it ended, and when."""
    settled = verdict(found)
    assert settled.action == "supersede"
    return settled.known, settled.ending, settled.until


# --- the same statement -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "fact"),
    [
        ("maria lives in  Berlin", BERLIN),
        ("玛丽住在北京", PEKING),
        ("MARIA WORKS FOR A BANK!", BANK),
    ],
)
def test_the_same_statement_is_confirmed(statement: str, fact: Fact) -> None:
    settled = verdict(weigh(told(statement), [PEKING, BANK, BERLIN]))
    assert (settled.action, settled.known) == ("confirm", (fact,))


def test_the_most_trusted_of_several_is_confirmed() -> None:
    page = known("Maria lives in Berlin", id="page", stated_by="tool")
    assert verdict(weigh(told("Maria lives in Berlin."), [page, BERLIN])).known == (BERLIN,)


def test_what_was_superseded_is_not_confirmed() -> None:
    old = dataclasses.replace(BERLIN, superseded_at=time("2023-01-01"), ending="ended")
    assert verdict(weigh(told("Maria lives in Berlin."), [old])).action == "add"


def test_what_was_over_by_then_is_not_confirmed() -> None:
    old = dataclasses.replace(BERLIN, valid_until=time("2022-01-01"))
    assert verdict(weigh(told("Maria lives in Berlin."), [old])).action == "add"


@pytest.mark.parametrize("change", ["ends", "corrects"])
def test_the_words_of_what_ended_are_no_confirmation(change: Any) -> None:
    assert doubt(weigh(told("Maria lives in Berlin.", change=change), [BERLIN])) == (BERLIN,)


def test_what_happened_twice_is_two_things() -> None:
    first = known("Maria ran a marathon.", since="2022-04-01", kind="event")
    again = told("Maria ran a marathon.", since="2024-04-01", kind="event")
    assert doubt(weigh(again, [first])) == (first,)
    same = told("Maria ran a marathon.", since="2022-04-01", kind="event")
    assert verdict(weigh(same, [first])).action == "confirm"


# --- another value of an attribute --------------------------------------------------------------


def test_moving_ends_the_old_home_and_nothing_else() -> None:
    moved = told("Maria lives in Lisbon.", since="2024-05-01", attribute=HOME)
    assert superseded(weigh(moved, [BANK, BERLIN])) == ((BERLIN,), "ended", time("2024-05-01"))


def test_moving_ends_the_old_home_in_chinese() -> None:
    moved = told("玛丽住在杭州。", since="2024-05-01", attribute="玛丽的居住城市")
    assert superseded(weigh(moved, [PEKING])) == ((PEKING,), "ended", time("2024-05-01"))


def test_without_a_date_the_old_one_ends_when_the_new_one_was_stated() -> None:
    moved = told("Maria lives in Lisbon.", at="2024-05-20 12:00", attribute=HOME)
    assert superseded(weigh(moved, [BERLIN]))[2] == time("2024-05-20 12:00")


def test_the_verdict_keeps_the_draft_as_it_is() -> None:
    moved = told("Maria lives in Lisbon.", since="2024-05-01", attribute=HOME)
    assert verdict(weigh(moved, [BERLIN])).draft == moved


def test_what_is_stated_of_an_earlier_time_ends_when_the_known_one_began() -> None:
    before = told("Maria lives in Rome.", since="2015-01-01", attribute=HOME)
    settled = verdict(weigh(before, [BERLIN]))
    assert (settled.action, settled.known) == ("add", ())
    assert settled.draft.valid_until == time("2020-01-01")


def test_what_ended_before_the_known_one_began_keeps_its_own_end() -> None:
    before = told("Maria lives in Rome.", since="2015-01-01", until="2018-01-01", attribute=HOME)
    settled = verdict(weigh(before, [BERLIN]))
    assert (settled.action, settled.draft) == ("add", before)


def test_an_old_message_read_late_does_not_end_what_came_after() -> None:
    now = known("Maria lives in Berlin.", at="2024-01-10", attribute=HOME)
    old = told("Maria lives in Rome.", at="2021-03-01", attribute=HOME)
    settled = verdict(weigh(old, [now]))
    assert (settled.action, settled.draft.valid_until) == ("add", time("2024-01-10"))


def test_a_home_between_two_others_ends_the_first_and_is_ended_by_the_second() -> None:
    lisbon = known("Maria lives in Lisbon.", since="2023-01-01", attribute=HOME)
    between = told("Maria lives in Rome.", since="2021-01-01", attribute=HOME)
    porto = dataclasses.replace(lisbon, id="porto", valid_from=time("2024-01-01"))
    settled = weigh(between, [porto, lisbon, BERLIN])
    assert superseded(settled) == ((BERLIN,), "ended", time("2021-01-01"))
    assert verdict(settled).draft.valid_until == time("2023-01-01")


def test_two_values_since_the_same_time_are_a_doubt() -> None:
    other = told("Maria lives in Lisbon.", since="2020-01-01", attribute=HOME)
    assert doubt(weigh(other, [CAT, BERLIN])) == (BERLIN,)


def test_a_new_value_since_before_the_old_one_was_stated_is_a_doubt() -> None:
    """She said in March that she lives in Berlin, and in May that she left it in January."""
    berlin = known("Maria lives in Berlin.", at="2024-03-10", attribute=HOME)
    lisbon = told("Maria lives in Lisbon.", since="2024-01-01", at="2024-05-20", attribute=HOME)
    assert doubt(weigh(lisbon, [berlin])) == (berlin,)


def test_in_may_may_be_after_the_third_of_may() -> None:
    """She lives in Berlin, she said on the third, and moved in May, she said on the twentieth."""
    berlin = known("Maria lives in Berlin.", at="2024-05-03 10:00", attribute=HOME)
    lisbon = told(
        "Maria lives in Lisbon.",
        since="2024-05-01",
        begins_by=time("2024-06-01"),
        at="2024-05-20 18:00",
        attribute=HOME,
    )
    assert superseded(weigh(lisbon, [berlin])) == ((berlin,), "ended", time("2024-05-20 18:00"))


def test_today_may_be_after_this_morning() -> None:
    acme = known("Maria works at Acme.", at="2024-05-20 10:00", attribute="maria: employer")
    out = told(
        "Maria no longer has a job.",
        change="ends",
        since="2024-05-20",
        begins_by=time("2024-05-21"),
        at="2024-05-20 18:00",
        attribute="maria: employer",
    )
    assert superseded(weigh(out, [acme])) == ((acme,), "ended", time("2024-05-20 18:00"))


def test_a_stay_that_is_over_does_not_tell_what_is_so_now() -> None:
    stay = told("Maria lives in Rome.", since="2024-01-01", until="2024-03-01", attribute=HOME)
    assert doubt(weigh(stay, [BERLIN])) == (BERLIN,)


def test_a_stay_that_reaches_into_the_known_one_is_a_doubt() -> None:
    stay = told("Maria lives in Rome.", since="2015-01-01", until="2022-01-01", attribute=HOME)
    assert doubt(weigh(stay, [BERLIN])) == (BERLIN,)


def test_which_came_first_in_may_is_a_doubt() -> None:
    berlin = known("Maria lives in Berlin.", since="2024-05-03", at="2024-05-04", attribute=HOME)
    may = time("2024-06-01")
    lisbon = told("Maria lives in Lisbon.", since="2024-05-01", begins_by=may, attribute=HOME)
    assert doubt(weigh(lisbon, [berlin])) == (berlin,)


def test_a_past_without_a_beginning_that_reaches_into_the_known_one_is_a_doubt() -> None:
    past = told("Maria lived in Rome.", until="2022-01-01", attribute=HOME)
    assert doubt(weigh(past, [BERLIN])) == (BERLIN,)


def test_the_same_value_told_more_exactly_is_a_doubt() -> None:
    closer = told("Maria lives in Berlin with her brother.", attribute=HOME)
    assert doubt(weigh(closer, [BERLIN])) == (BERLIN,)


def test_a_move_that_is_planned_ends_the_old_home_then() -> None:
    moving = told("Maria lives in Lisbon.", since="2024-09-01", attribute=HOME)
    assert superseded(weigh(moving, [BERLIN]))[2] == time("2024-09-01")


# --- what ended, and what never was -------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "attribute", "fact"),
    [
        ("Maria no longer lives in Berlin.", HOME, BERLIN),
        ("玛丽不再住在北京。", "玛丽: 居住城市", PEKING),
    ],
)
def test_what_is_said_to_have_ended_ends(statement: str, attribute: str, fact: Fact) -> None:
    over = told(statement, change="ends", since="2024-05-01", attribute=attribute)
    assert superseded(weigh(over, [fact, BANK])) == ((fact,), "ended", time("2024-05-01"))


@pytest.mark.parametrize(
    ("statement", "attribute", "fact"),
    [
        ("Maria never lived in Berlin.", HOME, BERLIN),
        ("玛丽从来没有住在北京。", "玛丽: 居住城市", PEKING),
    ],
)
def test_what_is_said_never_to_have_been_never_was(
    statement: str, attribute: str, fact: Fact
) -> None:
    never = told(statement, change="corrects", attribute=attribute)
    assert superseded(weigh(never, [fact, BANK])) == ((fact,), "corrected", None)


def test_what_ended_before_it_is_known_to_have_begun_never_was() -> None:
    over = told("Maria lives nowhere.", change="ends", since="2019-01-01", attribute=HOME)
    assert superseded(weigh(over, [BERLIN])) == ((BERLIN,), "corrected", None)


def test_an_old_message_does_not_take_back_what_was_said_since() -> None:
    now = known("Maria lives in Berlin.", at="2024-01-10", attribute=HOME)
    for change in ("ends", "corrects"):
        old = told("Maria has no home.", change=change, at="2021-03-01", attribute=HOME)
        assert verdict(weigh(old, [now])).action == "add"


def test_which_of_two_ended_is_a_doubt() -> None:
    page = known("Maria lives in Porto.", since="2021-01-01", attribute=HOME, stated_by="tool")
    over = told("Maria has no home any more.", change="ends", attribute=HOME)
    assert doubt(weigh(over, [BERLIN, page])) == (BERLIN, page)


@pytest.mark.parametrize("change", ["ends", "corrects"])
def test_without_the_same_attribute_it_is_a_doubt(change: Any) -> None:
    over = told("Maria doesn't live in Berlin.", change=change)
    assert doubt(weigh(over, [BERLIN, CAT])) == (BERLIN,)


@pytest.mark.parametrize("change", ["ends", "corrects"])
def test_what_nobody_knew_of_is_added(change: Any) -> None:
    over = told("Rui sold his old boat.", change=change)
    assert verdict(weigh(over, [BERLIN, BANK])).action == "add"
    assert verdict(weigh(over, [])).action == "add"


def test_what_is_over_can_still_be_said_never_to_have_been() -> None:
    rome = known("Maria lived in Rome.", since="2010-01-01", until="2012-01-01")
    never = told("Maria never lived in Rome.", change="corrects")
    assert doubt(weigh(never, [rome])) == (rome,)


# --- trust --------------------------------------------------------------------------------------

ROLES: list[Role] = ["user", "assistant", "system", "tool"]


@pytest.mark.parametrize("change", ["states", "ends", "corrects"])
@pytest.mark.parametrize("mine", ROLES)
@pytest.mark.parametrize("theirs", [*ROLES, None])
def test_nothing_takes_the_place_of_what_is_trusted_more(
    mine: Role, theirs: Role | None, change: Any
) -> None:
    draft = told("Maria lives in Lisbon.", change=change, attribute=HOME, stated_by=mine)
    settled = verdict(weigh(draft, [dataclasses.replace(BERLIN, stated_by=theirs)]))
    may = ROLES.index(mine) <= ROLES.index(theirs or "user")
    assert settled.action == ("supersede" if may else "add")
    assert settled.draft == draft


def test_what_is_trusted_less_gives_no_end() -> None:
    page = known("Maria lives in Porto.", since="2023-01-01", attribute=HOME, stated_by="tool")
    settled = weigh(
        told("Maria lives in Rome.", since="2021-01-01", attribute=HOME), [page, BERLIN]
    )
    assert superseded(settled) == ((BERLIN,), "ended", time("2021-01-01"))
    assert verdict(settled).draft.valid_until is None


# --- the rest -----------------------------------------------------------------------------------


def test_what_a_model_is_hardly_sure_of_is_ignored() -> None:
    assert (
        verdict(weigh(told("Maria lives in Berlin.", confidence=0.19), [BERLIN])).action == "ignore"
    )
    assert (
        verdict(weigh(told("Maria lives in Berlin.", confidence=0.2), [BERLIN])).action == "confirm"
    )


def test_what_has_nothing_in_common_with_what_is_known_is_added() -> None:
    assert verdict(weigh(told("Rui likes tea."), [BERLIN, BANK, PEKING])).action == "add"
    assert verdict(weigh(told("阿瑞喜欢喝茶。"), [PEKING])).action == "add"


def test_what_has_words_in_common_is_a_doubt_about_these() -> None:
    assert doubt(weigh(told("Maria has a flat in Berlin."), [CAT, BERLIN])) == (BERLIN,)
    assert doubt(weigh(told("玛丽在北京有房子。"), [PEKING, BERLIN])) == (PEKING,)
