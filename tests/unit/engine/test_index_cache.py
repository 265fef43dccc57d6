"""Indexes leave memory by need, and come back by need: no result depends on it."""

import sqlite3
from pathlib import Path

import pytest

from remanence import Filter, Memory, Message, Recollection, Scope
from remanence.index.text import ANALYZER_VERSION

WORDS = ("garden", "tulip", "kettle", "harbour", "violin")


def _found(hits: list[Recollection]) -> list[tuple[str, float]]:
    return [(hit.text, hit.score) for hit in hits]


async def _converse(memory: Memory, user: str) -> None:
    messages = [
        Message("user", f"{user} saw {WORDS[i % 5]} number {i}", name="Nora" if i % 2 else None)
        for i in range(20)
    ]
    await memory.observe(messages, scope=Scope(user, session_id="monday"))


async def test_indexes_of_many_users_stay_within_their_bound(database: Path) -> None:
    users = [f"user{number}" for number in range(30)]
    async with Memory.open(database) as roomy, Memory.open(database, index_bytes=40_000) as tight:
        for user in users:
            await _converse(roomy, user)
        for round_ in range(2):
            for user in users:
                query = f"Where was the {WORDS[round_]}?"
                hits = _found(await tight.recall(query, scope=Scope(user)))
                assert hits == _found(await roomy.recall(query, scope=Scope(user)))
                assert all(text.startswith(f"{user} ") for text, _ in hits)
                assert hits
                assert (await tight.stats()).index_bytes <= 40_000
        assert (await roomy.stats()).index_bytes > 40_000
        assert (await tight.stats()).index_bytes > 0


async def test_the_index_in_use_is_kept_even_if_it_is_too_large(database: Path) -> None:
    async with Memory.open(database, index_bytes=0) as memory:
        for user in ("alice", "bob"):
            await _converse(memory, user)
        for user in ("alice", "bob", "alice"):
            assert await memory.recall("garden", scope=Scope(user))
        alone = (await memory.stats()).index_bytes
    async with Memory.open(database) as memory:
        assert await memory.recall("garden", scope=Scope("alice"))
        assert (await memory.stats()).index_bytes == pytest.approx(alone, rel=0.2)


async def test_forgetting_without_searching_loads_no_index(database: Path) -> None:
    async with Memory.open(database) as memory:
        await _converse(memory, "alice")
        page = await memory.list(scope=Scope("alice"), limit=3)
        await memory.forget([item.id for item in page.items], scope=Scope("alice"))
        assert (await memory.stats()).index_bytes == 0


async def test_an_index_is_loaded_in_portions(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Memory.open(database) as memory:
        await _converse(memory, "alice")
        whole = _found(await memory.recall("Nora's tulip?", scope=Scope("alice")))
    monkeypatch.setattr("remanence.index.cache._ENTRIES_AT_ONCE", 3)
    async with Memory.open(database) as memory:
        assert _found(await memory.recall("Nora's tulip?", scope=Scope("alice"))) == whole


def _set_back(database: Path) -> None:
    """Leave what an older version would have: other terms, and its number."""
    connection = sqlite3.connect(database)
    connection.execute(
        "UPDATE entries SET terms = 'nonsense', asks = 0, analyzer = ? WHERE seq % 2",
        (ANALYZER_VERSION - 1,),
    )
    connection.commit()
    connection.close()


async def test_terms_of_an_older_analyser_are_found_anew(database: Path) -> None:
    queries = ("Where was the garden?", "tulip", "nonsense", "nora violin")
    scopes = [Scope("alice"), Filter("bob", session_id="monday")]
    async with Memory.open(database) as memory:
        await _converse(memory, "alice")
        await _converse(memory, "bob")
        await memory.remember("Is the kettle in the harbour?", scope=Scope("alice"))
        before = [_found(await memory.recall(q, scope=s)) for q in queries for s in scopes]
    assert any(before)
    _set_back(database)
    async with Memory.open(database) as memory:
        after = [_found(await memory.recall(q, scope=s)) for q in queries for s in scopes]
        assert after == before
    connection = sqlite3.connect(database)
    versions = connection.execute("SELECT DISTINCT analyzer FROM entries").fetchall()
    connection.close()
    assert versions == [(ANALYZER_VERSION,)]
