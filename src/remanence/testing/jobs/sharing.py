"""Users take turns, whoever works for them, and who listens hears of work as far as that goes."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

from remanence.store.jobs import JobStore
from remanence.testing.jobs.handles import Handles
from remanence.testing.jobs.records import BOB, LEASE, NOON, PLACE, SECOND, keys, put, take
from remanence.types import Scope

__all__ = ["Sharing"]


class Sharing(Handles):
    """Users take turns, and who listens hears of work."""

    async def test_a_flood_of_one_user_leaves_the_others_their_turn(self, jobs: JobStore) -> None:
        """Of two that are due, the one comes first whose user has fewer before it."""
        await _flood(jobs, 20)
        await put(jobs, "b1", scope=BOB)
        await put(jobs, "b2", scope=Scope("bob", None, "other"))
        await put(jobs, "c1", scope=Scope("carol"))
        assert keys(await take(jobs, limit=5)) == ["a0", "b1", "c1", "a1", "b2"]

    async def test_what_is_in_hands_counts(self, jobs: JobStore, second: JobStore) -> None:
        """Also in those of other workers."""
        await _flood(jobs, 20)
        assert keys(await take(jobs, "one", limit=2)) == ["a0", "a1"]
        await put(jobs, "b1", scope=BOB)
        await put(jobs, "b2", scope=Scope("bob", None, "other"))
        await put(jobs, "b3", scope=Scope("bob", None, "third"))
        assert keys(await take(second, "two", limit=3)) == ["b1", "b2", "a2"]

    async def test_what_a_dead_worker_held_is_taken_in_turn(self, jobs: JobStore) -> None:
        """Its lease is over: it is due like any other."""
        await _flood(jobs, 3)
        assert keys(await take(jobs, "one", limit=1)) == ["a0"]
        await put(jobs, "b1", scope=BOB)
        later = NOON + LEASE + SECOND
        assert sorted(keys(await take(jobs, "two", now=later, limit=10))) == [
            "a0",
            "a1",
            "a2",
            "b1",
        ]

    async def test_listening_ends(self, jobs: JobStore) -> None:
        """Twice does nothing; a store that hears nothing lets itself be listened to as well."""
        end = jobs.listen(PLACE, lambda: None)
        await put(jobs, "k1")
        end()
        end()
        assert keys(await take(jobs)) == ["k1"]


async def _flood(jobs: JobStore, number: int) -> None:
    for each in range(number):
        await put(jobs, f"a{each}", scope=Scope("alice", None, f"session {each}"))
