"""What waits in a queue is read back as it was written, by this version and by later ones."""

import datetime as dt
import json
from typing import Any

import pytest

from remanence import InputError, Message, Scope
from remanence.backends import Delivery, Exchange
from remanence.backends.exchange import exchange_to_json
from remanence.backends.payload import (
    delivery_of,
    exchange_key,
    exchange_payload,
    statements_payload,
)
from remanence.store.jobs import Job, LeasedJob

ALICE = Scope("alice", "clerk", "monday")
NOON = dt.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=5.5)))
EXCHANGE = Exchange(
    "reply",
    (
        Message("user", "榛子 🦅\n\u2028\"'", "Alice", NOON, "m1", {"a": [1, None, {"b": "é"}]}),
        Message("assistant", "Really?"),
        Message("tool", "search()", "search", NOON, "m2"),
    ),
    part=2,
)
WRITTEN = (
    '{"version":1,"reply_id":"reply","part":0,"messages":[{"role":"user","content":"Hello",'
    '"name":"Alice","at":"2026-03-01T12:00:00+05:30","id":"m1","metadata":{}}]}'
)
"""As version 1 wrote it; this has to be read for ever."""


def _leased(kind: str, payload: str, key: str = "key") -> LeasedJob:
    job = Job("id", kind, "there", ALICE, key, "leased", 1, NOON, NOON)
    return LeasedJob(job, payload, tried=False)


def test_an_exchange_comes_back() -> None:
    delivery = delivery_of(_leased("retain", exchange_payload(EXCHANGE)))
    assert delivery == Delivery("reply#2", ALICE, EXCHANGE)
    assert delivery.exchange is not None
    at = delivery.exchange.messages[0].at
    assert at is not None
    assert at.utcoffset() == NOON.utcoffset()


def test_statements_come_back() -> None:
    statements = ("Nora likes 榛子.", "  and\ntea ")
    delivery = delivery_of(_leased("remember", statements_payload(statements)))
    assert delivery == Delivery("key", ALICE, statements=statements)


def test_what_an_older_version_wrote_is_read() -> None:
    delivery = delivery_of(_leased("retain", WRITTEN))
    assert delivery.exchange is not None
    assert exchange_payload(delivery.exchange) == WRITTEN
    written = '{"version":1,"statements":["Nora likes tea."]}'
    assert delivery_of(_leased("remember", written)).statements == ("Nora likes tea.",)


def test_keys_tell_agents_and_sessions_apart() -> None:
    scopes = [
        Scope("alice", agent, session)
        for agent in (None, "a", "a b", "null")
        for session in (None, "a", "b", "b c")
    ]
    keys = {exchange_key(EXCHANGE, scope) for scope in scopes}
    keys |= {exchange_key(Exchange("reply", (), part=1), scope) for scope in scopes}
    assert len(keys) == 2 * len(scopes)


def _damaged() -> list[tuple[str, Any]]:
    whole = exchange_to_json(EXCHANGE)
    message = whole["messages"][0]
    return [
        ("retain", {**whole, "version": 2}),
        ("retain", {**whole, "version": None}),
        ("retain", {**whole, "messages": None}),
        ("retain", {**whole, "messages": ["Hello"]}),
        ("retain", {**whole, "messages": [{**message, "role": "nobody"}]}),
        ("retain", {**whole, "messages": [{**message, "at": "noon"}]}),
        ("retain", {**whole, "messages": [{**message, "at": "2026-03-01T12:00:00"}]}),
        ("retain", {**whole, "messages": [{**message, "content": 3}]}),
        ("retain", {**whole, "part": "one"}),
        ("retain", {key: whole[key] for key in ("version", "reply_id", "part")}),
        ("retain", [whole]),
        ("retain", None),
        ("remember", {"version": 1}),
        ("remember", {"version": 2, "statements": ["a"]}),
        ("remember", {"version": 1, "statements": [1]}),
        ("remember", {"version": 1, "statements": "a"}),
        ("remember", whole),
        ("forget", whole),
    ]


@pytest.mark.parametrize(("kind", "data"), _damaged())
def test_what_is_damaged_or_unknown_is_refused(kind: str, data: object) -> None:
    with pytest.raises(InputError):
        delivery_of(_leased(kind, json.dumps(data)))


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        delivery_of(_leased("retain", text))


@pytest.mark.parametrize("statement", ["", " ", "a\x00b", 3])
def test_statements_are_checked_before_they_are_queued(statement: Any) -> None:
    with pytest.raises(InputError):
        statements_payload(["Nora likes tea.", statement])
