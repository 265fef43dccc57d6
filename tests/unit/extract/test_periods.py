"""When something began, and what was over by then."""

import pytest

from remanence.extract.periods import apart, begin, is_ahead, reach
from tests.unit.extract.records import known, time, told


@pytest.mark.parametrize(
    ("since", "until", "began"),
    [
        ("2020-01-01", None, "2020-01-01"),
        ("2020-01-01", "2022-01-01", "2020-01-01"),
        ("2030-01-01", None, "2030-01-01"),
        (None, None, "2024-01-10"),
        (None, "2030-01-01", "2024-01-10"),
        (None, "2022-01-01", None),
        (None, "2024-01-10", None),
    ],
)
def test_what_tells_no_beginning_began_when_it_was_said_unless_it_was_over(
    since: str | None, until: str | None, began: str | None
) -> None:
    fact = known("Maria sings.", since=since, until=until, at="2024-01-10")
    assert begin(fact) == (time(began) if began else None)


@pytest.mark.parametrize(
    ("one", "other", "are_apart"),
    [
        (("2020-01-01", "2022-01-01"), ("2022-01-01", None), True),
        (("2020-01-01", "2022-01-02"), ("2022-01-01", None), False),
        (("2020-01-01", None), ("2022-01-01", None), False),
        ((None, "2022-01-01"), ("2022-01-01", None), True),
        ((None, "2022-01-01"), (None, "2021-01-01"), False),
    ],
)
def test_what_was_over_when_the_other_began_is_apart(
    one: tuple[str | None, str | None], other: tuple[str | None, str | None], are_apart: bool
) -> None:
    facts = [known(f"{since}", since=since, until=until) for since, until in (one, other)]
    assert apart(*facts) is apart(*reversed(facts)) is are_apart


def test_what_began_later_and_was_stated_later_is_ahead() -> None:
    draft = told("Maria sings.", since="2020-01-01", at="2023-01-01")
    assert is_ahead(known("Maria swims.", since="2020-01-02", at="2023-01-02"), draft)
    assert not is_ahead(known("Maria swims.", since="2020-01-01", at="2023-01-02"), draft)
    assert not is_ahead(known("Maria swims.", since="2020-01-02", at="2023-01-01"), draft)
    past = told("Maria sang.", until="2020-01-01", at="2023-01-01")
    assert is_ahead(known("Maria swims.", since="2019-01-01", at="2023-01-02"), past)


def test_in_may_reaches_to_its_end_or_to_when_it_was_said() -> None:
    june = time("2024-06-01")
    soon = told("Maria moved.", since="2024-05-01", begins_by=june, at="2024-05-20")
    late = told("Maria moved.", since="2024-05-01", begins_by=june, at="2024-07-20")
    assert reach(soon) == time("2024-05-20")
    assert reach(late) == june
    assert reach(told("Maria moved.", since="2024-05-01")) is None
