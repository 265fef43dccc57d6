import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.extract.dates import stretch_of

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timedelta(minutes=minutes))
days = st.dates(dt.date(2, 1, 1), dt.date(9998, 12, 31))
UTC = dt.timedelta()
WEST = dt.timedelta(hours=-8)


@pytest.mark.parametrize(
    ("date", "start", "end"),
    [
        ("2024", "2024-01-01T00:00-08:00", "2025-01-01T00:00-08:00"),
        ("2024-05", "2024-05-01T00:00-08:00", "2024-06-01T00:00-08:00"),
        ("2024-12", "2024-12-01T00:00-08:00", "2025-01-01T00:00-08:00"),
        ("2024-02", "2024-02-01T00:00-08:00", "2024-03-01T00:00-08:00"),
        ("2024-02-29", "2024-02-29T00:00-08:00", "2024-03-01T00:00-08:00"),
        ("2024-12-31", "2024-12-31T00:00-08:00", "2025-01-01T00:00-08:00"),
        ("2024-05-03T14:30", "2024-05-03T14:30-08:00", "2024-05-03T14:30-08:00"),
        ("2024-05-03 14:30:10", "2024-05-03T14:30:10-08:00", "2024-05-03T14:30:10-08:00"),
        ("2024-05-03T14:30Z", "2024-05-03T14:30+00:00", "2024-05-03T14:30+00:00"),
        ("2024-05-03t14:30z", "2024-05-03T14:30+00:00", "2024-05-03T14:30+00:00"),
        ("2024-05-03T14:30+0530", "2024-05-03T14:30+05:30", "2024-05-03T14:30+05:30"),
        ("2024-05-03T14:30 +05:30", "2024-05-03T14:30+05:30", "2024-05-03T14:30+05:30"),
    ],
)
def test_a_date_is_where_it_was_said(date: str, start: str, end: str) -> None:
    stretch = stretch_of(date, WEST)
    assert stretch is not None
    assert [time.isoformat() for time in stretch] == [
        dt.datetime.fromisoformat(time).isoformat() for time in (start, end)
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("", "May", "yesterday", "2024-13", "2024-00", "2024-5", "2023-02-29", "2024-04-31"),
        *("24", "0000", "0001", "9999", "9999-12-31", "2024-05-03T", "2024-05-03T25:00"),
        *("2024-05-03T14:30+99:99", "2024/05/03", "03.05.2024", "2024-W18", "20240503", "２０２４"),
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    assert stretch_of(text, UTC) is None


@given(days, offsets)
def test_a_day_lasts_24_hours_and_lies_in_its_month_and_year(
    day: dt.date, offset: dt.timedelta
) -> None:
    text = day.isoformat()
    whole, month, year = (stretch_of(text[:length], offset) for length in (10, 7, 4))
    assert whole is not None
    assert month is not None
    assert year is not None
    assert whole[1] - whole[0] == dt.timedelta(days=1)
    assert year[0] <= month[0] <= whole[0] < whole[1] <= month[1] <= year[1]
    assert whole[0].date() == day
    assert {time.utcoffset() for each in (whole, month, year) for time in each} == {offset}


@given(days, offsets)
def test_the_end_of_a_day_is_the_start_of_the_next(day: dt.date, offset: dt.timedelta) -> None:
    today = stretch_of(day.isoformat(), offset)
    tomorrow = stretch_of((day + dt.timedelta(days=1)).isoformat(), offset)
    assert today is not None
    assert tomorrow is None or today[1] == tomorrow[0]


@given(st.text(), offsets)
def test_no_text_is_an_error(text: str, offset: dt.timedelta) -> None:
    stretch_of(text, offset)
