"""Whatever is handed in to a public call: it is done, or refused with an error that names what is
wrong, at once; and what is refused changes nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import inspect
import tempfile
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import apsw
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from remanence import Conversation, Filter, Memory, Message, RemanenceError, Scope
from remanence.backends import exchange as exchanges
from remanence.store.archive import (
    ArchivedEnding,
    ArchivedEpisode,
    ArchivedFact,
    ArchivedSource,
)
from tests.fuzzing.anything import (
    ANYTHING,
    CONVERSATIONS,
    FILTERS,
    MESSAGES,
    SCOPES,
    TEXTS,
    TIMES,
    or_anything,
)

_IDS = st.sampled_from(["known", "fact", "unknown"]) | TEXTS


def _mostly(meant: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return what is meant, or now and then anything else: one of many fields is enough."""
    return st.integers(0, 30).flatmap(lambda number: meant if number else ANYTHING)


_MOMENTS = st.integers(0, 9).map(lambda hour: dt.datetime(2026, 5, 1, hour, tzinfo=dt.UTC))
_UUIDS = st.uuids().map(str) | st.sampled_from([str(uuid.UUID(int=n)) for n in range(3)])
_TOLD: dict[str, Any] = {
    "number": _mostly(st.integers(1, 9)),
    "id": _mostly(_UUIDS),
    "agent_id": _mostly(st.none()),
    "session_id": _mostly(st.sampled_from(["monday", None])),
    "at": _mostly(_MOMENTS),
    "recorded_at": _mostly(_MOMENTS),
    "metadata": _mostly(st.just("{}")),
    "imported": _mostly(st.booleans()),
}
_EPISODES = st.builds(
    ArchivedEpisode,
    **_TOLD,
    position=_mostly(st.integers(0, 9)),
    role=_mostly(st.sampled_from(["user", "assistant"])),
    name=_mostly(st.none()),
    content=_mostly(st.just("A text.") | TEXTS),
    message_id=_mostly(st.sampled_from(["m1", None])),
    extraction=_mostly(st.just("unasked")),
)
_SOURCES = st.builds(ArchivedSource, _UUIDS, st.none(), drawn=st.booleans())
_FACTS = st.builds(
    ArchivedFact,
    **_TOLD,
    text=_mostly(st.just("A text.") | TEXTS),
    kind=_mostly(st.none()),
    attribute=_mostly(st.none()),
    stated_by=_mostly(st.none()),
    confidence=_mostly(st.none() | st.floats(0, 1)),
    valid_from=_mostly(st.none()),
    valid_until=_mostly(st.none()),
    stated_until=_mostly(st.none()),
    superseded_at=_mostly(st.none()),
    superseded_by=_mostly(st.none()),
    ending=_mostly(st.none()),
    sources=_mostly(st.lists(_SOURCES, max_size=2).map(tuple)),
)


def _ended(fact: ArchivedFact, by: str | None) -> ArchivedFact:
    at = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    return dataclasses.replace(fact, superseded_at=at, superseded_by=by, ending="ended")


_ENDED = st.builds(_ended, _FACTS, st.none() | _UUIDS)
_ENDINGS = st.builds(
    ArchivedEnding,
    _mostly(_UUIDS),
    _mostly(_MOMENTS),
    _mostly(_UUIDS),
    _mostly(st.just("ended")),
    _mostly(st.none()),
)
_MEANT: dict[str, st.SearchStrategy[Any]] = {
    "messages": st.lists(MESSAGES, max_size=3) | MESSAGES,
    "conversations": st.lists(CONVERSATIONS, max_size=2),
    "scope": SCOPES | FILTERS,
    "query": TEXTS,
    "text": TEXTS,
    "limit": st.integers(-1, 50),
    "since": TIMES,
    "until": TIMES,
    "at": TIMES,
    "now": TIMES,
    "as_of": TIMES,
    "known_at": TIMES,
    "valid_from": TIMES,
    "valid_until": TIMES,
    "exclude": st.lists(_IDS, max_size=3),
    "ids": st.lists(_IDS, max_size=3),
    "sources": st.lists(_IDS, max_size=2),
    "message_ids": st.lists(TEXTS, max_size=3),
    "threshold": st.floats(0, 1),
    "dated": st.sampled_from(["prior", "only"]),
    "origin": st.sampled_from(["episode", "fact", None]),
    "id": _IDS,
    "fact_id": _IDS,
    "cursor": st.none() | st.integers(0, 20).map(str),
    "before": st.integers(-1, 3),
    "after": st.integers(-1, 3),
    "metadata": st.dictionaries(TEXTS, ANYTHING, max_size=2),
    "kind": st.sampled_from(["event", "plan", None]),
    "kinds": st.none() | st.lists(st.sampled_from(["event", "plan"]), max_size=2),
    "attribute": st.none() | TEXTS,
    "stated_by": st.sampled_from(["user", "tool", None]),
    "token_budget": st.integers(0, 500),
    "count_tokens": st.none() | st.just(len),
    "user_id": st.sampled_from(["alice", "bob"]),
    "asked_by": st.none() | TEXTS,
    "older_than": st.timedeltas(),
    "preview": st.booleans(),
    "listed": st.lists(_IDS, max_size=2),
    "imported": st.booleans(),
    "seconds": st.floats(0, 0.01),
    "overwrite": st.booleans(),
    "items": st.lists(_EPISODES | _FACTS | _ENDED, max_size=3),
    "endings": st.just([]) | st.lists(_ENDINGS, max_size=2),
}
_WRITES = (
    *("observe", "observe_all", "remember", "correct"),
    *("forget", "forget_user", "forget_matching", "expire"),
    "take_in",
)
_READS = (
    *("recall", "get", "list", "episode_ids", "around", "going_along"),
    *("facts", "history", "profile"),
    *("audit", "stats", "usage", "settle", "extract", "extract_with"),
)


class _Opened:
    """A memory with a message and a fact in it, and the event loop that it is used in."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "memory.db"
        self.memory = self.run(_open(self.path))
        self.known: dict[str, str] = {}

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        async def in_time() -> Any:
            async with asyncio.timeout(30):
                return await work

        return self.runner.run(in_time())

    def fill(self) -> None:
        """Store something, unless it is there."""
        scope = Scope("alice", session_id="monday")
        page = self.run(self.memory.list(scope=Filter("alice"), limit=10_000))
        if not page.items:
            (one,) = self.run(self.memory.observe(Message("user", "A known thing."), scope=scope))
            fact = self.run(self.memory.remember("It is known.", scope=scope))
            self.known = {"known": one.id, "fact": fact.id}

    def named(self, value: Any) -> Any:
        """Put ids in the place of what stands for them."""
        if isinstance(value, list):
            return [self.named(each) for each in cast("list[Any]", value)]
        return self.known.get(value, value) if isinstance(value, str) else value

    def everything(self) -> list[Any]:
        """Return all that is stored, and who asked for what."""
        pages = [
            self.run(self.memory.list(scope=Filter(user), limit=10_000)).items
            for user in ("alice", "bob")
        ]
        return [*pages, self.run(self.memory.audit(limit=10_000))]

    def close(self) -> None:
        self.run(self.memory.aclose())
        self.runner.close()
        connection: Any = apsw.Connection(str(self.path))
        assert connection.pragma("integrity_check") == "ok"
        assert connection.execute("SELECT count(*) FROM erasures").fetchone() == (0,)
        connection.close()
        self.folder.cleanup()


async def _open(path: Path) -> Memory:
    return await Memory.open(path)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is taken for the name of a file is one in a folder that goes."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def opened() -> Any:
    memory = _Opened()
    yield memory
    memory.close()


def _refusal(work: Callable[[], object]) -> RemanenceError | None:
    """Do something, and return why it was refused; anything else that is raised is a defect."""
    try:
        work()
    except RemanenceError as error:
        assert str(error).strip()  # noqa: PT017 - it may be refused, or not
        return error
    return None


def _arguments(method: Callable[..., Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return arguments of a method, each as it is meant to be or not, some of them left out."""
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, parameter in inspect.signature(method).parameters.items():
        if name == "self":
            continue
        into = required if parameter.default is inspect.Parameter.empty else optional
        into[name] = or_anything(_MEANT.get(name, ANYTHING))
    return st.fixed_dictionaries(required, optional=optional)


@pytest.mark.parametrize("name", [*_WRITES, *_READS])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_it_is_done_or_refused(opened: _Opened, name: str, data: st.DataObject) -> None:
    opened.fill()
    given = data.draw(_arguments(getattr(Memory, name)))
    arguments = {field: opened.named(value) for field, value in given.items()}
    before = opened.everything()
    refusal = _refusal(lambda: opened.run(getattr(opened.memory, name)(**arguments)))
    event("done" if refusal is None else "refused")
    if refusal is not None or name in _READS:
        assert opened.everything() == before


def test_every_public_call_is_among_them() -> None:
    """Or it is tried elsewhere."""
    elsewhere = {
        "aclose",
        "check_open",
        "open",
        "export",
        "import_archive",
        "extracts",
        "export_markdown",
    }
    public = {name for name in dir(Memory) if not name.startswith("_")}
    assert public - elsewhere == {*_WRITES, *_READS}


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(given=_arguments(Memory.open))
def test_what_a_memory_is_opened_with(given: dict[str, Any]) -> None:
    """Before anything is opened."""
    arguments: dict[str, Any] = {"location": "memory.db", **given}
    _refusal(lambda: Memory.open(**arguments))


@pytest.mark.parametrize("kind", [Scope, Filter, Message, Conversation])
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_records_are_made_or_refused(kind: Callable[..., Any], data: st.DataObject) -> None:
    given = data.draw(_arguments(kind))
    _refusal(lambda: kind(**given))


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=ANYTHING)
def test_what_waits_in_a_queue_is_read_or_refused(data: Any) -> None:
    _refusal(lambda: exchanges.exchange_from_json(data))
