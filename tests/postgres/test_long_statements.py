"""A statement may be longer than what is sent together at most."""

import uuid

from remanence import Filter, Memory, Message, Scope
from remanence.store.postgres import PostgresStore

_MANY = 60_000
"""So many ids are more than a million characters."""


async def test_one_among_very_many_ids_is_found(database: str) -> None:
    async with Memory.open(database) as memory:
        (episode,) = await memory.observe(Message("user", "hello"), scope=Scope("alice"))
    store = PostgresStore(database)
    await store.open()
    try:
        others = [str(uuid.UUID(int=number)) for number in range(_MANY)]
        found = await store.find(Filter("alice"), [*others, episode.id])
        assert list(found) == [episode.id]
    finally:
        await store.aclose()


async def test_very_much_is_kept_at_once_and_forgotten_at_once(database: str) -> None:
    long = "word " * 20_000
    async with Memory.open(database) as memory:
        told = [Message("user", f"{long}{number}") for number in range(30)]
        stored = await memory.observe(told, scope=Scope("alice"))
        assert len({episode.id for episode in stored}) == 30
        receipt = await memory.forget_user("alice")
        assert (receipt.episodes, receipt.complete) == (30, True)
