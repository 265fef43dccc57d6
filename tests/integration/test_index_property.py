"""Whatever happens to a store, through whichever handle: what is listed and recalled is right.

The store is compared with a plain model, and each ranking with one made from scratch by a newly
opened memory, and with the formulas computed naively.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import datetime as dt
import itertools
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from remanence import ConflictError, Episode, Filter, Memory, Message, Recollection, Scope
from remanence.types import Role
from tests.integration.naive import Turn, scores

T = TypeVar("T")

TOLERANCE = 1e-4
"""Relative: most scores in so small a memory are far below one half."""
DAY = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

WORDS = (
    *("garden", "gardens", "gardening", "gardener", "tulip", "tulips", "ran", "running", "Ghent"),
    *("Nora", "Nora's", "小猫", "喜欢小猫", "猫", "the", "is", "there", "said", "7"),
    *("don’t", "know", "Ｇｈｅｎｔ", "yesterday"),
)
ABOUT = ("when", "now", "I", "you", "什么时候")  # what the question asks for
MISSPELT = ("gardn", "tulipp", "Gent", "gradener", "theree", "unheard")
ASKED = (*WORDS, *MISSPELT, *ABOUT, "who", "Eva", "Peters")

Narrowed = tuple[str | None, str | None, dt.datetime | None, dt.datetime | None]


def _day(days: int) -> dt.datetime:
    return DAY + dt.timedelta(days=days)


def _content(said: list[str], times: int, end: str) -> str:
    return " ".join(said * times) + end


def _query(asked: list[str], end: str) -> str:
    return " ".join(asked) + end


def _narrowed(
    agent: str | None, session: str | None, since: dt.datetime | None, length: int | None
) -> Narrowed:
    until = None if since is None or length is None else since + dt.timedelta(days=length)
    return agent, session, since, until


users = st.sampled_from(["alice", "bob"])
agents = st.sampled_from([None, "clerk"])
sessions = st.sampled_from([None, "monday", "tuesday"])
scopes = st.builds(Scope, users, agents, sessions)
times = st.builds(_day, st.integers(0, 3))
names = st.sampled_from([None, None, "Nora", "Eva Peters", "小猫", "Ghent", "Tulip Running"])
handles = st.sampled_from([0, 1])
picks = st.lists(st.integers(0, 1_000), min_size=1, max_size=4)
contents = st.builds(
    _content,
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=9),
    st.sampled_from([1, 1, 1, 5]),
    st.sampled_from(["", ".", "?", "? ...", "？"]),
)
queries = st.builds(
    _query,
    st.lists(st.sampled_from(ASKED), min_size=1, max_size=5),
    st.sampled_from(["", "?"]),
)
messages = st.builds(
    Message,
    role=st.sampled_from(["user", "assistant"]),
    content=contents,
    name=names,
    at=times,
    id=st.sampled_from([None, None, None, None, "m1", "m2"]),
)
filters = st.builds(_narrowed, agents, sessions, st.none() | times, st.none() | st.integers(0, 2))


class MemoryMachine(RuleBasedStateMachine):
    """Two memories in one place, and what should be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = contextlib.ExitStack()
        self.place = self.empty_place()
        self.memories = [self.run(self._opened()) for _ in range(2)]
        self.turns: dict[str, list[Turn]] = {"alice": [], "bob": []}
        self.positions: collections.Counter[Scope] = collections.Counter()
        self.taken: dict[tuple[Scope, str], tuple[Message, str]] = {}

    def empty_place(self) -> str | Path:
        """Return where there is nothing yet; what was there may be gone when the machine ends."""
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        return Path(folder) / "memory.db"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _opened(self) -> Memory:
        return await Memory.open(self.place)

    def teardown(self) -> None:
        for memory in self.memories:
            self.run(memory.aclose())
        self.runner.close()
        self.stack.close()

    @rule(handle=handles, scope=scopes, told=st.lists(messages, min_size=1, max_size=4))
    def observe(self, handle: int, scope: Scope, told: list[Message]) -> None:
        taken = {
            id_: message for (where, id_), (message, _) in self.taken.items() if where == scope
        }
        conflict = False
        for message in told:
            if message.id is not None:
                there = taken.setdefault(message.id, message)
                conflict |= (there.role, there.content) != (message.role, message.content)
        observing = self.memories[handle].observe(told, scope=scope)
        if conflict:
            with pytest.raises(ConflictError):
                self.run(observing)
            return
        for message, episode in zip(told, self.run(observing), strict=True):
            if message.id is not None and (scope, message.id) in self.taken:
                assert episode.id == self.taken[scope, message.id][1]
                continue
            if message.id is not None:
                self.taken[scope, message.id] = (message, episode.id)
            assert message.at is not None
            turn = Turn(
                episode.id,
                scope,
                message.content,
                message.at,
                message.name,
                self.positions[scope],
                message.role,
            )
            self.positions[scope] += 1
            self.turns[scope.user_id].append(turn)

    @rule(
        handle=handles,
        scope=scopes,
        text=contents,
        at=times,
        chosen=st.just([]) | picks,
        stated_by=st.sampled_from([None, None, "user", "assistant", "tool"]),
    )
    def remember(
        self,
        handle: int,
        scope: Scope,
        text: str,
        at: dt.datetime,
        chosen: list[int],
        stated_by: Role | None,
    ) -> None:
        told = [turn for turn in self.turns[scope.user_id] if turn.position is not None]
        places = sorted({number % len(told) for number in chosen}) if told else []
        sources = tuple(told[place].id for place in places)
        fact = self.run(
            self.memories[handle].remember(
                text, scope=scope, at=at, sources=sources[::-1], stated_by=stated_by
            )
        )
        stated = {told[place].role for place in places} | {stated_by}
        secondhand = not stated <= {None, "user"}
        turn = Turn(fact.id, scope, text, at, sources=sources, secondhand=secondhand)
        self.turns[scope.user_id].append(turn)

    @precondition(lambda self: any(self.turns.values()))
    @rule(handle=handles, user=users, chosen=picks)
    def forget_some(self, handle: int, user: str, chosen: list[int]) -> None:
        everything = [turn for turns in self.turns.values() for turn in turns]
        ids = {everything[number % len(everything)].id for number in chosen}
        receipt = self.run(self.memories[handle].forget(ids, scope=Scope(user)))
        self._forgotten(user, lambda turn: turn.id in ids, receipt.ids)

    @rule(handle=handles, user=users, agent=agents, session=st.sampled_from(["monday", "tuesday"]))
    def forget_session(self, handle: int, user: str, agent: str | None, session: str) -> None:
        where = Filter(user, agent, session)
        receipt = self.run(self.memories[handle].forget(scope=where))
        self._forgotten(user, lambda turn: turn.is_seen_by(where), receipt.ids)

    @rule(handle=handles, user=users)
    def forget_user(self, handle: int, user: str) -> None:
        receipt = self.run(self.memories[handle].forget_user(user))
        self._forgotten(user, lambda _: True, receipt.ids)

    def _forgotten(self, user: str, gone: Callable[[Turn], bool], told: tuple[str, ...]) -> None:
        expected = {turn.id for turn in self.turns[user] if gone(turn)}
        expected |= {turn.id for turn in self.turns[user] if not expected.isdisjoint(turn.sources)}
        assert len(told) == len(expected)
        assert set(told) == expected
        self.turns[user] = [turn for turn in self.turns[user] if turn.id not in expected]
        self.taken = {key: held for key, held in self.taken.items() if held[1] not in expected}
        left = {turn.scope for turn in self.turns[user]}
        for scope in [scope for scope in self.positions if scope.user_id == user]:
            if scope not in left:
                del self.positions[scope]

    @rule(handle=handles)
    def reopen(self, handle: int) -> None:
        self.run(self.memories[handle].aclose())
        self.memories[handle] = self.run(self._opened())

    @rule(
        user=users,
        query=queries,
        narrowed=filters,
        limit=st.sampled_from([1, 2, 5, 100]),
        excluded=st.just(()) | picks.map(tuple),
    )
    def recall(
        self,
        user: str,
        query: str,
        narrowed: Narrowed,
        limit: int,
        excluded: tuple[int, ...],
    ) -> None:
        turns = self.turns[user]
        where = Filter(user, *narrowed)
        exclude = {turns[number % len(turns)].id for number in excluded if turns}

        async def recalled(memory: Memory) -> list[Recollection]:
            return await memory.recall(query, scope=where, limit=limit, exclude=exclude)

        async def recalled_afresh() -> list[Recollection]:
            async with Memory.open(self.place) as fresh:
                return await recalled(fresh)

        afresh = self.run(recalled_afresh())
        for memory in self.memories:
            assert self.run(recalled(memory)) == afresh
        visible = {turn.id for turn in turns if turn.is_seen_by(where)} - exclude
        _compare(afresh, turns, scores(turns, query, visible), limit)

    @invariant()
    def what_is_listed_is_what_was_said(self) -> None:
        for memory in self.memories:
            for user, turns in self.turns.items():
                page = self.run(memory.list(scope=Scope(user), limit=10_000))
                assert [
                    Turn(
                        item.id,
                        item.scope,
                        item.content,
                        item.at,
                        item.name,
                        item.position,
                        item.role,
                    )
                    if isinstance(item, Episode)
                    else Turn(
                        item.id,
                        item.scope,
                        item.text,
                        item.at,
                        sources=item.sources,
                        secondhand=item.stated_by not in (None, "user"),
                    )
                    for item in page.items
                ] == turns


def _compare(
    found: list[Recollection], turns: list[Turn], expected: dict[str, float], limit: int
) -> None:
    """Check results against all scores there are, where order and choice are a matter of them."""
    assert len(found) == min(limit, len(expected))
    for hit in found:
        assert hit.score == pytest.approx(expected.pop(hit.id), rel=TOLERANCE)
    number = {turn.id: place for place, turn in enumerate(turns)}
    for better, worse in itertools.pairwise(found):
        assert better.score >= worse.score
        if better.score == worse.score and better.origin == worse.origin == "fact":
            # Facts have no neighbours, so equal texts have equal evidence: the latest comes first.
            assert better.text != worse.text or number[better.id] > number[worse.id]
    if found:
        assert max(expected.values(), default=0) <= found[-1].score * (1 + TOLERANCE)


TestMemory = MemoryMachine.TestCase
TestMemory.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
