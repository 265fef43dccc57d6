"""What mem0 remembers is read as it is, while mem0 has it open, and nothing is changed there."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import pytest

from remanence import Fact, Filter, InputError, Memory, Scope
from remanence.backends.mem0.answers import KEY, SESSION
from remanence.moving.arrivals import Arrival, Arrivals
from remanence.moving.mem0 import read_mem0
from remanence.moving.moving import move_in
from remanence.store.archive import ArchivedEpisode, ArchivedFact
from tests.moving.remembering import put, remember, remembering, told

ALICE = Filter("alice")


def read(path: Path, user: str | None = None, **options: Any) -> Arrivals:
    return read_mem0(path, user_id=user, now=dt.datetime.now(dt.UTC), **options)


def facts(arrivals: Arrivals, user: str = "alice") -> list[ArchivedFact]:
    (arrival,) = (each for each in arrivals.users if each.user_id == user)
    return [item for item in arrival.items if isinstance(item, ArchivedFact)]


def whys(arrivals: Arrivals) -> str:
    return "\n".join(f"{skipped.where}: {skipped.why}" for skipped in arrivals.skipped)


def new_id() -> str:
    return str(uuid.uuid4())


def contents(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


async def current(memory: Memory) -> list[str]:
    return [fact.text for fact in (await memory.facts(scope=ALICE)).items]


async def line(memory: Memory) -> list[Fact]:
    """Return what became of the one thing that is known."""
    (last,) = (await memory.facts(scope=ALICE)).items
    return await memory.history(last.id, scope=ALICE)


async def test_a_memory_becomes_a_statement(tmp_path: Path) -> None:
    async with remembering(tmp_path / "mem0") as client:
        said = [
            {"role": "user", "name": "Alice", "content": "I live in Ghent."},
            {"role": "assistant", "content": "A lovely town."},
        ]
        first, _ = await told(
            client,
            said,
            user_id="alice",
            agent_id="clerk",
            run_id="run-1",
            metadata={"mood": {"is": ["glad"]}, "source": "chat", KEY: "k", SESSION: "monday"},
            infer=False,
        )
        await remember(client, "I keep bees.", user_id="alice", run_id="run-2")
        home, town, bees = facts(read(tmp_path / "mem0"))
        memory: Any = await client.get(first)
    assert (home.text, home.agent_id, home.session_id) == ("I live in Ghent.", "clerk", "monday")
    assert (home.stated_by, town.stated_by, bees.stated_by) == ("user", "assistant", "user")
    assert (bees.agent_id, bees.session_id) == (None, "run-2")
    assert home.imported
    assert home.at.isoformat() == memory["created_at"]
    metadata = json.loads(home.metadata)
    assert metadata.pop("source") == {
        "from": "mem0",
        "id": first,
        "collection": "mem0",
        "hash": memory["hash"],
        "created_at": memory["created_at"],
        "updated_at": memory["updated_at"],
        "run_id": "run-1",
        "source": "chat",
    }
    assert metadata == {"mood": {"is": ["glad"]}, "role": "user", "actor_id": "Alice"}


async def test_what_is_read_stays_as_it_is_while_mem0_has_it_open(tmp_path: Path) -> None:
    """Its folder is locked by then, and mem0 goes on."""
    folder = tmp_path / "mem0"
    async with remembering(folder) as client:
        await remember(client, "I keep bees.", user_id="alice")
        before = contents(folder)
        assert len(facts(read(folder))) == 1
        assert contents(folder) == before
        await remember(client, "I keep hens.", user_id="alice")
        assert len(facts(read(folder))) == 2


async def test_what_a_memory_said_before_is_in_its_history(tmp_path: Path, memory: Memory) -> None:
    async with remembering(tmp_path / "mem0") as client:
        id_ = await remember(client, "I live in Ghent.", user_id="alice", run_id="monday")
        await client.update(id_, "I live in Bruges.")
        await client.update(id_, "I live in Ostend.", metadata={"sure": True})
        await move_in(read(tmp_path / "mem0"), memory)
        events: Any = await client.history(id_)
    ghent, bruges, ostend = await line(memory)
    times = [dt.datetime.fromisoformat(event["updated_at"]) for event in events]
    assert [fact.text for fact in (ghent, bruges, ostend)] == [
        "I live in Ghent.",
        "I live in Bruges.",
        "I live in Ostend.",
    ]
    assert [fact.at for fact in (ghent, bruges, ostend)] == times
    assert (ghent.superseded_by, ghent.superseded_at) == (bruges.id, times[1])
    assert (bruges.ending, bruges.valid_until) == ("ended", times[2])
    assert {fact.scope for fact in (ghent, bruges, ostend)} == {Scope("alice", None, "monday")}
    assert ostend.metadata["sure"] is True
    between = await memory.facts(scope=ALICE, known_at=times[1])
    assert [fact.text for fact in between.items] == ["I live in Bruges."]


@pytest.mark.parametrize("with_history", [True, False])
async def test_a_memory_that_mem0_updates_between_two_imports(
    tmp_path: Path, memory: Memory, with_history: bool
) -> None:
    """One is current, whatever changed; the rest is its history. Nothing is there twice."""
    folder = tmp_path / "mem0"

    async def come() -> list[tuple[int, int]]:
        source = folder
        if not with_history:
            source = tmp_path / new_id() / "qdrant"
            shutil.copytree(folder / "qdrant", source)
        outcome = await move_in(read(source), memory)
        assert all(each.complete and not each.skipped for each in outcome)
        return [(each.facts, each.there) for each in outcome]

    async with remembering(folder) as client:
        id_ = await remember(client, "I live in Ghent.", user_id="alice", metadata={"a": 1})
        assert await come() == [(1, 0)]
        await client.update(id_, "I live in Bruges.")
        await come()
        assert [fact.text for fact in await line(memory)] == [
            "I live in Ghent.",
            "I live in Bruges.",
        ]
        await client.update(id_, "I live in Bruges.", metadata={"a": 2})
        await come()
        await client.update(id_, "I live in Ghent.")
        await come()
        (fact,) = (await memory.facts(scope=ALICE)).items
        assert (fact.text, fact.metadata["a"]) == ("I live in Ghent.", 2)
        history = await line(memory)
        assert [fact.text.split()[-1] for fact in history] == [
            "Ghent.",
            "Bruges.",
            "Bruges.",
            "Ghent.",
        ]
        assert [fact.metadata.get("a") for fact in history] == [1, 1, 2, 2]
        there = await memory.list(scope=ALICE)
        assert await come() == [(0, 4 if with_history else 1)]
        assert await memory.list(scope=ALICE) == there


async def test_what_mem0_deleted_is_not_brought_back(tmp_path: Path, memory: Memory) -> None:
    async with remembering(tmp_path / "mem0") as client:
        await remember(client, "I keep bees.", user_id="alice")
        for number in range(2):
            gone = await remember(client, f"I keep {number} hens.", user_id="alice")
            await client.update(gone, "I keep hens.")
            await client.delete(gone)
        client.vector_store.delete(await remember(client, "Lost.", user_id="alice"))
        arrivals = read(tmp_path / "mem0")
    assert "left out: 2 deleted in mem0, and not brought back" in whys(arrivals)
    assert "left out: 1 of which only the history tells" in whys(arrivals)
    await move_in(arrivals, memory)
    assert await current(memory) == ["I keep bees."]


async def test_the_last_messages_become_messages(tmp_path: Path) -> None:
    async with remembering(tmp_path / "mem0") as client:
        said = [
            {"role": "user", "name": "Alice", "content": "I keep bees."},
            {"role": "assistant", "content": "How many?"},
        ]
        await told(client, said, user_id="al=i&c%3De", agent_id="clerk", run_id="monday")
        await told(client, "Nobody's.", agent_id="clerk")
        arrivals = read(tmp_path / "mem0")
        await remember(client, "Alice's.", user_id="alice")
        hers = read(tmp_path / "mem0", "alice")
    (arrival,) = arrivals.users
    assert arrival.user_id == "al=i&c%3De"
    messages = [item for item in arrival.items if isinstance(item, ArchivedEpisode)]
    assert [(each.role, each.name, each.content, each.session_id) for each in messages] == [
        ("user", "Alice", "I keep bees.", "monday"),
        ("assistant", None, "How many?", "monday"),
    ]
    assert {each.agent_id for each in messages} == {"clerk"}
    assert "messages" in whys(arrivals)
    (mine,) = hers.users
    assert [item.content for item in mine.items if isinstance(item, ArchivedEpisode)] == [
        "Nobody's."
    ]


async def test_whose_they_are(tmp_path: Path) -> None:
    async with remembering(tmp_path / "mem0") as client:
        await remember(client, "Alice's.", user_id="alice")
        await remember(client, "Bob's.", user_id="bob")
        agents = await remember(client, "The clerk's.", agent_id="clerk")
        runs = await remember(client, "Monday's.", run_id="monday")
        all_of_it = read(tmp_path / "mem0")
        hers = read(tmp_path / "mem0", "alice", agent_id="butler")
    assert {arrival.user_id for arrival in all_of_it.users} == {"alice", "bob"}
    for id_ in (agents, runs):
        assert f"mem0 {id_}: belongs to no user; name whose it is to be with --user" in whys(
            all_of_it
        )
    assert {(fact.text, fact.agent_id, fact.session_id) for fact in facts(hers)} == {
        ("Alice's.", "butler", None),
        ("The clerk's.", "clerk", None),
        ("Monday's.", "butler", "monday"),
    }
    assert "collection mem0: left out: 1 of other users" in whys(hers)


async def test_times_that_tell_no_offset_are_in_utc(tmp_path: Path, memory: Memory) -> None:
    """And one that tells another is as it is; without any it is the time of the first import."""
    ids = [new_id() for _ in range(3)]
    noon = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
    async with remembering(tmp_path / "mem0") as client:
        for id_, created, updated in zip(
            ids,
            ("2024-05-01T12:00:00", "2024-05-01T04:00:00.5-07:00", None),
            (None, "2024-05-01T05:00:00-07:00", "yesterday"),
            strict=True,
        ):
            times = {"created_at": created, "updated_at": updated}
            put(client, id_, {"data": id_, "user_id": "alice", **times})
        found = {fact.text: fact.at for fact in facts(read(tmp_path / "mem0"))}
        (first,) = await move_in(read(tmp_path / "mem0"), memory)
        (again,) = await move_in(read(tmp_path / "mem0"), memory)
    assert found[ids[0]] == found[ids[1]] == noon
    assert found[ids[1]].utcoffset() == dt.timedelta(hours=-7)
    assert found[ids[2]].year > 2024
    assert (first.facts, first.verified) == (3, 3)
    assert (again.facts, again.there, again.verified) == (0, 3, 3)


async def test_until_when_a_memory_is_told(tmp_path: Path) -> None:
    async with remembering(tmp_path / "mem0") as client:
        await remember(client, "It rains.", user_id="alice", expiration_date="2099-12-31")
        (fact,) = facts(read(tmp_path / "mem0"))
    assert fact.valid_until == dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    assert fact.superseded_at is None


async def test_what_cant_be_taken_in_is_told(tmp_path: Path) -> None:
    async with remembering(tmp_path / "mem0") as client:
        await remember(client, "A good one.", user_id="alice")
        for id_, payload in (
            (no_text := new_id(), {"user_id": "alice"}),
            (blank := new_id(), {"user_id": "alice", "data": " "}),
            (star := new_id(), {"user_id": "*", "data": "Anybody's."}),
            (large := new_id(), {"user_id": "alice", "data": "x", "more": "x" * 70_000}),
        ):
            put(client, id_, payload)
        arrivals = read(tmp_path / "mem0")
    assert [fact.text for fact in facts(arrivals)] == ["A good one."]
    for id_, why in (
        (no_text, "has no text"),
        (blank, "text: is empty"),
        (star, "user_id: is the wildcard"),
        (large, "metadata: is 70"),
    ):
        assert f"mem0 {id_}: {why}" in whys(arrivals)


async def test_other_collections_of_mem0s_hold_no_memories(tmp_path: Path) -> None:
    """All others do, whatever they are called."""
    from qdrant_client.models import Distance, PointStruct, VectorParams

    async with remembering(tmp_path / "mem0") as client:
        await remember(client, "A memory.", user_id="alice")
        for name in ("mem0migrations", "mem0_entities", "work", "famous_entities"):
            qdrant: Any = client.vector_store.client
            qdrant.create_collection(
                name, vectors_config=VectorParams(size=2, distance=Distance.COSINE)
            )
            payload = {"data": name, "user_id": "alice"}
            qdrant.upsert(name, [PointStruct(id=new_id(), vector=[1, 0], payload=payload)])
        found = {fact.text for fact in facts(read(tmp_path / "mem0"))}
    assert found == {"A memory.", "work", "famous_entities"}


async def test_where_it_is(tmp_path: Path) -> None:
    folder, home = tmp_path / "mem0", tmp_path / ".mem0"
    async with remembering(folder) as client:
        id_ = await remember(client, "I live in Ghent.", user_id="alice")
        await client.update(id_, "I live in Bruges.")
        both = [facts(read(folder)), facts(read(folder / "qdrant"))]
    assert both[0] == both[1]
    assert len(both[0]) == 2
    home.mkdir()
    history = (folder / "history.db").rename(home / "history.db")
    alone = read(folder)
    assert len(facts(alone)) == 1
    assert "name it with --history" in whys(alone)
    assert facts(read(folder, history=history)) == both[0]
    with pytest.raises(InputError, match=r"path: .*mem0's history in it.*--history .*history\.db"):
        read(home)
    with pytest.raises(InputError, match=r"path: .*no store of mem0's.*meta\.json"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"path: .* is no folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"history: .* is no file"):
        read(folder, history=tmp_path / "nowhere.db")


async def test_what_is_damaged_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "mem0"
    async with remembering(folder) as client:
        await remember(client, "A memory.", user_id="alice")
    storage = folder / "qdrant" / "collection" / "mem0" / "storage.sqlite"
    good, meta = storage.read_bytes(), (folder / "qdrant" / "meta.json").read_bytes()
    storage.write_bytes(b"no database" * 1_000)
    with pytest.raises(InputError, match=r"storage\.sqlite can't be read"):
        read(folder)
    storage.write_bytes(good)
    with sqlite3.connect(storage) as database:
        database.execute("UPDATE points SET point = x'00'")
    database.close()
    with pytest.raises(InputError, match="qdrant can't be read"):
        read(folder)
    storage.write_bytes(good)
    for wrong in (b"{", b"[]", b'{"collections": 3}'):
        (folder / "qdrant" / "meta.json").write_bytes(wrong)
        with pytest.raises(InputError, match=r"meta\.json is not what Qdrant writes"):
            read(folder)
    (folder / "qdrant" / "meta.json").write_bytes(meta)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE history (other)")
    database.close()
    with pytest.raises(InputError, match="is not as mem0 writes it"):
        read(folder, history=other)


async def test_a_history_without_its_beginning(tmp_path: Path) -> None:
    """The first update tells what was said before it; and what it does not know is current."""
    folder = tmp_path / "mem0"
    async with remembering(folder) as client:
        id_ = await remember(client, "one", user_id="alice")
        await client.update(id_, "two")
        await client.update(id_, "three")
    with sqlite3.connect(folder / "history.db") as database:
        database.execute("DELETE FROM history WHERE event = 'ADD' OR new_memory = 'three'")
    database.close()
    found: list[Arrival] = list(read(folder).users)
    told_of = [item for item in found[0].items if isinstance(item, ArchivedFact)]
    assert [fact.text for fact in told_of] == ["one", "two", "three"]
    assert [fact.superseded_by for fact in told_of] == [told_of[1].id, told_of[2].id, None]
