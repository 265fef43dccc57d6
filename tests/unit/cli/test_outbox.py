import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from remanence.errors import BackendRefusedError
from remanence.store.jobs import Job
from remanence.store.sqlite import SQLiteStore
from remanence.testing.jobs.records import AMPLE, BOB, NOON, PLACE, SECOND, new_job, put, take
from remanence.types import Scope

Run = Callable[..., Result]

SECRET = "Nora is allergic to hazelnuts"


@pytest.fixture
def jobs(database: Path) -> dict[str, Job]:
    """A done job, a parked one, one behind it that waits, and one for another service."""

    async def fill() -> dict[str, Job]:
        store = SQLiteStore(database)
        await store.open()
        for number, key in enumerate(("done", "parked", "waits")):
            new = new_job(key, payload=json.dumps(SECRET), at=NOON + number * SECOND)
            await store.jobs.enqueue([new], quota=AMPLE)
        (leased,) = await take(store.jobs, now=NOON + 9 * SECOND)
        await store.jobs.finish(leased.job.id, owner="one", now=NOON)
        (leased,) = await take(store.jobs, now=NOON + 9 * SECOND)
        error = BackendRefusedError("too \x1b[31mlong")
        await store.jobs.park(leased.job.id, owner="one", now=NOON, error=error)
        await put(store.jobs, "elsewhere", scope=BOB, destination="service:two")
        found = {job.key: job for job in await store.jobs.jobs()}
        await store.aclose()
        return found

    return asyncio.run(fill())


def _listed(remanence: Run, *options: str) -> list[dict[str, Any]]:
    result = remanence("outbox", "list", "--json", *options)
    assert SECRET not in result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def _states(remanence: Run) -> dict[str, str]:
    return {job["key"]: job["state"] for job in _listed(remanence)}


def test_every_command_has_its_help(remanence: Run) -> None:
    listing = remanence("outbox", "--help").stdout
    for command in ("status", "list", "retry", "drop"):
        assert command in listing
        assert "Usage" in remanence("outbox", command, "--help").stdout


@pytest.mark.usefixtures("jobs")
def test_status(remanence: Run) -> None:
    header, one, two = remanence("outbox", "status").stdout.splitlines()
    assert header.split() == [
        "pending",
        "leased",
        "parked",
        "done",
        "size",
        "oldest",
        "destination",
    ]
    assert one.split()[:4] == ["1", "0", "1", "1"]
    assert one.endswith(PLACE)
    assert two.split()[:4] == ["1", "0", "0", "0"]
    found = [
        json.loads(line) for line in remanence("outbox", "status", "--json").stdout.splitlines()
    ]
    assert found[0] == {
        "destination": PLACE,
        "pending": 1,
        "leased": 0,
        "parked": 1,
        "done": 1,
        "payload_bytes": 2 * len(json.dumps(SECRET)),
        "oldest_at": "2026-03-01T12:00:01.123456+00:00",
    }


def test_listing(remanence: Run, jobs: dict[str, Job]) -> None:
    result = remanence("outbox", "list")
    assert SECRET not in result.output
    header, *lines = result.stdout.splitlines()
    assert header.split()[:3] == ["id", "state", "attempts"]
    assert [line.split()[:3] for line in lines] == [
        [jobs["done"].id, "done", "0"],
        [jobs["parked"].id, "parked", "1"],
        [jobs["waits"].id, "pending", "0"],
        [jobs["elsewhere"].id, "pending", "0"],
    ]
    assert lines[1].endswith("BackendRefusedError: too long")  # and no colour
    parked = _listed(remanence)[1]
    assert {name: parked[name] for name in ("id", "user_id", "agent_id", "session_id", "key")} == {
        "id": jobs["parked"].id,
        "user_id": "alice",
        "agent_id": "clerk",
        "session_id": "monday",
        "key": "parked",
    }
    assert parked["created_at"] == "2026-03-01T12:00:01.123456+00:00"


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (("--state", "parked"), ["parked"]),
        (("--state", "leased"), []),
        (("--user", "bob"), ["elsewhere"]),
        (("--destination", PLACE), ["done", "parked", "waits"]),
        (("--destination", PLACE, "--state", "pending"), ["waits"]),
        (("--limit", "2"), ["done", "parked"]),
        (("--limit", "4"), ["done", "parked", "waits", "elsewhere"]),
    ],
)
def test_listing_a_part(remanence: Run, options: tuple[str, ...], keys: list[str]) -> None:
    assert [job["key"] for job in _listed(remanence, *options)] == keys
    told = remanence("outbox", "list", *options).stderr
    expected = {"--limit 2": "There is more than these 2: raise --limit.\n"}
    assert told == ("Nothing found.\n" if not keys else expected.get(" ".join(options), ""))


def test_trying_again(remanence: Run, jobs: dict[str, Job]) -> None:
    result = remanence("outbox", "retry", jobs["parked"].id, jobs["done"].id, "nonsense")
    assert "To be tried again: 1 job" in result.stderr
    assert f"Not found, or not to be changed now: {jobs['done'].id}" in result.stderr
    assert "Not found, or not to be changed now: nonsense" in result.stderr
    found = _listed(remanence)[1]
    assert (found["state"], found["attempts"], found["error"]) == ("pending", 0, None)


def test_trying_all_again(remanence: Run, jobs: dict[str, Job]) -> None:
    result = remanence("outbox", "retry", "--all-parked", "--json")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [jobs["parked"].id]
    assert "parked" not in _states(remanence).values()
    assert "To be tried again: 0 jobs" in remanence("outbox", "retry", "--all-parked").stderr


def test_dropping(remanence: Run, jobs: dict[str, Job]) -> None:
    result = remanence("outbox", "drop", jobs["waits"].id, "nonsense", answer="y\n")
    assert "To be dropped: 1 job" in result.stderr
    assert jobs["waits"].id in result.stderr
    assert "Not found, or not to be changed now: nonsense" in result.stderr
    assert "Dropped: 1 job" in result.stderr
    assert SECRET not in result.output
    assert set(_states(remanence)) == {"done", "parked", "elsewhere"}


@pytest.mark.usefixtures("jobs")
def test_dropping_all(remanence: Run, database: Path) -> None:
    result = remanence("outbox", "drop", "--all-parked", "--yes", "--json")
    assert [json.loads(line)["key"] for line in result.stdout.splitlines()] == ["parked"]
    assert set(_states(remanence)) == {"done", "waits", "elsewhere"}
    result = remanence("outbox", "drop", "--all-parked")
    assert "There is nothing to drop." in result.stderr
    assert database.exists()


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_without_a_yes_nothing_is_dropped(remanence: Run, answer: str) -> None:
    result = remanence("outbox", "drop", "--all-parked", code=1, answer=answer)
    assert result.stderr.endswith("Nothing was dropped.\n")
    assert len(_states(remanence)) == 4


async def test_a_long_list_is_previewed(remanence: Run, database: Path) -> None:
    store = SQLiteStore(database)
    await store.open()
    for number in range(1_200):
        await put(store.jobs, f"k{number}", scope=Scope("alice", None, str(number)))
    for leased in await take(store.jobs, limit=2_000):
        await store.jobs.park(leased.job.id, owner="one", now=NOON, error=ValueError())
    await store.aclose()
    result = await asyncio.to_thread(remanence, "outbox", "drop", "--all-parked", "--yes")
    assert "To be dropped: 1,200 jobs" in result.stderr
    assert "… and 1,195 more" in result.stderr
    assert "Dropped: 1,200 jobs" in result.stderr


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("command", ["retry", "drop"])
@pytest.mark.parametrize("what", [(), ("some-id", "--all-parked")])
def test_exactly_one_thing_has_to_be_named(
    remanence: Run, command: str, what: tuple[str, ...]
) -> None:
    remanence("outbox", command, *what, code=2)
    assert len(_states(remanence)) == 4


def test_a_file_that_is_not_there(remanence: Run, database: Path) -> None:
    for command in (("status",), ("list",), ("retry", "--all-parked"), ("drop", "x", "--yes")):
        result = remanence("outbox", *command, code=1)
        assert f"there is no database at {database} yet" in result.stderr
    assert not database.exists()


@pytest.mark.usefixtures("alice")
def test_a_memory_without_jobs(remanence: Run) -> None:
    assert remanence("outbox", "status").stderr == "Nothing was put in yet.\n"
    assert remanence("outbox", "list").stderr == "Nothing found.\n"
