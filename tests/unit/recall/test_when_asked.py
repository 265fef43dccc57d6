"""How a time depends on when and how it is asked for."""

import datetime as dt
import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest

from remanence.errors import InputError
from remanence.recall.when import Span, named_time
from remanence.recall.when.feasts import feast, feast_names
from remanence.recall.when.lexicon import WESTERN, eastern, western

BERLIN = ZoneInfo("Europe/Berlin")


def _days(text: str, now: str, zone: dt.tzinfo = dt.UTC) -> tuple[str, str]:
    span = named_time(text, now=dt.datetime.fromisoformat(now).replace(tzinfo=zone))
    assert span is not None
    assert span.start is not None
    assert span.end is not None
    return f"{span.start:%Y-%m-%d}", f"{span.end:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("text", "now", "start", "end"),
    [
        ("last month", "2024-03-31T10:00", "2024-02-01", "2024-03-01"),
        ("a month ago", "2023-03-31T10:00", "2023-02-13", "2023-03-16"),
        ("last week", "2024-01-01T00:00", "2023-12-25", "2024-01-01"),
        ("last week", "2023-12-31T23:59", "2023-12-18", "2023-12-25"),
        ("yesterday", "2024-03-01T08:00", "2024-02-29", "2024-03-01"),
        ("yesterday", "2023-01-01T00:00", "2022-12-31", "2023-01-01"),
        ("a year ago", "2024-02-29T12:00", "2022-08-29", "2023-08-31"),
        ("29 February", "2023-05-01T12:00", "2020-02-29", "2020-03-01"),
        ("in Q4", "2023-05-01T12:00", "2022-10-01", "2023-01-01"),
        ("last quarter", "2023-01-15T12:00", "2022-10-01", "2023-01-01"),
        ("in December", "2023-12-01T00:00", "2023-12-01", "2024-01-01"),
        ("in December", "2023-11-30T23:59", "2022-12-01", "2023-01-01"),
        ("last summer", "2023-08-15T12:00", "2022-06-01", "2022-09-01"),
        ("this winter", "2024-01-15T12:00", "2023-12-01", "2024-03-01"),
        ("last winter", "2024-01-15T12:00", "2022-12-01", "2023-03-01"),
        ("last May", "2023-05-20T12:00", "2022-05-01", "2022-06-01"),
        ("last Christmas", "2023-12-25T12:00", "2022-12-25", "2022-12-26"),
        ("next Christmas", "2023-12-25T12:00", "2024-12-25", "2024-12-26"),
        ("at Christmas", "2023-12-25T12:00", "2023-12-25", "2023-12-26"),
        ("two weeks before Christmas", "2023-12-20T12:00", "2023-12-08", "2023-12-15"),
        ("on Wednesday", "2023-09-13T00:10", "2023-09-06", "2023-09-07"),
        ("last weekend", "2023-09-16T12:00", "2023-09-09", "2023-09-11"),
        ("over the weekend", "2023-09-16T12:00", "2023-09-16", "2023-09-18"),
        ("over the weekend", "2023-09-18T12:00", "2023-09-16", "2023-09-18"),
        ("at the end of the year", "2023-01-05T12:00", "2022-10-01", "2023-01-01"),
        ("the week of January 1, 2023", "2023-09-13T12:00", "2022-12-26", "2023-01-02"),
        ("春节", "2024-01-15T12:00", "2023-01-22", "2023-01-29"),
        ("月底", "2024-03-31T12:00", "2024-03-22", "2024-04-01"),
        ("月底", "2024-03-02T12:00", "2024-02-20", "2024-03-01"),
        ("23年前", "2023-09-13T12:00", "2000-03-14", "2001-03-16"),
    ],
)
def test_the_asker_s_now_decides(text: str, now: str, start: str, end: str) -> None:
    assert _days(text, now) == (start, end)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("What will I do in December?", "2023-12-01", "2024-01-01"),
        ("What did Will do in December?", "2022-12-01", "2023-01-01"),
        ("Am I going to be free on Friday?", "2023-09-15", "2023-09-16"),
        ("五月我将去哪里", "2024-05-01", "2024-06-01"),
    ],
)
def test_a_text_about_the_future_looks_ahead(text: str, start: str, end: str) -> None:
    assert _days(text, "2023-09-13T12:00") == (start, end)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        (
            "What was the issue last week, as mentioned on November 6, 2022?",
            "2022-11-06",
            "2022-11-07",
        ),
        ("in May 2022, since when he lives in Rome since 2010", "2022-05-01", "2022-06-01"),
        ("on 3 May 2022 and then on 9 May 2022", "2022-05-03", "2022-05-10"),
        ("In 2021, what did we eat at Easter?", "2021-04-04", "2021-04-05"),
        ("last year I was in Rome, was it in May?", "2022-05-01", "2022-06-01"),
        ("in January and March", "2023-01-01", "2023-04-01"),
    ],
)
def test_of_several_times_a_year_wins_and_the_rest_is_covered(
    text: str, start: str, end: str
) -> None:
    assert _days(text, "2023-09-13T12:00") == (start, end)


@pytest.mark.parametrize(
    ("now", "text", "hours"),
    [
        ("2023-03-27T09:00", "yesterday", 23),
        ("2023-10-30T09:00", "yesterday", 25),
        ("2023-10-31T09:00", "last month", 30 * 24),
        ("2023-11-15T09:00", "last month", 31 * 24 + 1),
    ],
)
def test_days_are_the_asker_s_across_a_change_of_clocks(now: str, text: str, hours: int) -> None:
    span = named_time(text, now=dt.datetime.fromisoformat(now).replace(tzinfo=BERLIN))
    assert span is not None
    assert span.start is not None
    assert span.end is not None
    assert span.start.tzinfo is span.end.tzinfo is BERLIN
    assert span.start.hour == span.end.hour == 0
    assert (span.end.astimezone(dt.UTC) - span.start.astimezone(dt.UTC)) == dt.timedelta(
        hours=hours
    )


def test_the_same_moment_has_another_yesterday_elsewhere() -> None:
    now = dt.datetime(2023, 9, 13, 23, 30, tzinfo=dt.UTC)
    here = named_time("yesterday", now=now)
    there = named_time("yesterday", now=now.astimezone(ZoneInfo("Asia/Shanghai")))
    assert here == Span(
        dt.datetime(2023, 9, 12, tzinfo=dt.UTC), dt.datetime(2023, 9, 13, tzinfo=dt.UTC)
    )
    assert there is not None
    assert there.start == dt.datetime(2023, 9, 12, 16, tzinfo=dt.UTC)


def test_a_now_without_a_zone_is_refused() -> None:
    with pytest.raises(InputError, match="time zone"):
        named_time("yesterday", now=dt.datetime(2023, 9, 13))  # noqa: DTZ001 - what is refused


def test_only_the_start_of_a_long_text_is_read() -> None:
    now = dt.datetime(2023, 9, 13, tzinfo=dt.UTC)
    assert named_time("x " * 900 + "yesterday", now=now) is not None
    assert named_time("x " * 1100 + "yesterday", now=now) is None


def test_every_feast_that_has_a_name_has_a_day() -> None:
    named = {
        meaning.name
        for language in WESTERN
        for phrases in western(language).phrases.values()
        for _, meaning in phrases
        if meaning.kind == "feast"
    }
    named |= {m.name for m in eastern().phrases.values() if m.kind == "feast"}
    assert named <= feast_names()
    for name in feast_names():
        for year in (2010, 2023, 2026):
            period = feast(name, year)
            assert period.start is not None
            assert period.end is not None
            assert period.start < period.end
            assert abs(period.start.year - year) <= 1


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("easter", "2024-03-31"),
        ("thanksgiving", "2023-11-23"),
        ("memorial", "2023-05-29"),
        ("black_friday", "2023-11-24"),
        ("mid_autumn", "2023-09-29"),
        ("spring_festival_eve", "2024-02-09"),
        ("lantern_festival", "2023-02-05"),
        ("dragon_boat", "2024-06-10"),
        ("diwali", "2023-11-12"),
        ("mother", "2023-05-14"),
    ],
)
def test_feasts_are_when_calendars_say(name: str, day: str) -> None:
    start = feast(name, int(day[:4])).start
    assert start is not None
    assert f"{start:%Y-%m-%d}" == day


def test_libraries_load_only_when_a_time_is_named() -> None:
    program = """
import datetime, sys
import remanence, remanence.recall.when as when
now = datetime.datetime(2023, 9, 13, tzinfo=datetime.timezone.utc)
when.named_time("What kind of painting did Nora share?", now=now)
print(sorted({"dateutil", "holidays"} & set(sys.modules)))
when.named_time("last week", now=now)
print(sorted({"dateutil", "holidays"} & set(sys.modules)))
when.named_time("春节", now=now)
print(sorted({"dateutil", "holidays"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["[]", "['dateutil']", "['dateutil', 'holidays']"]
