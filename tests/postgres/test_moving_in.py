"""Moving in where a server keeps it."""

from __future__ import annotations

import pytest

from remanence import Episode, Fact, Filter, Memory
from remanence.moving.moving import move_in
from tests.moving.test_moving import conversation, versions


@pytest.fixture
def kind() -> str:
    return "halfvec"


async def test_it_goes_on_after_what_interrupted_it(database: str) -> None:
    arrivals = conversation(700, facts=500)

    def stop(done: int, _: int) -> None:
        if done >= 500:
            raise KeyboardInterrupt

    async with Memory.open(database) as memory:
        with pytest.raises(KeyboardInterrupt):
            await move_in(arrivals, memory, progress=stop)
        for new in (True, False):
            (outcome,) = await move_in(arrivals, memory)
            assert (outcome.complete, outcome.expected) == (True, 1_200)
            assert (outcome.there < 1_200) == new
        there = (await memory.list(scope=Filter("alice"), limit=10_000)).items
        facts = [item for item in there if isinstance(item, Fact)]
        places = [item.position for item in there if isinstance(item, Episode)]
        assert (len(there), places) == (1_200, [*range(700)])
        assert all(len(fact.sources) == 2 for fact in facts)


async def test_of_a_thing_one_version_is_current(database: str) -> None:
    async with Memory.open(database) as memory:
        for arrivals in (versions("one"), versions("two", first=1), versions("one", "two")):
            (outcome,) = await move_in(arrivals, memory)
            assert outcome.complete
        (two,) = (await memory.facts(scope=Filter("alice"))).items
        told = await memory.history(two.id, scope=Filter("alice"))
        assert [fact.text for fact in told] == ["one", "two"]
