"""What is kept apart: users always, agents and sessions where a filter says so, and places."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

from remanence.backends.protocol import Backend
from remanence.testing.backends.connections import (
    ALICE,
    BOB,
    SOON,
    Connect,
    Connections,
    exchange_of,
)
from remanence.types import Filter, Scope

__all__ = ["Separating"]


class Separating(Connections):
    """Users, agents, sessions and places."""

    async def test_a_backend_is_a_backend(self, backend: Backend) -> None:
        """It has everything that the protocol names."""
        assert isinstance(backend, Backend)

    async def test_users_are_apart(self, backend: Backend) -> None:
        """Nobody finds what another user said or stated, whatever else is the same."""
        for scope in (ALICE, BOB):
            await self.retain(backend, exchange_of(f"falcon of {scope.user_id}"), scope)
            await backend.remember([f"falcon, says {scope.user_id}"], scope=scope, wait=SOON)
        await self.settle(backend)
        for scope in (ALICE, BOB):
            name = scope.user_id
            texts = [f"falcon of {name}", f"falcon, says {name}"]
            assert await self.texts(backend, "falcon", asking=scope) == texts
        for name in ("Alice", "alic", "alice2", "%"):
            assert await self.texts(backend, "falcon", asking=Scope(name)) == []

    async def test_a_filter_narrows_to_agent_and_session(self, backend: Backend) -> None:
        """What a filter names is exactly that; what it leaves open is any."""
        scopes = [
            Scope("alice", agent, session)
            for agent in (None, "clerk", "cook")
            for session in (None, "monday")
        ]
        for number, scope in enumerate(scopes):
            await self.retain(backend, exchange_of(f"falcon {number}"), scope)
            await backend.remember([f"owl {number}"], scope=scope, wait=SOON)
        await self.settle(backend)
        for agent, session, numbers in (
            (None, None, [0, 1, 2, 3, 4, 5]),
            ("clerk", None, [2, 3]),
            (None, "monday", [1, 3, 5]),
            ("cook", "monday", [5]),
            ("monday", "cook", []),
        ):
            if self.distils and session is not None:
                continue
            where = Filter("alice", agent, session)
            for word in ("falcon", "owl"):
                hits = await self.found(backend, word, where=where)
                assert sorted(hit.text for hit in hits) == [f"{word} {n}" for n in numbers]
                kept = {self.kept_in(scopes[number]) for number in numbers}
                assert {hit.scope for hit in hits} == kept

    async def test_a_place_has_an_identity(self, connect: Connect) -> None:
        """Connections to one place have the same identity, and those to another another one."""
        async with connect() as one, connect() as two, connect("elsewhere") as other:
            assert one.kind == two.kind == other.kind
            assert one.kind
            assert one.identity == two.identity
            assert one.identity
            assert one.identity != other.identity

    async def test_an_identity_stays(self, connect: Connect) -> None:
        """It is the same after everything was closed, and after something was stored."""
        async with connect() as backend:
            before = (backend.kind, backend.identity)
            await self.retain(backend, exchange_of("falcon one"))
            assert (backend.kind, backend.identity) == before
        async with connect() as backend:
            assert (backend.kind, backend.identity) == before

    async def test_places_are_apart(self, connect: Connect) -> None:
        """What is kept in one place is not found in another."""
        async with connect() as here, connect("elsewhere") as elsewhere:
            await self.retain(here, exchange_of("falcon one"))
            assert await self.texts(elsewhere, "falcon") == []
            await self.retain(elsewhere, exchange_of("falcon two"))
            assert await self.texts(here, "falcon") == ["falcon one"]
