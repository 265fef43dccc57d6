"""What a reader gathers: in order, each once, with ids that are the same each time."""

from __future__ import annotations

import datetime as dt

import pytest

from remanence.moving.arrivals import Arrivals, Gathering, Place
from remanence.store.archive import ArchivedEpisode, ArchivedFact, ArchivedSession

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MAY = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ALICE = Place("alice", "clerk", "monday")


def gathered() -> Arrivals:
    gathering = Gathering("elsewhere", NOW)
    second = gathering.message(
        ALICE, "b", where="2", role="assistant", content="two", at=MAY + HOUR
    )
    first = gathering.message(ALICE, "a", where="1", role="user", content="one", at=MAY)
    gathering.message(Place("bob"), "a", where="3", role="user", content="his", at=MAY)
    new = gathering.id_of("alice", "new")
    gathering.statement(
        Place("alice"),
        "old",
        where="4",
        text="old",
        at=MAY - HOUR,
        sources=[str(first), str(second), str(first), "unknown"],
        superseded_at=MAY,
        superseded_by=new,
        ending="ended",
    )
    assert gathering.statement(Place("alice"), "new", where="5", text="new", at=MAY) == new
    return gathering.arrivals()


def test_it_is_told_by_user_and_in_order() -> None:
    alice, bob = gathered().users
    assert (alice.user_id, bob.user_id) == ("alice", "bob")
    assert (alice.episodes, alice.facts, bob.episodes) == (2, 2, 1)
    assert [item.number for item in alice.items] == [1, 2, 3, 4]
    one, two, old, new = alice.items
    assert isinstance(one, ArchivedEpisode)
    assert isinstance(two, ArchivedEpisode)
    assert isinstance(old, ArchivedFact)
    assert [(each.content, each.position) for each in (one, two)] == [("one", 0), ("two", 1)]
    assert [source.episode for source in old.sources] == [one.id, two.id]
    assert (old.superseded_by, old.valid_until) == (new.id, MAY)
    # Something was said in this one alone.
    assert alice.sessions == (ArchivedSession("clerk", "monday", 2),)
    assert [alice.places[item.id] for item in alice.items] == ["1", "2", "4", "5"]


def test_another_reading_finds_the_same() -> None:
    assert gathered() == gathered()


def test_ids_differ_by_source_user_and_key() -> None:
    one, other = Gathering("one", NOW), Gathering("other", NOW)
    ids = {one.id_of("a", "b"), one.id_of("a", "c"), one.id_of("b", "b"), other.id_of("a", "b")}
    assert len(ids) == 4


def test_what_is_told_twice_is_there_once() -> None:
    gathering = Gathering("elsewhere", NOW)
    for _ in range(2):
        gathering.message(ALICE, "a", where="1", role="user", content="one", at=MAY)
    (alice,) = gathering.arrivals().users
    assert len(alice.items) == 1


def test_nothing_is_recorded_later_than_it_is_read() -> None:
    gathering = Gathering("elsewhere", NOW)
    gathering.message(ALICE, "a", where="1", role="user", content="one", at=NOW + HOUR)
    ((item,),) = (each.items for each in gathering.arrivals().users)
    assert (item.at, item.recorded_at) == (NOW + HOUR, NOW)


@pytest.mark.parametrize(
    ("place", "content", "at", "why"),
    [
        (ALICE, " ", MAY, "content: is empty"),
        (ALICE, "one", MAY.replace(tzinfo=None), "at: is a datetime without a time zone"),
        (Place(""), "one", MAY, "user_id: is empty"),
        (Place("alice\ud800"), "one", MAY, "user_id: contains a lone surrogate"),
        (Place("alice", "*"), "one", MAY, "agent_id: is the wildcard"),
        (Place("alice", None, " x"), "one", MAY, "session_id: has white space"),
    ],
)
def test_what_cant_be_taken_in_is_told(
    place: Place, content: str, at: dt.datetime, why: str
) -> None:
    gathering = Gathering("elsewhere", NOW)
    assert (
        gathering.message(place, "a", where="line 3", role="user", content=content, at=at) is None
    )
    assert gathering.statement(place, "b", where="line 4", text=content, at=at) is None
    arrivals = gathering.arrivals()
    assert arrivals.users == ()
    assert [skipped.where for skipped in arrivals.skipped] == ["line 3", "line 4"]
    assert arrivals.skipped[0].why.startswith(why)


def test_an_end_has_two_halves() -> None:
    gathering = Gathering("elsewhere", NOW)
    for key, ends in (("a", {"superseded_at": MAY}), ("b", {"ending": "ended"})):
        assert gathering.statement(ALICE, key, where=key, text="x", at=MAY, **ends) is None  # pyright: ignore[reportArgumentType] - one of them
    assert all("ending" in skipped.why for skipped in gathering.arrivals().skipped)


def test_until_when_something_was_true() -> None:
    """What is known of that beforehand is kept beside what became of it."""
    gathering = Gathering("elsewhere", NOW)
    for key, until in (("a", MAY + HOUR), ("b", NOW), ("c", None)):
        gathering.statement(
            ALICE,
            key,
            where=key,
            text=key,
            at=MAY,
            valid_until=until,
            superseded_at=MAY + 2 * HOUR,
            ending="ended",
        )
    gathering.statement(ALICE, "d", where="d", text="d", at=MAY, valid_until=NOW)
    (alice,) = gathering.arrivals().users
    assert [
        (item.valid_until, item.stated_until)
        for item in alice.items
        if isinstance(item, ArchivedFact)
    ] == [
        (MAY + HOUR, MAY + HOUR),
        (MAY + 2 * HOUR, NOW),
        (MAY + 2 * HOUR, None),
        (NOW, NOW),
    ]


def test_what_was_superseded_by_something_left_out_has_ended_all_the_same() -> None:
    gathering = Gathering("elsewhere", NOW)
    gathering.statement(
        ALICE,
        "old",
        where="1",
        text="old",
        at=MAY,
        superseded_at=NOW,
        superseded_by=gathering.id_of("alice", "new"),
        ending="corrected",
    )
    gathering.statement(ALICE, "new", where="2", text="", at=MAY)
    ((old,),) = (each.items for each in gathering.arrivals().users)
    assert isinstance(old, ArchivedFact)
    assert (old.superseded_at, old.superseded_by, old.ending) == (NOW, None, "corrected")
