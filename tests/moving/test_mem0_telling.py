"""What mem0's store does not tell, or tells of others: nothing is made of it in silence."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import pytest
import uuid_utils

from remanence import InputError
from remanence.backends.mem0.answers import KEY
from remanence.moving.arrivals import Arrivals
from remanence.moving.mem0 import read_mem0
from remanence.store.archive import ArchivedFact
from tests.moving.remembering import put, remember, remembering, told


def read(path: Path, user: str | None = None, **options: Any) -> Arrivals:
    return read_mem0(path, user_id=user, now=dt.datetime.now(dt.UTC), **options)


def stated(arrivals: Arrivals) -> dict[str, str | None]:
    items = [item for user in arrivals.users for item in user.items]
    return {item.text: item.stated_by for item in items if isinstance(item, ArchivedFact)}


async def test_what_a_model_drew_does_not_pass_for_the_programs_own(tmp_path: Path) -> None:
    reply, exchange = uuid.uuid4().hex, "reply#1"
    async with remembering(tmp_path / "mem0") as client:
        changed = await remember(client, "I keep a bee.", user_id="alice")
        await client.update(changed, "I keep bees.")
        for payload in (
            {"data": "Nobody says whose."},
            {"data": "The user's.", "attributed_to": "user"},
            {"data": "Of an unknown role.", "role": "narrator"},
            {"data": "Of a reply.", "role": "user", KEY: reply},
            {"data": "Of a part of one.", "role": "user", KEY: exchange},
            {"data": "Noted by an agent.", "role": "user", KEY: str(uuid_utils.uuid7())},
        ):
            put(client, str(uuid.uuid4()), {"user_id": "alice", **payload})
        found = stated(read(tmp_path / "mem0"))
    assert found == {
        "I keep a bee.": "assistant",
        "I keep bees.": "user",
        "Nobody says whose.": "assistant",
        "The user's.": "user",
        "Of an unknown role.": "assistant",
        "Of a reply.": "user",
        "Of a part of one.": "user",
        "Noted by an agent.": "assistant",
    }


async def test_who_is_none_of_its_users_gets_nothing(tmp_path: Path) -> None:
    """A typing error must not give somebody what names no user."""
    async with remembering(tmp_path / "mem0") as client:
        await remember(client, "Anybody's.", agent_id="clerk")
        assert set(stated(read(tmp_path / "mem0", "carol"))) == {"Anybody's."}
        for drawn in await told(client, "Hello.", user_id="dora"):
            client.vector_store.delete(drawn)  # so that only messages name her
        assert set(stated(read(tmp_path / "mem0", "carol"))) == {"Anybody's."}
        for number in range(11):
            await remember(client, "Theirs.", user_id=f"user-{number:02}")
        with pytest.raises(InputError, match="--user: is 'carol'") as refused:
            read(tmp_path / "mem0", "carol")
        assert "there is 'dora', 'user-00', " in str(refused.value)
        assert "'user-08' and 2 more; check the name" in str(refused.value)
        assert set(stated(read(tmp_path / "mem0", "dora"))) == {"Anybody's."}


async def test_what_is_left_out_is_counted_where_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "mem0"
    async with remembering(folder) as client:
        await remember(client, "Alice's.", user_id="alice")
        await told(client, "Bob's message, and a memory of it.", user_id="bob")
        for number in range(3):
            await remember(client, f"Bob's {number}.", user_id="bob")
        gone = [await remember(client, f"Gone {n}.", user_id="alice") for n in range(2)]
        for id_ in gone:
            await client.delete(id_)
        arrivals = read(folder, "alice")
    assert arrivals.deleted == frozenset(gone)
    skipped = {(each.where, each.why): each.amount for each in arrivals.skipped}
    history = str(folder / "history.db")
    assert skipped == {
        ("collection mem0", "left out: 4 of other users"): 4,
        (history, "left out: 1 of other users"): 1,
        (history, "left out: 2 deleted in mem0, and not brought back"): 2,
    }
    (folder / "history.db").unlink()
    assert [each.amount for each in read(folder, "alice").skipped] == [0, 4]


async def test_what_is_no_history_is_refused_if_it_was_named_and_told_if_not(
    tmp_path: Path,
) -> None:
    folder, wrong = tmp_path / "mem0", tmp_path / "wrong.db"
    async with remembering(folder) as client:
        await remember(client, "I keep bees.", user_id="alice")
    database = sqlite3.connect(tmp_path / "other.db")
    database.execute("CREATE TABLE notes (id)")
    database.close()
    for content, why in (
        (b"", "has no table of that name"),
        ((tmp_path / "other.db").read_bytes(), "has no table of that name"),
        (b"no database" * 1_000, "can't be read"),
    ):
        wrong.write_bytes(content)
        with pytest.raises(InputError, match=f"--history: .*{why}.*name the history.db"):
            read(folder, history=wrong)
        (folder / "history.db").write_bytes(content)
        arrivals = read(folder)
        assert set(stated(arrivals)) == {"I keep bees."}
        (skipped,) = arrivals.skipped
        assert skipped.where == str(folder / "history.db")
        assert why in skipped.why
        assert "is left out" in skipped.why
