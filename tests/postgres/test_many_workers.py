"""Several processes work with one database."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uuid_utils

from evals.serving.cutting import Cutter
from evals.serving.databases import Databases
from evals.serving.pgbouncer import PgBouncer
from remanence import Memory, Scope
from remanence.store.jobs import NewJob, Quota
from remanence.store.postgres import PostgresStore
from remanence.types import Message
from tests.postgres.databases import APPLICATION
from tests.postgres.workers import DESTINATION, Other, until

ALICE = Scope("alice", session_id="own")


@pytest.fixture
def kind() -> str:
    """What vectors are kept in makes no difference here."""
    return "bytea"


@pytest.fixture
def other(database: str) -> Iterator[Other]:
    with Other(database) as other:
        yield other


@pytest.fixture
async def memory(database: str) -> AsyncIterator[Memory]:
    async with Memory.open(database) as memory:
        yield memory


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(database)
    await store.open()
    yield store
    await store.aclose()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where workers write down what they deliver, in order."""
    path = tmp_path / "log"
    path.touch()
    return path


def job(user: str, number: int) -> NewJob:
    return NewJob(
        id=str(uuid_utils.uuid7()),
        kind="note",
        destination=DESTINATION,
        scope=Scope(user, session_id=f"{number}"),
        key=f"{user}{number}",
        payload="{}",
        created_at=dt.datetime.now(dt.UTC),
    )


async def put(store: PostgresStore, jobs: list[NewJob]) -> None:
    await store.jobs.enqueue(jobs, quota=Quota(10_000, 10**8))


def delivered(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text("utf-8").splitlines()]


async def test_what_one_does_another_sees_at_its_next_recall(memory: Memory, other: Other) -> None:
    async def recalled(question: str) -> list[str]:
        return [hit.text for hit in await memory.recall(question, scope=Scope("alice"))]

    await memory.observe(Message("user", "The teapot is on the shelf."), scope=ALICE)
    assert await recalled("Where is the teapot?")
    await other.ask("open")
    assert await other.ask("recall", question="teapot") == ["The teapot is on the shelf."]

    said = await other.ask("observe", content="The kettle whistles.")
    assert await recalled("kettle whistles") == ["The kettle whistles."]
    await other.ask("forget", id=said)
    assert await recalled("kettle whistles") == []

    await other.ask("remember", text="Alice lives in Ghent.", attribute="home")
    assert await recalled("Where does Alice live?") == ["Alice lives in Ghent."]
    second = await other.ask("remember", text="Alice lives in Bruges.", attribute="home")
    assert await recalled("Where does Alice live?") == ["Alice lives in Bruges."]
    await other.ask("correct", id=second, text="Alice lives in Bruges, by the canal.")
    assert await recalled("Where does Alice live?") == ["Alice lives in Bruges, by the canal."]

    own = await memory.remember("Alice lives in Lier.", scope=Scope("alice"), attribute="home")
    question = "Where does Alice live?"
    assert await other.ask("recall", question=question) == ["Alice lives in Lier."]
    await memory.forget([own.id], scope=Scope("alice"))
    assert "Alice lives in Lier." not in await other.ask("recall", question=question)
    await memory.forget_user("alice")
    assert await other.ask("recall", question="teapot") == []


async def test_what_a_killed_worker_had_is_taken_over(
    store: PostgresStore, other: Other, database: str, log: Path
) -> None:
    await put(store, [job("alice", 1)])
    await other.ask(
        "deliver", log=str(log), name="first", poll=0.1, lease=1.0, at_once=1, hangs=True
    )
    await until(lambda: bool(delivered(log)))
    with Other(database) as second:
        await second.ask("deliver", log=str(log), name="second", poll=0.1, lease=1.0)
        await put(store, [job("bob", 1)])
        await until(lambda: len(delivered(log)) == 2)
        assert delivered(log)[1][:2] == ["second", "bob"]  # and not what the first one has
        other.kill()
        await until(lambda: len(delivered(log)) == 3)
    assert delivered(log)[2] == ["second", "alice", "alice1", "True"]


async def test_a_worker_that_stops_gives_back_what_it_has(
    store: PostgresStore, other: Other, database: str, log: Path
) -> None:
    """Nobody has to wait for its leases to end."""
    await put(store, [job("alice", number) for number in range(4)])
    await other.ask("deliver", log=str(log), name="first", poll=60, lease=3_000, hangs=True)
    await until(lambda: len(delivered(log)) == 4)
    await other.ask("stop")
    with Other(database) as second:
        await second.ask("deliver", log=str(log), name="second", poll=60)
        await until(lambda: len(delivered(log)) == 8)
    assert {line[0] for line in delivered(log)[4:]} == {"second"}
    assert {line[2] for line in delivered(log)[4:]} == {f"alice{number}" for number in range(4)}


async def test_nobody_holds_up_what_others_put_in(
    store: PostgresStore, other: Other, database: str, log: Path
) -> None:
    flood = [job("flood", number) for number in range(1_000)]
    await put(store, flood)
    await put(store, [job("patient", 0)])
    with Other(database) as second:
        for name, worker in (("first", other), ("second", second)):
            await worker.ask("deliver", log=str(log), name=name, poll=0.2)
        await until(lambda: len(delivered(log)) >= 50)
        await put(store, [job("late", 0)])
        before = len(delivered(log))
        await until(lambda: "late0" in log.read_text("utf-8"))
    keys = [line[2] for line in delivered(log)]
    assert len(set(keys)) == len(keys)
    # What was in hands, at most four jobs of each worker, comes before.
    assert keys.index("patient0") < 16
    assert keys.index("late0") < before + 32 < len(flood)
    assert {line[0] for line in delivered(log)} == {"first", "second"}


async def test_a_worker_hears_of_what_another_process_puts_in(
    store: PostgresStore, other: Other, log: Path
) -> None:
    await other.ask("deliver", log=str(log), name="first", poll=3_600)
    await other.hears(known=True)
    for number in range(3):
        await put(store, [job("alice", number)])
        await until(lambda number=number: len(delivered(log)) == number + 1, 20)


async def test_a_worker_hears_of_what_was_committed_without_an_answer(
    server: Databases, database: str, other: Other, log: Path
) -> None:
    name = database.rpartition("/")[2].partition("?")[0]
    url = server.url(name, user=APPLICATION, tcp=True)
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        pytest.skip("the server that REMANENCE_TEST_POSTGRES names has no port")
    await other.ask("deliver", log=str(log), name="first", poll=3_600)
    await other.hears(known=True)
    with Cutter(parts.hostname, parts.port) as cutter:
        store = PostgresStore(cutter.through(url))
        await store.open()
        try:
            cut = cutter.cut_at(rb"UPDATE remanence\.writers.*COMMIT", "answered")
            await put(store, [job("alice", 0)])
            assert cut.happened.is_set()
            await until(lambda: len(delivered(log)) == 1, 20)
        finally:
            await store.aclose()


async def test_a_worker_that_hears_nothing_looks(
    store: PostgresStore, server: Databases, pooler: PgBouncer, database: str, log: Path
) -> None:
    """Through what pools transactions, nothing is heard."""
    del server
    name = database.rpartition("/")[2].partition("?")[0]
    with Other(pooler.url(name, user=APPLICATION)) as other:
        await other.ask("deliver", log=str(log), name="first", poll=0.2)
        await put(store, [job("alice", 0)])
        await until(lambda: len(delivered(log)) == 1)
        await other.hears(known=False)
        await put(store, [job("alice", 1)])
        await until(lambda: len(delivered(log)) == 2)
