"""An erasure is asked for, carried out, and written down, whoever does which of it."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses
import datetime as dt

from remanence.store.audit import NewAudit
from remanence.store.erasing import Erasure, NewErasure
from remanence.store.extraction import Reading
from remanence.store.facts import Confirmation, FactChanges
from remanence.store.protocol import Batch, Store
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    BOB,
    EVERYTHING,
    NOON,
    SECOND,
    erase,
    listed,
    new_episode,
    new_fact,
    page_of,
    say,
)
from remanence.types import Fact, Filter

__all__ = ["ErasingInSteps"]


async def _ask(store: Store, *ids: str, where: Filter = EVERYTHING) -> int:
    """Ask for something to be erased, or for everything; return the number."""
    wanted = NewErasure(where, ids or None, NOON, "Nora")
    (number,) = await store.erasures.ask([wanted])
    return number


class ErasingInSteps(Handles):
    """An erasure is asked for, carried out, and written down, whoever does which of it."""

    async def test_what_was_asked_for_is_known_until_it_is_removed(self, store: Store) -> None:
        """By user, in the order in which it was asked for."""
        one, two = await say(store, ALICE, "one", "two")
        (his,) = await say(store, BOB, "his")
        assert not await store.erasures.is_asked("alice")
        first, second = await _ask(store, one.id), await _ask(store, two.id)
        other = await _ask(store, his.id, where=Filter("bob"))
        assert await store.erasures.is_asked("alice")
        assert await store.erasures.asked("alice") == [first, second]
        assert await store.erasures.asked(None) == [first, second, other]
        assert await listed(store) == ["one", "two"]
        await store.erasures.remove(first, at=NOON)
        assert await store.erasures.asked("alice") == [second]
        await store.erasures.remove(second, at=NOON)
        assert not await store.erasures.is_asked("alice")
        assert await store.erasures.is_asked("bob")

    async def test_removing_twice_removes_once_and_tells_the_same(self, store: Store) -> None:
        """Until it is finished, which it can only be when it was carried out whole."""
        (one,) = await say(store, ALICE, "one")
        number = await _ask(store, one.id)
        done = await store.erasures.remove(number, at=NOON)
        assert done is not None
        assert (done.ids, done.episodes, done.facts) == ((one.id,), 1, 0)
        await say(store, ALICE, "another")
        await store.erasures.finish([number])
        assert await store.erasures.remove(number, at=NOON + SECOND) == done
        assert await store.erasures.removed(now=NOON + SECOND) == [done]
        assert (await store.erasures.overwrite(number)).over
        assert await store.erasures.removed(now=NOON + SECOND) == []
        assert await store.erasures.remove(number, at=NOON + SECOND) == done
        assert await store.erasures.removed(now=NOON + dt.timedelta(hours=2)) == [done]
        await store.erasures.finish([number])
        assert await store.erasures.remove(number, at=NOON + SECOND) is None
        assert await listed(store) == ["another"]
        assert len(await store.audit.entries("alice", after=0, limit=9)) == 1

    async def test_what_comes_after_the_request_stays(self, store: Store) -> None:
        """Also where everything was to go."""
        await say(store, ALICE, "before")
        number = await _ask(store)
        await say(store, ALICE, "after")
        await store.erasures.remove(number, at=NOON)
        assert await listed(store) == ["after"]

    async def test_places_tell_how_much_went(self, store: Store) -> None:
        """Facts that go with an episode among it; nothing refers to any of it afterwards."""
        one, _ = await say(store, ALICE, "one", "two")
        fact = dataclasses.replace(new_fact(), sources=(one.id,))
        await store.add_facts(ALICE, [fact])
        done = await erase(store, EVERYTHING, [one.id])
        assert {name: count for name, count in done.places.items() if count} == {
            "episodes": 1,
            "facts": 1,
            "index entries": 2,
        }
        assert await store.erasures.referring(done) == 0
        assert await store.erasures.referring(Erasure(9, "alice", numbers=(2,))) > 0

    async def test_who_asked_is_written_down(self, store: Store) -> None:
        """With numbers alone; by user or of all, in order."""
        await say(store, ALICE, "one", "two")
        number = await _ask(store)
        await store.erasures.remove(number, at=NOON)
        await store.audit.record(NewAudit(NOON, "export", "bob", None, {"episodes": 3}))
        first, second = await store.audit.entries(None, after=0, limit=9)
        assert (first.action, first.user_id, first.asked_by) == ("forget", "alice", "Nora")
        assert (first.at, first.counts["episodes"]) == (NOON, 2)
        assert (second.action, second.asked_by, second.counts) == ("export", None, {"episodes": 3})
        assert await store.audit.entries("bob", after=0, limit=9) == [second]
        assert await store.audit.entries(None, after=first.number, limit=9) == [second]
        assert await store.audit.entries(None, after=0, limit=1) == [first]

    async def test_what_is_left_of_a_facts_sources_is_read_again(self, store: Store) -> None:
        """If it was read; what nobody has read stays so."""
        (old,) = await say(store, ALICE, "old")
        batch = Batch(ALICE, (new_episode("one"), new_episode("two"), new_episode("three")))
        ((one, two, three),) = await store.append([batch], extract=True)
        drawn = dataclasses.replace(new_fact("drawn"), sources=(old.id, one.id, two.id))
        last = await store.extraction.last_fact("alice")
        read = Reading(ALICE, (one.id, two.id, three.id), FactChanges((drawn,)), last)
        assert await store.extraction.keep_reading(read) == "kept"
        done = await erase(store, EVERYTHING, [one.id])
        assert set(done.ids) == {one.id, drawn.id}
        assert done.reread == (ALICE,)
        unread = await store.extraction.unextracted(ALICE, limit=9, before=0)
        assert [episode.id for episode in unread.episodes] == [two.id]

    async def test_a_fact_outlives_what_only_confirmed_it(self, store: Store) -> None:
        """It loses that source; with what it was drawn from it goes."""
        batch = Batch(ALICE, (new_episode("one"), new_episode("two")))
        ((one, two),) = await store.append([batch], extract=True)
        drawn = dataclasses.replace(new_fact("drawn"), sources=(one.id,))
        await store.add_facts(ALICE, [drawn])
        changes = FactChanges(confirmed=(Confirmation(drawn.id, (one.id, two.id)),))
        last = await store.extraction.last_fact("alice")
        read = Reading(ALICE, (one.id, two.id), changes, last)
        assert await store.extraction.keep_reading(read) == "kept"
        assert (await erase(store, EVERYTHING, [two.id])).facts == 0
        facts = [item for _, item in await page_of(store) if isinstance(item, Fact)]
        assert [fact.sources for fact in facts] == [(one.id,)]
        assert (await erase(store, EVERYTHING, [one.id])).facts == 1

    async def test_of_whom_something_is_older(self, store: Store) -> None:
        """By when it happened; of all users or of one."""
        await store.append([Batch(ALICE, (new_episode("one", at=NOON),))])
        await store.append([Batch(BOB, (new_episode("two", at=NOON + SECOND),))])
        later = NOON + 2 * SECOND
        assert await store.erasures.expired(NOON, user_id=None) == []
        assert await store.erasures.expired(NOON + SECOND, user_id=None) == ["alice"]
        assert sorted(await store.erasures.expired(later, user_id=None)) == ["alice", "bob"]
        assert await store.erasures.expired(later, user_id="bob") == ["bob"]
        assert await store.erasures.expired(later, user_id="carol") == []
