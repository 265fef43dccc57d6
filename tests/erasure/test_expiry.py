"""What is too old goes, of one user or of all."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from remanence import InputError, Memory, Message, Scope
from tests.erasure.files import readable, word

ALICE = Scope("alice", session_id="monday")
BOB = Scope("bob", session_id="monday")
DAY = dt.timedelta(days=1)


def _told(number: int, days: int) -> Message:
    at = dt.datetime.now(dt.UTC) - days * DAY
    return Message("user", f"The {word(number)} is blue.", at=at)


async def test_what_is_too_old_goes_of_everybody(memory: Memory, database: Path) -> None:
    old, new = await memory.observe([_told(1, 100), _told(2, 10)], scope=ALICE)
    await memory.observe([_told(3, 100)], scope=BOB)
    await memory.observe([_told(4, 5)], scope=Scope("carol"))
    both = await memory.remember(f"Both {word(5)}.", scope=ALICE, sources=[old.id, new.id])
    ago = dt.datetime.now(dt.UTC) - 100 * DAY
    stated = await memory.remember(f"Once {word(6)}.", scope=ALICE, at=ago)

    receipts = await memory.expire(older_than=90 * DAY, asked_by="cron")

    assert {receipt.user_id: receipt.episodes for receipt in receipts} == {"alice": 1, "bob": 1}
    assert all(receipt.complete for receipt in receipts)
    (of_alice,) = [receipt for receipt in receipts if receipt.user_id == "alice"]
    assert set(of_alice.ids) == {old.id, both.id, stated.id}
    assert (await memory.list(scope=ALICE)).items == (new,)
    assert readable(database, map(word, range(1, 7))) == {word(2), word(4)}
    told = await memory.audit()
    assert [(entry.action, entry.user_id, entry.asked_by) for entry in told] == [
        ("expire", "alice", "cron"),
        ("expire", "bob", "cron"),
    ]


async def test_of_one_user_alone(memory: Memory) -> None:
    await memory.observe([_told(1, 100)], scope=ALICE)
    (his,) = await memory.observe([_told(2, 100)], scope=BOB)
    (receipt,) = await memory.expire(older_than=90 * DAY, user_id="alice")
    assert receipt.user_id == "alice"
    assert (await memory.list(scope=BOB)).items == (his,)


async def test_nothing_so_old_is_no_failure(memory: Memory) -> None:
    await memory.observe([_told(1, 5)], scope=ALICE)
    assert await memory.expire(older_than=90 * DAY) == []
    assert await memory.audit() == []


@pytest.mark.parametrize("age", [90, "90d", -DAY, dt.timedelta.max])
async def test_an_age_has_to_be_one(memory: Memory, age: Any) -> None:
    await memory.observe([_told(1, 500)], scope=ALICE)
    with pytest.raises(InputError, match="older_than"):
        await memory.expire(older_than=age)
    assert len((await memory.list(scope=ALICE)).items) == 1
