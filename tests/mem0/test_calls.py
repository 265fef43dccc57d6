"""The calls that a client gets, its answers, and ids that mem0 would take for others."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remanence import Filter, InputError, Message, Scope
from remanence.backends import Exchange, RecallRequest
from remanence.backends.mem0 import Mem0Backend, is_async_client
from remanence.errors import BackendAnswerError, BackendRefusedError, BackendUnavailableError
from tests.mem0.parts import ALICE, QUICK, exchange, found

pytestmark = pytest.mark.agentscope

Calls = list[tuple[str, Any, dict[str, Any]]]


class Small:
    """The least that a client has to have: what it is asked, and answers that were planned."""

    def __init__(self, *answers: Any) -> None:
        self.calls: Calls = []
        self.answers = list(answers)

    def answer(self) -> Any:
        answer: Any = self.answers.pop(0) if self.answers else {"results": []}
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def search(self, query: str, **options: Any) -> Any:
        self.calls.append(("search", query, options))
        return self.answer()

    async def add(self, messages: Any, user_id: str, agent_id: str | None = None) -> Any:
        self.calls.append(("add", messages, {"user_id": user_id, "agent_id": agent_id}))
        return self.answer()


class Large(Small):
    """A client that takes metadata, and can list."""

    async def add(self, messages: Any, **options: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - it takes more, by name
        self.calls.append(("add", messages, options))
        return self.answer()

    async def get_all(self, **options: Any) -> Any:
        self.calls.append(("get_all", None, options))
        return self.answer()


def backend_of(client: object, folder: Path) -> Mem0Backend:
    return Mem0Backend(client=client, data_dir=folder, settings=QUICK)


def request(
    query: str = "bees", where: Filter | None = None, *, limit: int = 5, **options: Any
) -> RecallRequest:
    seen = where or Filter("alice", "clerk")
    return RecallRequest(query, seen, limit=limit, asking=ALICE, **options)


async def test_a_search_is_the_documented_call(tmp_path: Path) -> None:
    client = Small()
    backend = backend_of(client, tmp_path)
    await backend.recall(request())
    await backend.recall(request(where=Filter("alice"), threshold=0.3, limit=7))
    assert client.calls == [
        ("search", "bees", {"filters": {"user_id": "alice", "agent_id": "clerk"}, "top_k": 5}),
        ("search", "bees", {"filters": {"user_id": "alice"}, "top_k": 7, "threshold": 0.3}),
    ]
    await backend.aclose()


async def test_an_add_is_the_documented_call(tmp_path: Path) -> None:
    small, large = Small(), Large()
    messages = [{"role": "user", "content": "I keep bees in Ghent."}]
    for client in (small, large):
        backend = backend_of(client, tmp_path / type(client).__name__)
        assert await backend.retain(exchange(), scope=ALICE, wait=5)
        assert await backend.retain(exchange(), scope=Scope("bob"), wait=5)
        await backend.aclose()
    ids = {"user_id": "alice", "agent_id": "clerk"}
    key = {"remanence_key": "reply"}
    assert small.calls == [
        ("add", messages, ids),
        ("add", messages, {"user_id": "bob", "agent_id": None}),
    ]
    assert large.calls == [
        ("add", messages, {**ids, "metadata": {**key, "remanence_session": "monday"}}),
        ("add", messages, {"user_id": "bob", "metadata": key}),
    ]


async def test_only_what_user_and_assistant_said_is_added(tmp_path: Path) -> None:
    client = Small()
    backend = backend_of(client, tmp_path)
    said = (
        Message("system", "Be brief."),
        Message("user", "Which bee?", "Alice"),
        Message("tool", "a search result", "web_search"),
        Message("assistant", "That one.", "Robin"),
    )
    assert await backend.retain(Exchange("one", said), scope=ALICE, wait=5)
    assert await backend.retain(Exchange("two", said[2:3]), scope=ALICE, wait=5)
    assert [messages for _, messages, _ in client.calls] == [
        [
            {"role": "user", "content": "Which bee?"},
            {"role": "assistant", "content": "That one."},
        ]
    ]
    await backend.aclose()


QUEUED = {"message": "queued", "status": "PENDING", "event_id": "e1"}


@pytest.mark.parametrize(
    ("answer", "infers"),
    [
        ({"results": [{"memory": "x", "event": "ADD"}]}, [None]),
        ([{"memory": "x"}], [None]),
        (QUEUED, [None]),
        ({"results": [QUEUED]}, [None]),
        ({"results": []}, [None, False]),
        ([], [None, False]),
        (None, [None, False]),
    ],
    ids=str,
)
async def test_statements_are_kept_in_any_case_and_once(
    tmp_path: Path, answer: object, infers: list[bool | None]
) -> None:
    client = Large(answer, QUEUED)
    backend = backend_of(client, tmp_path)
    assert await backend.remember(["Nora keeps bees.", "In Ghent."], scope=ALICE, wait=5)
    messages = [{"role": "user", "content": "Nora keeps bees.\nIn Ghent."}]
    assert [(name, what) for name, what, _ in client.calls] == [("add", messages)] * len(infers)
    assert [options.get("infer") for _, _, options in client.calls] == infers
    await backend.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        {"results": [{"memory": "a"}, {"text": "b"}, "c", {"memory": "a"}]},
        [{"memory": "a"}, "b", {"text": "c"}],
    ],
)
async def test_what_is_found_comes_in_every_shape_and_once(tmp_path: Path, answer: object) -> None:
    backend = backend_of(Small(answer), tmp_path)
    assert await found(backend) == ["a", "b", "c"]
    await backend.aclose()


async def test_an_answer_of_no_known_shape_is_an_error(tmp_path: Path) -> None:
    backend = backend_of(Small({"detail": "?"}), tmp_path)
    with pytest.raises(BackendAnswerError):
        await found(backend)
    await backend.aclose()


async def test_what_a_visible_reply_told_is_left_out_and_takes_no_place(tmp_path: Path) -> None:
    hits = [
        {"memory": f"m{number}", "metadata": {"remanence_key": key}}
        for number, key in enumerate(("seen", "seen#2", "seen2", "other"))
    ]
    client = Small(hits[:2], hits)
    backend = backend_of(client, tmp_path)
    found_ = await backend.recall(request(limit=2, visible=frozenset({"seen"})))
    assert [hit.text for hit in found_] == ["m2", "m3"]
    assert [options["top_k"] for _, _, options in client.calls] == [2, 8]
    await backend.aclose()


async def test_what_mem0_can_not_encode_is_replaced(tmp_path: Path) -> None:
    client = Small()
    backend = backend_of(client, tmp_path)
    await backend.recall(request("a \ud83d b"))
    assert client.calls[0][1] == "a \ufffd b"
    assert await backend.recall(request(" ")) == []
    assert len(client.calls) == 1
    await backend.aclose()


async def test_ids_that_mem0_takes_for_others_are_refused(tmp_path: Path) -> None:
    client = Large()
    backend = backend_of(client, tmp_path)
    for user, agent in (("al ice", None), ("alice", "my clerk"), ("al\u00a0ice", None)):
        with pytest.raises(BackendRefusedError, match="white space"):
            await backend.recall(request(where=Filter(user, agent)))
        assert not await backend.retain(exchange(), scope=Scope(user, agent), wait=5)
    with pytest.raises(BackendRefusedError, match="sessions"):
        await backend.recall(request(where=Filter("alice", None, "monday")))
    assert client.calls == []
    assert backend.faults.counts["park"] == 3
    for value in ("*", "al ice", " alice", "a\nb", "", "x" * 300, 7):
        with pytest.raises(InputError):
            backend.check_id("user_id", value)
    assert backend.check_id("user_id", "alice") == "alice"
    await backend.aclose()


# --- The delivery that may have arrived --------------------------------------------------------


async def test_what_arrived_although_it_failed_is_not_added_again(tmp_path: Path) -> None:
    there = {"results": [{"memory": "x", "metadata": {"remanence_key": "reply"}}]}
    client = Large(TimeoutError(), there)
    backend = backend_of(client, tmp_path)
    await backend.retain(exchange(), scope=ALICE, wait=0)
    assert await backend.settle(10)
    assert [name for name, _, _ in client.calls] == ["add", "get_all"]
    filters = {"user_id": "alice", "agent_id": "clerk", "remanence_key": "reply"}
    assert client.calls[1][2] == {"filters": filters, "top_k": 1}
    await backend.aclose()


@pytest.mark.parametrize(
    "listed",
    [
        {"results": []},
        {"results": [{"memory": "another", "metadata": {"remanence_key": "elsewhere"}}]},
        {"results": [{"memory": "without metadata"}]},
        ValueError("Invalid query: it does not filter by that"),
    ],
    ids=str,
)
async def test_what_did_not_arrive_is_added_again(tmp_path: Path, listed: Any) -> None:
    client = Large(TimeoutError(), listed)
    backend = backend_of(client, tmp_path)
    await backend.retain(exchange(), scope=ALICE, wait=0)
    assert await backend.settle(10)
    assert [name for name, _, _ in client.calls] == ["add", "get_all", "add"]
    await backend.aclose()


async def test_who_can_not_list_is_given_it_again(tmp_path: Path) -> None:
    client = Small(ConnectionError())
    backend = backend_of(client, tmp_path)
    await backend.retain(exchange(), scope=ALICE, wait=0)
    assert await backend.settle(10)
    assert [name for name, _, _ in client.calls] == ["add", "add"]
    await backend.aclose()


async def test_an_error_keeps_its_cause(tmp_path: Path) -> None:
    cause = ConnectionError("no route")
    backend = backend_of(Small(cause), tmp_path)
    with pytest.raises(BackendUnavailableError, match="no route") as caught:
        await found(backend)
    assert caught.value.__cause__ is cause
    await backend.aclose()


async def test_stale_connections_are_tried_again(tmp_path: Path) -> None:
    stale = [RuntimeError("Event loop is closed"), RuntimeError("bound to a different event loop")]
    backend = backend_of(Small(*stale, [{"memory": "a"}]), tmp_path)
    assert await found(backend) == ["a"]
    await backend.aclose()


# --- Clients -----------------------------------------------------------------------------------


def decorated(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def synchronous(*arguments: Any, **options: Any) -> Any:
        return method(*arguments, **options)

    return synchronous


class Decorated(Small):
    search = decorated(Small.search)
    add = decorated(Small.add)


class Half(Small):
    def add(self, *_: Any, **__: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - which is the point
        return {}


def test_a_client_is_known_by_its_coroutine_functions() -> None:
    assert is_async_client(Small())
    assert is_async_client(Decorated())
    assert not is_async_client(Half())
    assert not is_async_client(object())


async def test_a_client_behind_decorators_works(tmp_path: Path) -> None:
    client = Decorated()
    backend = backend_of(client, tmp_path)
    assert await backend.retain(exchange(), scope=ALICE, wait=5)
    assert await found(backend) == []
    assert [name for name, _, _ in client.calls] == ["add", "search"]
    await backend.aclose()
