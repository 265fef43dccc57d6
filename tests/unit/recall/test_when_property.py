"""What holds for any text, at any time, anywhere."""

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from remanence.recall.when import named_time
from remanence.recall.when.lexicon import WESTERN, eastern, western

ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "Asia/Shanghai", "America/Sao_Paulo", "Pacific/Apia")
]
NOW = dt.datetime(2023, 9, 13, 15, 30, tzinfo=ZONES[1])

phrases = sorted(
    {" ".join(p) for name in WESTERN for known in western(name).phrases.values() for p, _ in known}
    | set(eastern().phrases)
)
pieces = st.one_of(
    st.sampled_from(phrases),
    st.integers(0, 40).map(str),
    st.integers(1890, 2110).map(str),
    st.sampled_from(["the", "of", "last", "before", "-", ",", ".", "'s", "年", "月", "日", "第"]),
    st.text(max_size=6),
)
nearby = st.datetimes(
    dt.datetime(1960, 1, 1),  # noqa: DTZ001 - the zone is drawn apart
    dt.datetime(2060, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from(ZONES),
)
nows = st.one_of(
    nearby,
    st.datetimes(
        dt.datetime(1, 1, 3),  # noqa: DTZ001
        dt.datetime(9999, 12, 29),  # noqa: DTZ001
        timezones=st.just(ZONES[0]),
    ),
)
texts = st.one_of(
    st.text(),
    st.lists(pieces, max_size=12).map(" ".join),
    st.lists(pieces, max_size=12).map("".join),
)


@settings(deadline=None)  # the first feast of the moon loads its calendar
@given(texts, nows)
def test_a_span_starts_before_it_ends_in_the_asker_s_zone(text: str, now: dt.datetime) -> None:
    span = named_time(text, now=now)
    if span is None:
        return
    assert span.start is not None or span.end is not None
    for moment in (span.start, span.end):
        assert moment is None or moment.tzinfo is now.tzinfo
    assert span.start is None or span.end is None or span.start < span.end


NAMED = st.sampled_from(
    [
        "last weekend",
        "in May 2023",
        "on 7 May",
        "three days ago",
        "since March",
        "before 2020",
        "at Christmas",
        "in the first week of August",
        "between March and May",
        "上个月",
        "2023年5月",
    ]
)
TRAILING = st.sampled_from(
    [
        ", please",
        " that we spoke of",
        "? I forgot",
        ". Tell me about the painting",
        "? Thanks!",
        " when we met Nora",
        "，谢谢",
        "？我忘了",
    ]
)
LEADING = st.sampled_from(["", "Tell me: ", "What did Nora paint ", "你知道吗，", "(", "So, "])


@given(LEADING, NAMED, TRAILING)
def test_words_around_a_time_do_not_change_it(leading: str, named: str, trailing: str) -> None:
    alone = named_time(named, now=NOW)
    assert alone is not None
    assert named_time(leading + named + trailing, now=NOW) == alone


@given(st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)), nearby)
def test_a_written_date_is_that_day_whenever_it_is_asked_for(
    day: dt.date, now: dt.datetime
) -> None:
    month = f"{day:%B}"
    for text in (
        day.isoformat(),
        f"on {day.day} {month} {day.year}",
        f"on {month} {day.day}, {day.year}",
        f"{day.year}年{day.month}月{day.day}日",
    ):
        span = named_time(text, now=now)
        assert span is not None
        assert span.start is not None
        assert span.end is not None
        assert (span.start.date(), span.end.date()) == (day, day + dt.timedelta(days=1))


@given(st.integers(2, 60), nearby)
def test_days_ago_are_counted_back_from_today(count: int, now: dt.datetime) -> None:
    for text in (f"{count} days ago", f"{count}天前", f"vor {count} Tagen", f"hace {count} días"):
        span = named_time(text, now=now)
        assert span is not None
        assert span.start is not None
        assert span.start.date() == now.date() - dt.timedelta(days=count)


@given(
    st.sampled_from(["in May", "on 29 February", "at Christmas", "in the summer", "5月"]), nearby
)
def test_what_is_said_without_a_year_has_begun(text: str, now: dt.datetime) -> None:
    span = named_time(text, now=now)
    assert span is not None
    assert span.start is not None
    assert span.start <= now
    assert now - span.start < dt.timedelta(days=366 * 4 + 2)
