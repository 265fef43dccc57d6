"""Whatever users are called and do, through whichever memory: each is told of their own only."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from evals.serving.databases import Databases
from remanence import Episode, Fact, InputError, Memory, Message, Recollection, Scope
from remanence.testing.embedder import ScriptedEmbedder
from tests.postgres.databases import APPLICATION, empty

T = TypeVar("T")

Told = Episode | Fact | Recollection

NAMES = (
    "bob",
    "Bob",
    "BOB",
    "bob%",
    "%",
    "_ob",
    "b\\ob",
    "bob\\",
    "\\'",
    "'",
    "''",
    "bob'--",
    "x' OR '1'='1",
    "bob'; SELECT set_config('role', 'none', true); --",
    '"bob"',
    "{bob,%}",
    '["bob"]',
    "$$bob$$",
    "%(user_id)s",
    ":user_id",
    "%s",
    "NULL",
    "remanence_worker",
    "bоb",  # a Cyrillic o
    "b\N{ZERO WIDTH SPACE}ob",
    "b\N{LATIN SMALL LETTER O WITH DIAERESIS}b",
    "bo\N{COMBINING DIAERESIS}b",  # the same to the eye
    "ｂｏｂ",
    "bob\N{NO-BREAK SPACE}b",
    "小猫",
    "\N{GRINNING FACE}",
    "b" * 255,
    "b" * 256,
)
"""What a careless statement would mistake for one another, or for SQL."""


def _of_machine(machine: TenantsMachine) -> st.SearchStrategy[str]:
    return st.sampled_from(machine.names)


# Few in each run, so that each has something, and does something to the others.
users: st.SearchStrategy[str] = st.runner().flatmap(_of_machine)
handles = st.sampled_from([0, 1, 2])
picks = st.lists(st.integers(0, 1_000), min_size=1, max_size=3)


class TenantsMachine(RuleBasedStateMachine):
    """Three memories on one database, and what is known of whom."""

    def __init__(self) -> None:
        super().__init__()
        location = self.empty_place()
        self.stack = contextlib.ExitStack()
        self.runner = self.stack.enter_context(asyncio.Runner())
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.memories = [self.run(self._opened(location)) for _ in range(3)]
        self.names: list[str] = []
        self.known: dict[str, dict[str, str]] = {}
        self.archives: dict[Path, tuple[str, dict[str, str]]] = {}
        self.told = 0

    def empty_place(self) -> str:
        """Return the URL of an empty database."""
        raise NotImplementedError

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _opened(self, location: str) -> Memory:
        return await Memory.open(location, embedder=ScriptedEmbedder(), connections=4)

    def teardown(self) -> None:
        for memory in self.memories:
            self.run(memory.aclose())
        self.stack.close()

    def _text(self, user: str) -> str:
        """Return what nobody else has said, in words that all use."""
        self.told += 1
        return f"The secret of {user} number {self.told} is a word"

    def _ids(self, chosen: list[int]) -> list[str]:
        """Return ids of anybody's items."""
        ids = [id_ for items in self.known.values() for id_ in items]
        return [ids[number % len(ids)] for number in chosen]

    def _check(self, user: str, items: Iterable[Told]) -> None:
        for item in items:
            text = item.content if isinstance(item, Episode) else item.text
            assert item.scope.user_id == user
            assert self.known[user][item.id] == text
            if not isinstance(item, Episode):
                assert set(item.sources) <= self.known[user].keys()

    # --- what is kept -----------------------------------------------------------------------

    @initialize(names=st.lists(st.sampled_from(NAMES), min_size=4, max_size=4, unique=True))
    def call_users(self, names: list[str]) -> None:
        self.names = names
        self.known = {name: {} for name in names}

    @rule(handle=handles, user=users, amount=st.integers(1, 3), session=st.none() | users)
    def observe(self, handle: int, user: str, amount: int, session: str | None) -> None:
        messages = [Message("user", self._text(user), name=user) for _ in range(amount)]
        scope = Scope(user, session_id=session)
        said = self.run(self.memories[handle].observe(messages, scope=scope))
        for message, episode in zip(messages, said, strict=True):
            self.known[user][episode.id] = message.content
        self._check(user, said)

    @rule(handle=handles, user=users, chosen=st.just([]) | picks)
    def remember(self, handle: int, user: str, chosen: list[int]) -> None:
        sources = self._ids(chosen) if any(self.known.values()) else []
        text = self._text(user)
        remembering = self.memories[handle].remember(
            text, scope=Scope(user), attribute="bob: secret", sources=sources
        )
        try:
            fact = self.run(remembering)
        except InputError:  # a source that is no episode of the user's
            assert sources
            return
        assert set(sources) <= self.known[user].keys()
        self.known[user][fact.id] = text
        self._check(user, [fact])

    @precondition(lambda self: any(self.known.values()))
    @rule(handle=handles, user=users, chosen=picks)
    def correct(self, handle: int, user: str, chosen: list[int]) -> None:
        (wanted, *_) = self._ids(chosen)
        text = self._text(user)
        try:
            fact = self.run(self.memories[handle].correct(wanted, text, scope=Scope(user)))
        except InputError:
            return
        assert wanted in self.known[user]
        self.known[user][fact.id] = text

    @precondition(lambda self: any(self.known.values()))
    @rule(handle=handles, user=users, chosen=picks)
    def forget(self, handle: int, user: str, chosen: list[int]) -> None:
        ids = self._ids(chosen)
        along = self.run(self.memories[handle].going_along(ids, scope=Scope(user)))
        self._check(user, along)
        receipt = self.run(self.memories[handle].forget(ids, scope=Scope(user)))
        assert set(receipt.ids) <= self.known[user].keys()
        assert {each for each in ids if each in self.known[user]} <= set(receipt.ids)
        for id_ in receipt.ids:
            del self.known[user][id_]

    @rule(handle=handles, user=users)
    def forget_user(self, handle: int, user: str) -> None:
        receipt = self.run(self.memories[handle].forget_user(user))
        assert set(receipt.ids) == self.known[user].keys()
        self.known[user] = {}

    @rule(handle=handles, user=users)
    def export(self, handle: int, user: str) -> None:
        path = self.folder / f"{len(self.archives)}.zip"
        exported = self.run(self.memories[handle].export(path, user_id=user))
        assert exported.episodes + exported.facts == len(self.known[user])
        self.archives[path] = user, dict(self.known[user])

    @precondition(lambda self: self.archives)
    @rule(handle=handles, user=st.none() | users, chosen=st.integers(0, 1_000))
    def take_in(self, handle: int, user: str | None, chosen: int) -> None:
        path = list(self.archives)[chosen % len(self.archives)]
        owner, items = self.archives[path]
        self.run(self.memories[handle].import_archive(path, user_id=user))
        self.known[user or owner] |= items

    # --- what is told -----------------------------------------------------------------------

    @rule(handle=handles, user=users, about=users, excluded=st.just([]) | picks)
    def recall(self, handle: int, user: str, about: str, excluded: list[int]) -> None:
        exclude = self._ids(excluded) if any(self.known.values()) else []
        hits = self.run(
            self.memories[handle].recall(
                f"What is the secret of {about}?", scope=Scope(user), limit=1_000, exclude=exclude
            )
        )
        self._check(user, hits)
        said = {hit.id for hit in hits if hit.origin == "episode"}
        listed = self.run(self.memories[handle].list(scope=Scope(user), origin="episode"))
        assert said == {item.id for item in listed.items} - set(exclude)

    @rule(handle=handles, user=users)
    def look(self, handle: int, user: str) -> None:
        memory, scope = self.memories[handle], Scope(user)
        listed = self.run(memory.list(scope=scope)).items
        self._check(user, listed)
        assert {item.id for item in listed} == self.known[user].keys()
        self._check(user, self.run(memory.facts(scope=scope)).items)
        stats = self.run(memory.stats(scope=scope))
        assert stats.episodes + stats.facts == len(self.known[user])
        assert stats.users == bool(self.known[user])
        told = self.run(memory.profile(scope=scope, token_budget=10_000))
        others = {text for items in self.known.values() for text in items.values()}
        assert not any(text in told for text in others - set(self.known[user].values()))
        assert {entry.user_id for entry in self.run(memory.audit(user_id=user))} <= {user}

    @precondition(lambda self: any(self.known.values()))
    @rule(handle=handles, user=users, chosen=picks)
    def look_at_some(self, handle: int, user: str, chosen: list[int]) -> None:
        memory, scope = self.memories[handle], Scope(user)
        ids = self._ids(chosen)
        for id_ in ids:
            item = self.run(memory.get(id_, scope=scope))
            assert (item is not None) == (id_ in self.known[user])
            self._check(user, [item] if item is not None else [])
            self._check(user, self.run(memory.history(id_, scope=scope)))
        around = self.run(memory.around(ids, scope=scope, before=5, after=5))
        assert around.keys() <= self.known[user].keys()
        for episodes in around.values():
            self._check(user, episodes)


@pytest.fixture
def empty_place(server: Databases, shared: dict[str, str]) -> Callable[[], str]:
    def emptied() -> str:
        with psycopg.connect(
            server.url(shared.get("halfvec", shared["bytea"])), autocommit=True
        ) as connection:
            empty(connection)
        return server.url(shared.get("halfvec", shared["bytea"]), user=APPLICATION)

    return emptied


def test_each_user_is_told_of_their_own_only(empty_place: Callable[[], str]) -> None:
    class Machine(TenantsMachine):
        def empty_place(self) -> str:
            return empty_place()

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )
