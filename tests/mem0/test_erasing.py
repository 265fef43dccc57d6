"""What is erased from the real mem0 on its local store: everywhere, for good, and nothing else."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import struct
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from agentscope.agent import Agent
from agentscope.message import Msg

pytest.importorskip("mem0")

from mem0 import AsyncMemory

from remanence import Filter, InputError, Message, Recollection, Scope
from remanence.backends import Delivery, Erases, Exchange, RecallRequest
from remanence.backends.mem0 import Mem0Backend, Mem0Service
from remanence.backends.mem0.access import GivenClient
from remanence.errors import BackendError, BackendRefusedError
from remanence.middleware import Mem0Middleware, MemoryMiddleware
from remanence.store.orders import NewOrder
from remanence.store.sqlite import SQLiteStore
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import facts_answer, is_extraction, said_in, verbatim_facts
from remanence.testing.models import ScriptedChatModel
from remanence.types import Receipt
from tests.mem0.clients import HearingMemory, made_client
from tests.mem0.parts import ALICE, QUICK, backend_of, exchange, found
from tests.middleware.agents import says

pytestmark = pytest.mark.agentscope

BOB = dataclasses.replace(ALICE, user_id="bob")
USERS = ("alice", "bob", "carol")
THINGS = ("accordion", "beehive", "carpet", "dulcimer", "easel", "fiddle")


def _sentence(user: str, thing: str) -> str:
    return f"The {thing} of {user}zyx stands behind the customs house, {thing}wards of {user}qv."


def _fact(user: str, thing: str) -> str:
    return f"User {user} noted: {thing}{user}fact is kept at the harbour of {user}ville."


def _answer(messages: list[Msg]) -> str:
    """Distil what was said, or chat."""
    if not is_extraction(messages):
        return "I see."
    told = [
        _fact(user, thing)
        for said in said_in(messages)
        for user in USERS
        for thing in THINGS
        if said == _sentence(user, thing)
    ]
    return facts_answer(*told)


def _files(folder: Path) -> dict[str, bytes]:
    """Return all that is in the folder's files."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _where(files: dict[str, bytes], pieces: Iterable[bytes]) -> set[str]:
    """Return the files in which one of the pieces is."""
    return {name for piece in pieces for name, data in files.items() if piece in data}


async def _vectors(texts: Sequence[str]) -> list[list[float]]:
    return (await ScriptedEmbeddingModel(512)(list(texts))).embeddings


def _forms(vector: Sequence[float]) -> list[bytes]:
    """Return parts of a vector in all forms in which it may be stored."""
    parts = [vector[place : place + 16] for place in (0, 100, 200, 300, 400, 490)]
    return [
        form
        for part in parts
        for form in (
            struct.pack("<16f", *part),
            struct.pack("<16d", *part),
            struct.pack(">16d", *part),
            b"".join(b"G" + struct.pack(">d", number) for number in part),  # as pickle writes it
            ", ".join(map(repr, part)).encode(),
        )
    ]


def _pickled(vector: Sequence[float]) -> list[bytes]:
    return _forms(vector)[3::5]


async def _recollections(backend: Mem0Backend, user_id: str) -> list[Recollection]:
    request = RecallRequest("harbour", Filter(user_id), limit=100, asking=ALICE)
    return await backend.recall(request)


def _failed(receipt: Receipt) -> list[str]:
    return [check.name for check in receipt.checks if not check.passed]


async def test_nothing_of_a_forgotten_user_is_in_any_file(tmp_path: Path) -> None:
    chat, embedding = ScriptedChatModel(_answer), ScriptedEmbeddingModel(512)
    for user in USERS:
        async with Mem0Middleware(
            user_id=user,
            chat_model=chat,
            embedding_model=embedding,
            data_dir=tmp_path,
            outbox=QUICK,
        ) as middleware:
            for thing in THINGS:
                agent = Agent(name="Robin", system_prompt="", model=chat, middlewares=[middleware])
                await agent.reply(says(_sentence(user, thing)))
            assert await middleware.settle(10)

    texts = [make("alice", thing) for make in (_sentence, _fact) for thing in THINGS]
    vectors = await _vectors([_fact("alice", thing) for thing in THINGS])
    erased = [text.encode() for text in texts] + [form for v in vectors for form in _forms(v)]
    erased += [b"alicezyx", b"aliceqv", b"alicefact", b"aliceville"]
    before = _files(tmp_path)
    storage = "qdrant/collection/mem0/storage.sqlite"
    for thing in THINGS:
        assert _where(before, [_fact("alice", thing).encode()]) >= {storage, "history.db"}
    assert all(_where(before, _pickled(vector)) == {storage} for vector in vectors)
    assert "history.db" in _where(before, [b"alicezyx"])

    backend = backend_of(tmp_path, chat_model=chat, embedding_model=embedding)
    others = {user: await _recollections(backend, user) for user in USERS[1:]}
    receipt = await backend.forget_user("alice", asked_by="Alice")
    assert _where(_files(tmp_path), erased) == set()
    assert await _recollections(backend, "alice") == []
    assert {user: await _recollections(backend, user) for user in USERS[1:]} == others
    assert all(len(hits) == len(THINGS) for hits in others.values())
    await backend.aclose()

    assert _where(_files(tmp_path), erased) == set()
    assert _failed(receipt) == []
    assert len(receipt.checks) == 8
    assert receipt.facts == len(receipt.ids) == len(THINGS)
    # Each time an agent replied, the user and the agent said something; mem0 keeps the last ten.
    assert receipt.places == {"memories": 6, "history": 6, "messages": 10, "queue": 6}
    assert receipt.bytes_rewritten > 0

    again = backend_of(tmp_path, chat_model=chat, embedding_model=embedding)
    assert await _recollections(again, "alice") == []
    assert {user: await _recollections(again, user) for user in USERS[1:]} == others
    await again.aclose()


# --- Narrower than a user ------------------------------------------------------------------------


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[HearingMemory]:
    client = made_client(tmp_path / "mine")
    yield client
    client.let_go()


@pytest.fixture
async def backend(client: HearingMemory, tmp_path: Path) -> AsyncIterator[Mem0Backend]:
    backend = Mem0Backend(client=client, data_dir=tmp_path / "data", settings=QUICK)
    yield backend
    await backend.aclose()


async def _tell(backend: Mem0Backend, *texts: str, scope: Scope = ALICE) -> None:
    for text in texts:
        assert await backend.retain(exchange(text, text), scope=scope, wait=10)


async def _ids(client: AsyncMemory, user_id: str = "alice") -> dict[str, str]:
    """Return the ids of a user's memories by their texts."""
    kept = await client.get_all(filters={"user_id": user_id}, top_k=100)
    return {memory["memory"]: memory["id"] for memory in kept["results"]}


def _rows(client: AsyncMemory, table: str, column: str) -> list[str]:
    return [row[0] for row in client.db.connection.execute(f"SELECT {column} FROM {table}")]


async def test_memories_are_forgotten_by_id_where_they_may_be_seen(
    backend: Mem0Backend, client: HearingMemory
) -> None:
    assert isinstance(backend, Erases)
    other = dataclasses.replace(ALICE, agent_id="cook")
    await _tell(backend, "I keep bees in Ghent.", "Nora has an owl.")
    await _tell(backend, "I can't eat nuts.", scope=other)
    await _tell(backend, "I keep bees in Bruges.", scope=BOB)
    ids, bobs = await _ids(client), await _ids(client, "bob")

    named = [ids["I keep bees in Ghent."], ids["I can't eat nuts."], *bobs.values(), "nonsense"]
    receipt = await backend.forget(named, scope=Filter("alice", "clerk"))
    assert receipt.ids == (ids["I keep bees in Ghent."],)
    assert receipt.places == {"memories": 1, "history": 1, "messages": 2}
    assert _failed(receipt) == []
    assert set(await _ids(client)) == {"Nora has an owl.", "I can't eat nuts."}
    assert await _ids(client, "bob") == bobs
    assert sorted(_rows(client, "history", "new_memory")) == [
        "I can't eat nuts.",
        "I keep bees in Bruges.",
        "Nora has an owl.",
    ]
    assert sorted(_rows(client, "messages", "content")) == [
        "I can't eat nuts.",
        "I keep bees in Bruges.",
    ]
    nothing = await backend.forget([*bobs.values()], scope=Filter("alice"))
    assert (nothing.ids, nothing.places) == ((), {})


async def test_a_session_is_forgotten(backend: Mem0Backend, client: HearingMemory) -> None:
    tuesday = dataclasses.replace(ALICE, session_id="tuesday")
    await _tell(backend, "I keep bees in Ghent.")
    await _tell(backend, "Nora has an owl.", scope=tuesday)
    assert await backend.remember(["She feeds it mice."], scope=tuesday, wait=10)
    await client.add(
        "I can't eat nuts.",
        user_id="alice",
        agent_id="clerk",
        metadata={"remanence_key": "old"},
        infer=False,
    )
    receipt = await backend.forget(scope=tuesday, asked_by="Alice")
    assert receipt.facts == 2
    assert receipt.places["queue"] == 2
    assert set(await _ids(client)) == {"I keep bees in Ghent.", "I can't eat nuts."}
    assert any("don't tell their session" in told for told in receipt.out_of_reach)
    with pytest.raises(InputError, match="session"):
        await backend.forget(scope=Filter("alice"))


async def test_a_time_is_forgotten(backend: Mem0Backend, client: HearingMemory) -> None:
    await _tell(backend, "I keep bees in Ghent.")
    between = dt.datetime.now(dt.UTC)
    await _tell(backend, "Nora has an owl.")
    where = Filter("alice", session_id="monday", until=between)
    assert (await backend.forget(scope=where)).facts == 1
    assert set(await _ids(client)) == {"Nora has an owl."}


# --- Where else it is kept -----------------------------------------------------------------------


async def test_what_mem0_keeps_of_corrected_memories_goes_too(
    backend: Mem0Backend, client: HearingMemory, tmp_path: Path
) -> None:
    await _tell(backend, "I keep bees in Ghent.", "Nora has an owl.")
    await _tell(backend, "Bob likes fog.", scope=BOB)
    ids = await _ids(client)
    updating: Any = client
    await updating.update(ids["I keep bees in Ghent."], text="I keep wasps in Bruges.")
    await client.delete(ids["Nora has an owl."])
    assert "Nora has an owl." in _rows(client, "history", "old_memory")

    receipt = await backend.forget_user("alice")
    assert receipt.places["history"] == 2
    files = _files(tmp_path)
    assert _where(files, [b"bees in Ghent", b"wasps in Bruges"]) == set()
    # mem0 does not tell whose it was, so nobody can know.
    assert "Nora has an owl." in _rows(client, "history", "old_memory")
    assert any(
        "mem0 itself deleted: its history tells of 1" in told for told in receipt.out_of_reach
    )
    assert _rows(client, "messages", "content") == ["Bob likes fog."]


@pytest.mark.parametrize("user_id", ["al&ce=1", "100%", "%26", "a&user_id=b"])
async def test_the_last_messages_go_whatever_the_user_is_called(
    backend: Mem0Backend, client: HearingMemory, user_id: str
) -> None:
    await _tell(backend, "I keep bees in Ghent.", scope=dataclasses.replace(ALICE, user_id=user_id))
    for other in ("b", "&", "al"):
        await _tell(backend, f"As {other}.", scope=dataclasses.replace(ALICE, user_id=other))
    assert (await backend.forget_user(user_id)).places["messages"] == 1
    assert sorted(_rows(client, "messages", "content")) == ["As &.", "As al.", "As b."]


def _capitals(texts: list[str]) -> list[list[tuple[str, str]]]:
    """Find names as mem0 does with spaCy: words with a capital letter."""
    return [
        [("PROPER", word.strip(".")) for word in text.split() if word[0].isupper()]
        for text in texts
    ]


async def test_names_go_unless_another_memory_tells_them(
    backend: Mem0Backend, client: HearingMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mem0.memory.main.extract_entities_batch", _capitals)
    await _tell(backend, "Nora lives in Ghent.", "Nora has an owl.", "Tom went to Bruges.")
    await _tell(backend, "Nora lives in Antwerp.", scope=BOB)

    def names(user_id: str = "alice") -> dict[str, int]:
        rows = client.entity_store.list(filters={"user_id": user_id}, top_k=100)[0]
        return {row.payload["data"]: len(row.payload["linked_memory_ids"]) for row in rows}

    assert names() == {"Nora": 2, "Ghent": 1, "Tom": 1, "Bruges": 1}
    ids = await _ids(client)
    receipt = await backend.forget([ids["Nora lives in Ghent."]], scope=ALICE)
    assert receipt.places["entities"] == 1
    assert names() == {"Nora": 1, "Tom": 1, "Bruges": 1}
    assert _failed(receipt) == []

    # As it is left where mem0 deletes without having looked at its entities before.
    real: Any = client
    client.entity_store.insert(
        vectors=[real.embedding_model.embed("Zoe")],
        ids=["5d6ab8a9-3a87-4d7b-8d2b-2d3a1b2c4e5f"],
        payloads=[{"data": "Zoe", "linked_memory_ids": ["gone"], "user_id": "alice"}],
    )
    receipt = await backend.forget_user("alice")
    assert receipt.places["entities"] == 4
    assert names() == {}
    assert names("bob") == {"Nora": 1, "Antwerp": 1}


async def test_the_process_has_no_copy_either(backend: Mem0Backend, client: HearingMemory) -> None:
    await _tell(backend, "I keep bees in Ghent.", "Nora has an owl.", "Tom is away.")
    await _tell(backend, "Bob likes fog.", scope=BOB)
    bobs = await found(backend, "fog", user_id="bob")
    store: Any = client.vector_store
    collection = store.client.inner._client.collections[store.collection_name]
    assert sum(1 for row in collection.vectors[""] if row.any()) > 4  # it has made room with copies

    receipt = await backend.forget_user("alice")
    assert _failed(receipt) == []
    assert "owl" not in str(collection.payload)
    assert "bees" not in str(collection.payload)
    assert sum(1 for row in collection.vectors[""] if row.any()) == 1
    assert await found(backend, "fog", user_id="bob") == bobs == ["Bob likes fog."]
    await _tell(backend, "Nora has an owl.")
    assert await found(backend, "owl") == ["Nora has an owl."]


async def test_a_store_on_a_server_is_said_to_be_out_of_reach(
    client: HearingMemory, tmp_path: Path
) -> None:
    class Server:
        """Passes everything on, as a client of a server seems to."""

        def __init__(self, client: Any) -> None:
            self.there = client

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            return getattr(self.there, name)

    real = client.vector_store.client
    client.vector_store.client = client.entity_store.client = Server(real)
    backend = Mem0Backend(client=client, data_dir=tmp_path / "data", settings=QUICK)
    await _tell(backend, "I keep bees in Ghent.")
    receipt = await backend.forget_user("alice")
    assert receipt.facts == 1
    assert any("the vector store itself" in told for told in receipt.out_of_reach)
    assert "Qdrant has no copy of it in memory" not in [check.name for check in receipt.checks]
    assert await found(backend) == []
    await backend.aclose()
    client.vector_store.client = client.entity_store.client = real


# --- What is on its way --------------------------------------------------------------------------


@pytest.mark.parametrize("await_model", [True, False])
async def test_what_is_being_distilled_does_not_come_back(
    tmp_path: Path, await_model: bool
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(messages: list[Msg]) -> str:
        asked.set()
        await go_on.wait()
        return verbatim_facts(messages)

    backend = backend_of(tmp_path, slowly)
    assert await backend.retain(exchange(), scope=ALICE, wait=0) is False
    await asked.wait()
    erasing = asyncio.create_task(backend.forget_user("alice"))
    if not await_model:
        go_on.set()
    async with asyncio.timeout(20):
        receipt = await erasing
    go_on.set()
    assert receipt.places["queue"] == 1
    assert _failed(receipt) == []
    assert await backend.settle(10)
    assert await found(backend) == []
    assert _where(_files(tmp_path), [b"I keep bees in Ghent."]) == set()
    assert await backend.retain(exchange("Nora has an owl."), scope=ALICE, wait=10)
    assert await found(backend, "owl") == ["Nora has an owl."]
    await backend.aclose()


async def test_what_waits_does_not_come(tmp_path: Path) -> None:
    away = [ConnectionError("away")] * 2
    backend = backend_of(tmp_path, [*away, *[verbatim_facts] * 20])
    await backend.retain(exchange("I keep bees in Ghent.", "one"), scope=ALICE, wait=0.5)
    await backend.retain(exchange("Nora has an owl.", "two"), scope=ALICE, wait=0)
    await backend.retain(exchange("Bob likes fog."), scope=BOB, wait=0)
    receipt = await backend.forget_user("alice")
    assert receipt.places["queue"] == 2
    assert await backend.settle(10)
    assert (await found(backend), await found(backend, "fog", user_id="bob")) == (
        [],
        ["Bob likes fog."],
    )
    await backend.aclose()
    assert _where(_files(tmp_path), [b"bees in Ghent", b"has an owl"]) == set()


async def test_others_go_on_beside_an_erasure(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    await asyncio.gather(*(_tell(backend, f"fact number{n}") for n in range(10)))

    async def bob(number: int) -> None:
        await _tell(
            backend, f"fog number{number}", scope=dataclasses.replace(BOB, session_id=f"s{number}")
        )
        assert f"fog number{number}" in await found(backend, f"fog number{number}", user_id="bob")

    both = asyncio.gather(backend.forget_user("alice"), backend.forget_user("alice"))
    await asyncio.gather(both, *(bob(number) for number in range(20)))
    assert {receipt.facts for receipt in both.result()} == {10, 0}
    assert backend.faults.counts == {}
    assert len(await found(backend, "fog", user_id="bob", limit=100)) == 20
    await backend.aclose()


class Losing(AsyncMemory):
    """Does what it is asked, and then fails to say so, once."""

    failures = 1

    async def add(self, messages: Any, **options: Any) -> Any:
        added = await super().add(messages, **options)
        if self.failures:
            self.failures -= 1
            raise TimeoutError
        return added


async def test_what_arrived_unnoticed_is_not_delivered_again_once_it_is_erased(
    client: HearingMemory, tmp_path: Path
) -> None:
    client.__class__ = Losing  # pyright: ignore[reportAttributeAccessIssue] - both are mem0's client
    slow = dataclasses.replace(QUICK, first_delay=60.0, longest_delay=60.0)
    backend = Mem0Backend(client=client, data_dir=tmp_path / "data", settings=slow)
    assert await backend.retain(exchange(), scope=ALICE, wait=10) is False
    (id_,) = (await _ids(client)).values()
    receipt = await backend.forget([id_], scope=ALICE)
    assert receipt.places["queue"] == 1
    assert await backend.settle(0.1)
    assert await _ids(client) == {}
    await backend.aclose()
    client.__class__ = HearingMemory


# --- Clients, tools and crashes ------------------------------------------------------------------


class Small:
    """A client that can't delete."""

    async def add(self, messages: list[dict[str, Any]], *, user_id: str) -> list[str]:
        return [messages[0]["content"]]

    async def search(self, query: str, *, filters: dict[str, Any], top_k: int) -> list[str]:
        return ["I keep bees in Ghent."]


class Deleting(Small):
    """A client that lists and deletes, and nothing more."""

    def __init__(self) -> None:
        self.kept = {
            "1": {"id": "1", "memory": "I keep bees.", "user_id": "alice"},
            "2": {"id": "2", "memory": "Nora has an owl.", "user_id": "bob"},
        }

    async def get_all(self, *, filters: dict[str, Any], top_k: int) -> dict[str, Any]:
        user = filters["user_id"]
        return {"results": [each for each in self.kept.values() if each["user_id"] == user]}

    async def delete(self, memory_id: str) -> None:
        del self.kept[memory_id]


async def test_a_client_that_can_not_delete_is_told_from_one_that_can(tmp_path: Path) -> None:
    small = Mem0Backend(client=Small(), data_dir=tmp_path / "small", settings=QUICK)
    for erasing in (small.forget_user("alice"), small.forget(["1"], scope=ALICE)):
        with pytest.raises(BackendRefusedError, match="'delete'"):
            await erasing
    with pytest.raises(BackendRefusedError):
        await Mem0Service(GivenClient(Small())).erase(Filter("alice"), None)
    assert await found(small) == ["I keep bees in Ghent."]
    await small.aclose()

    deleting = Deleting()
    backend = Mem0Backend(client=deleting, data_dir=tmp_path / "deleting", settings=QUICK)
    receipt = await backend.forget_user("alice")
    assert receipt.ids == ("1",)
    assert _failed(receipt) == []
    assert list(deleting.kept) == ["2"]
    await backend.aclose()


@pytest.mark.parametrize("user_id", ["*", "", "al ice"])
async def test_a_user_that_mem0_takes_for_others_is_refused(
    backend: Mem0Backend, client: HearingMemory, user_id: str
) -> None:
    await _tell(backend, "I keep bees in Ghent.")
    with pytest.raises(InputError, match="user_id"):
        await backend.forget_user(user_id)
    with pytest.raises(InputError, match="agent_id"):
        await backend.forget(scope=Scope("alice", "the clerk", "monday"))
    assert len(await _ids(client)) == 1


async def test_a_closed_client_erases_when_it_is_open(
    backend: Mem0Backend, client: HearingMemory, tmp_path: Path
) -> None:
    await _tell(backend, "I keep bees in Ghent.")
    history = client.db
    client.db = None
    with pytest.raises(BackendError, match="history"):
        await backend.forget_user("alice")
    with pytest.raises(BackendError, match="history"):
        await found(backend)
    client.db = history
    assert await found(backend) == []
    assert await _ids(client) == {}


async def test_what_a_process_left_undone_is_done_before_anything_is_recalled(
    tmp_path: Path,
) -> None:
    backend = backend_of(tmp_path)
    await _tell(backend, "I keep bees in Ghent.")
    await _tell(backend, "Bob likes fog.", scope=BOB)
    await backend.aclose()
    store = SQLiteStore(tmp_path / "outbox.db")
    await store.open()
    order = NewOrder(backend.identity, Filter("alice"), None, dt.datetime.now(dt.UTC), "Carol")
    await store.orders.place(order)

    again = backend_of(tmp_path)
    assert await found(again) == []
    assert await found(again, "fog", user_id="bob") == ["Bob likes fog."]
    assert await store.orders.placed(backend.identity) == []
    (entry,) = await store.audit.entries("alice", after=0, limit=10)
    assert (entry.action, entry.asked_by, entry.counts["memories"]) == ("forget", "Carol", 1)
    await again.aclose()
    await store.aclose()
    assert _where(_files(tmp_path), [b"I keep bees in Ghent."]) == set()


async def test_an_agent_forgets_when_it_is_asked_to(
    backend: Mem0Backend, client: HearingMemory
) -> None:
    await _tell(backend, "I keep bees in Ghent.", "Nora has an owl.")
    middleware = MemoryMiddleware(backend, user_id="alice", extra_tools=("forget_memory",))
    *_, forget = await middleware.list_tools()
    (id_,) = [id_ for text, id_ in (await _ids(client)).items() if "bees" in text]
    chunk = await forget(thinking="She asked for it.", memory_ids=[id_])
    assert "Forgot 1 memory." in str(getattr(chunk, "content", chunk))
    assert set(await _ids(client)) == {"Nora has an owl."}
    with pytest.raises(InputError, match="extra_tools"):
        MemoryMiddleware(backend, user_id="alice", extra_tools=("update_memory",))


async def test_what_was_told_to_a_service_is_told_apart_by_its_session(
    client: HearingMemory,
) -> None:
    service = Mem0Service(GivenClient(client))
    said = Exchange("r", (Message("user", "I keep bees in Ghent.", id="r"),))
    await service.deliver(Delivery("r", ALICE, exchange=said))
    await service.deliver(Delivery("s", Scope("alice"), statements=("Nora has an owl.",)))
    erased = await service.erase(Filter("alice", session_id="monday"), None)
    assert erased.keys == {"r"}
    assert set(await _ids(client)) == {"Nora has an owl."}
