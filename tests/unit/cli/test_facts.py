"""What is known of a user, as the command line tells it, now and as of some time."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from remanence import Fact, Memory, Scope

Run = Callable[..., Result]

ALICE = Scope("alice")
ZONE = dt.timezone(dt.timedelta(hours=2))
JULY = dt.datetime(2026, 7, 10, 20, tzinfo=ZONE)


class Clock:
    """Tells the time that it is set to."""

    def __init__(self) -> None:
        self.time = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        return self.time


@pytest.fixture
async def noted(database: Path) -> dict[str, Fact]:
    """Facts of Alice's: two of March, one of which was corrected in July, and one of Bob's."""
    clock = Clock()
    async with Memory.open(database, clock=clock) as memory:
        town = await memory.remember(
            "Nora lives in Ghent.",
            scope=ALICE,
            kind="relationship",
            stated_by="user",
            valid_from=dt.datetime(2024, 5, 1, tzinfo=ZONE),
        )
        nuts = await memory.remember("Nora is allergic to hazelnuts.", scope=ALICE)
        trip = await memory.remember(
            "Alice travels to Oslo.",
            scope=ALICE,
            kind="plan",
            stated_by="assistant",
            valid_from=dt.datetime(2026, 5, 1, 8, 15, tzinfo=ZONE),
            valid_until=dt.datetime(2026, 5, 9, tzinfo=ZONE),
        )
        await memory.remember("Bob sails.", scope=Scope("bob"))
        clock.time = JULY
        bruges = await memory.correct(
            town.id, "Nora lives in Bruges.", scope=ALICE, stated_by="user"
        )
    return {"town": town, "nuts": nuts, "trip": trip, "bruges": bruges}


def texts(result: Result) -> list[str]:
    return [json.loads(line)["text"] for line in result.stdout.splitlines()]


def test_those_that_hold_are_listed(remanence: Run, noted: dict[str, Fact]) -> None:
    result = remanence("facts", "--user", "alice")
    assert result.stdout.splitlines() == [
        f"2026-03-01 09:30  added by the program  {noted['nuts'].id}",
        "    Nora is allergic to hazelnuts.",
        "2026-03-01 09:30  plan, said by the assistant, since 2026-05-01 08:15, until 2026-05-09"
        f"  {noted['trip'].id}",
        "    Alice travels to Oslo.",
        f"2026-07-10 20:00  relationship, said by the user, since 2024-05-01  {noted['bruges'].id}",
        "    Nora lives in Bruges.",
    ]


@pytest.mark.usefixtures("noted")
def test_what_was_true_and_what_was_known(remanence: Run) -> None:
    def told(*options: str) -> set[str]:
        return set(texts(remanence("facts", "--user", "alice", "--json", *options)))

    nuts, trip = "Nora is allergic to hazelnuts.", "Alice travels to Oslo."
    ghent, bruges = "Nora lives in Ghent.", "Nora lives in Bruges."
    assert told() == {nuts, trip, bruges}
    assert told("--as-of", "2026-05-03T00:00:00Z") == {nuts, trip, bruges}
    assert told("--as-of", "2026-08-01") == {nuts, bruges}
    assert told("--as-of", "2025-01-01") == {bruges}
    assert told("--known-at", "2026-04-01") == {nuts, trip, ghent}
    assert told("--known-at", "2026-04-01", "--as-of", "2025-01-01") == {ghent}
    assert told("--known-at", "2020-01-01") == set()
    assert told("--kind", "plan") == {trip}
    assert told("--kind", "plan", "--kind", "relationship") == {trip, bruges}
    assert told("--agent", "robin") == set()


def test_a_history_tells_what_was_believed_when(remanence: Run, noted: dict[str, Fact]) -> None:
    def local(time: dt.datetime) -> str:
        return time.astimezone().strftime("%Y-%m-%d %H:%M")

    march, july = local(noted["town"].recorded_at), local(JULY)
    for name in ("town", "bruges"):
        result = remanence("facts", "--user", "alice", "--history", noted[name].id)
        assert result.stdout.splitlines() == [
            "2026-03-01 09:30  relationship, said by the user, since 2024-05-01, was never so"
            f"  {noted['town'].id}",
            "    Nora lives in Ghent.",
            f"    learned {march}, superseded {july}",
            "2026-07-10 20:00  relationship, said by the user, since 2024-05-01"
            f"  {noted['bruges'].id}",
            "    Nora lives in Bruges.",
            f"    learned {july}",
            "    corrects: Nora lives in Ghent.",
        ]
    lines = remanence(
        "facts", "--user", "alice", "--history", noted["town"].id, "--json"
    ).stdout.splitlines()
    old: dict[str, Any] = json.loads(lines[0])
    assert (old["ending"], old["superseded_by"]) == ("corrected", noted["bruges"].id)
    assert old["valid_from"] == "2024-05-01T00:00:00+02:00"


def test_a_limit_that_leaves_something_out_says_so(remanence: Run, noted: dict[str, Fact]) -> None:
    result = remanence("facts", "--user", "alice", "--limit", "2", "--json")
    assert texts(result) == [noted["nuts"].text, noted["trip"].text]
    assert result.stderr == "There is more than these 2: raise --limit.\n"
    assert remanence("facts", "--user", "alice", "--limit", "3").stderr == ""


def test_nothing_found(remanence: Run, noted: dict[str, Fact]) -> None:
    assert remanence("facts", "--user", "nobody").output == "Nothing is stored for 'nobody'.\n"
    for options in (("--user", "alice", "--agent", "robin"), ("--user", "bob", "--kind", "plan")):
        assert remanence("facts", *options).output == "Nothing found.\n"
    for name in (noted["town"].id, "nonsense"):
        result = remanence("facts", "--user", "bob", "--history", name, code=1)
        assert f"user 'bob' has no fact '{name}'" in result.stderr


def test_wrong_usage(remanence: Run) -> None:
    remanence("facts", code=2)
    remanence("facts", "--user", "alice", "--kind", "rumour", code=2)
    remanence("facts", "--user", "alice", "--as-of", "then", code=2)
    remanence("facts", "--user", "alice", "--history", "x", "--kind", "plan", code=2)


def test_searching_as_of_a_time(remanence: Run, noted: dict[str, Fact]) -> None:
    def found(*options: str) -> str:
        return remanence("recall", "Where does Nora live?", "--user", "alice", *options).stdout

    assert "Nora lives in Bruges. (relationship, said by the user, since 2024-05-01)" in found()
    assert "Ghent" not in found()
    before = found("--known-at", "2026-04-01")
    assert "Nora lives in Ghent. (relationship, said by the user, since 2024-05-01)" in before
    assert "Bruges" not in before
    assert "Bruges" not in found("--as-of", "2024-04-30")
    assert found("--origin", "episode") == ""
    del noted


def test_a_listing_tells_about_facts(remanence: Run, noted: dict[str, Fact]) -> None:
    lines = remanence("show", "--user", "alice", "--origin", "fact").stdout.splitlines()
    place = lines.index("    Alice travels to Oslo.")
    assert lines[place - 1].endswith(f"(fact)  {noted['trip'].id}")
    assert lines[place + 1] == (
        "    (plan, said by the assistant, since 2026-05-01 08:15, until 2026-05-09)"
    )
    full = remanence("show", noted["town"].id, "--user", "alice").stdout.splitlines()
    for line in (
        "kind           relationship",
        "stated_by      user",
        "valid_from     2024-05-01T00:00:00+02:00",
        f"superseded_by  {noted['bruges'].id}",
        "ending         corrected",
    ):
        assert line in full
