"""What can't be stored is refused with the field's name and the fix, and leaves nothing behind."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from remanence import Conversation, Filter, InputError, Memory, Message, Scope

ALICE = Scope("alice", session_id="monday")
HELLO = Message("user", "hello")
NAIVE = dt.datetime(2026, 3, 1, 9, 30)  # noqa: DTZ001 - that is what is refused
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

BAD_IDS = ["", " ", "*", " alice", "alice\n", "a\x00b", "a\ud800b", "a\u2028b", "a" * 257, 5]
BAD_TEXTS = ["", " \n", "a\x00b", "a\ud800b", "\udfff", "a" * 1_000_001, None, b"bytes", 5]
BAD_TIMES = [NAIVE, "2026-03-01", dt.date(2026, 3, 1), dt.datetime.min.replace(tzinfo=dt.UTC), 5]


def _short(value: object) -> str:
    return repr(value)[:20]


def _refused(field: str, make: Callable[[], object]) -> None:
    with pytest.raises(InputError) as caught:
        make()
    error = caught.value
    assert error.field == field
    assert error.problem
    assert error.fix
    assert str(error) == f"{field}: {error.problem}; {error.fix}"


@pytest.mark.parametrize("value", BAD_IDS, ids=repr)
def test_ids_are_checked_everywhere(value: Any) -> None:
    _refused("user_id", lambda: Scope(value))
    _refused("agent_id", lambda: Scope("alice", agent_id=value))
    _refused("session_id", lambda: Scope("alice", session_id=value))
    _refused("user_id", lambda: Filter(value))
    _refused("agent_id", lambda: Filter("alice", agent_id=value))
    _refused("session_id", lambda: Filter("alice", session_id=value))
    _refused("name", lambda: Message("user", "hello", name=value))
    _refused("id", lambda: Message("user", "hello", id=value))


def test_a_user_is_never_left_out() -> None:
    _refused("user_id", lambda: Scope(None))  # pyright: ignore[reportArgumentType]
    _refused("user_id", lambda: Filter(None))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("value", BAD_TEXTS, ids=_short)
def test_contents_are_checked(value: Any) -> None:
    _refused("content", lambda: Message("user", value))


@pytest.mark.parametrize("value", ["", "User", "human", None, 5])
def test_unknown_roles_are_refused(value: Any) -> None:
    _refused("role", lambda: Message(value, "hello"))


@pytest.mark.parametrize("value", BAD_TIMES, ids=repr)
def test_times_are_checked(value: Any) -> None:
    _refused("at", lambda: Message("user", "hello", at=value))
    _refused("since", lambda: Filter("alice", since=value))
    _refused("until", lambda: Filter("alice", until=value))


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    _refused("since", lambda: Filter("alice", since=NOON, until=NOON - dt.timedelta(seconds=1)))


@pytest.mark.parametrize(
    "value",
    [
        "text",
        [("a", 1)],
        {1: "a"},
        {"a": {1, 2}},
        {"a": float("nan")},
        {"a": NOON},
        {"a": "b\x00"},
        {"a\x00": "b"},
        {"a": ["\ud800"]},
        {"\udfff": 1},
        {"a": "b" * 65_536},
    ],
    ids=_short,
)
def test_metadata_are_checked(value: Any) -> None:
    _refused("metadata", lambda: Message("user", "hello", metadata=value))


CALLS: list[tuple[str, str, list[Any], dict[str, Any]]] = [
    ("user_id", "forget_user", [""], {}),
    ("user_id", "forget_user", ["*"], {}),
    ("scope", "observe", [HELLO], {"scope": "alice"}),
    ("scope", "observe", [HELLO], {"scope": Filter("alice")}),
    ("scope", "remember", ["hello"], {"scope": "alice"}),
    ("scope", "recall", ["hello"], {"scope": None}),
    ("scope", "list", [], {"scope": "alice"}),
    ("scope", "stats", [], {"scope": "alice"}),
    ("scope", "forget", [["x"]], {"scope": "alice"}),
    ("scope", "get", ["x"], {"scope": "alice"}),
    ("messages", "observe", [["hello"]], {"scope": ALICE}),
    ("messages", "observe", [[HELLO, None]], {"scope": ALICE}),
    ("text", "remember", [""], {"scope": ALICE}),
    ("at", "remember", ["hello"], {"scope": ALICE, "at": NAIVE}),
    ("metadata", "remember", ["hello"], {"scope": ALICE, "metadata": {"a": {1}}}),
    ("query", "recall", [" "], {"scope": ALICE}),
    ("query", "recall", ["a\x00"], {"scope": ALICE}),
    ("since", "recall", ["hello"], {"scope": ALICE, "since": NAIVE}),
    ("until", "recall", ["hello"], {"scope": ALICE, "until": NAIVE}),
    ("limit", "recall", ["hello"], {"scope": ALICE, "limit": 0}),
    ("limit", "recall", ["hello"], {"scope": ALICE, "limit": 1_001}),
    ("limit", "recall", ["hello"], {"scope": ALICE, "limit": True}),
    ("limit", "list", [], {"scope": ALICE, "limit": 2.5}),
    ("threshold", "recall", ["hello"], {"scope": ALICE, "threshold": 1.5}),
    ("threshold", "recall", ["hello"], {"scope": ALICE, "threshold": "x"}),
    ("threshold", "recall", ["hello"], {"scope": ALICE, "threshold": float("nan")}),
    ("exclude", "recall", ["hello"], {"scope": ALICE, "exclude": "x"}),
    ("cursor", "list", [], {"scope": ALICE, "cursor": "-1"}),
    ("cursor", "list", [], {"scope": ALICE, "cursor": "٣"}),
    ("origin", "list", [], {"scope": ALICE, "origin": "message"}),
    ("ids", "forget", [], {"scope": Scope("alice")}),
    ("ids", "forget", ["x"], {"scope": ALICE}),
    ("ids", "forget", [[5]], {"scope": ALICE}),
    ("id", "get", [""], {"scope": ALICE}),
    ("message_ids", "episode_ids", ["x"], {"scope": ALICE}),
]


@pytest.mark.parametrize(("field", "method", "positional", "named"), CALLS)
async def test_arguments_of_calls_are_checked(
    memory: Memory, field: str, method: str, positional: list[Any], named: dict[str, Any]
) -> None:
    await memory.observe(HELLO, scope=ALICE)
    with pytest.raises(InputError) as caught:
        await getattr(memory, method)(*positional, **named)
    assert caught.value.field == field
    assert (await memory.stats()).episodes == 1


async def test_one_bad_message_keeps_the_others_out(memory: Memory) -> None:
    bad: Any = "not a message"
    with pytest.raises(InputError):
        await memory.observe_all(
            [
                Conversation(Scope("bob"), (HELLO,)),
                Conversation(ALICE, (HELLO, bad)),
            ]
        )
    assert (await memory.stats()).episodes == 0
    assert (await memory.stats()).users == 0


@pytest.mark.parametrize(
    "location", ["", ":memory:", "http://host/x.db", "sqlite://x.db", "sqlite:///", "a\x00b", 5]
)
def test_locations_are_checked(location: Any) -> None:
    _refused("location", lambda: Memory.open(location))
