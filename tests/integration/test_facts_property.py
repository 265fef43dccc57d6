"""Whatever is stated, corrected and forgotten: each moment is told as it was, and as it was known.

The store is compared with a plain model, and a search's choice of facts with the listing.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from remanence import Fact, InputError, Memory, Message, Recollection, Scope
from remanence.types import Ending

T = TypeVar("T")

ALICE = Scope("alice", session_id="monday")
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
LAST = 60

days = st.integers(0, LAST)
handles = st.sampled_from([0, 1])


@dataclasses.dataclass(slots=True)
class Clock:
    """Goes on by a day whenever something is recorded."""

    time: dt.datetime = START

    def now(self) -> dt.datetime:
        return self.time


@dataclasses.dataclass(frozen=True, slots=True)
class Fate:
    """What became of a statement."""

    by: str
    at: dt.datetime
    ending: Ending
    until: dt.datetime | None


@dataclasses.dataclass(slots=True)
class Statement:
    """What should be known of a fact."""

    id: str
    attribute: str | None
    start: dt.datetime
    is_dated: bool
    end: dt.datetime | None
    recorded_at: dt.datetime
    sources: set[str]
    fate: Fate | None = None

    @property
    def begin(self) -> dt.datetime | None:
        """Since when it is taken to be true; ``None`` if that is nobody's guess."""
        over = self.end is not None and self.end <= self.start
        return None if over and not self.is_dated else self.start

    def is_told(
        self, as_of: dt.datetime | None, known_at: dt.datetime | None, now: dt.datetime
    ) -> bool:
        """Return whether it is told of one moment, as known at another."""
        if known_at is not None and self.recorded_at > known_at:
            return False
        fate = self.fate
        if fate is not None and known_at is not None and fate.at > known_at:
            fate = None
        if as_of is None:
            if fate is None or fate.ending == "corrected" or fate.until is None:
                return fate is None
            return fate.until > (known_at or now)
        if fate is None:
            end = self.end
        elif fate.ending == "corrected":
            return False
        else:
            end = fate.until
        return (self.begin is None or self.begin <= as_of) and (end is None or as_of < end)


class FactsMachine(RuleBasedStateMachine):
    """Two memories in one place, and what should be known in it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = contextlib.ExitStack()
        self.place = self.empty_place()
        self.clock = Clock()
        self.memories = [self.run(self._opened()) for _ in range(2)]
        self.known: dict[str, Statement] = {}
        self.said: list[str] = []

    def empty_place(self) -> str | Path:
        """Return where there is nothing yet; what was there may be gone when the machine ends."""
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        return Path(folder) / "memory.db"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _opened(self) -> Memory:
        return await Memory.open(self.place, clock=self.clock)

    def teardown(self) -> None:
        for memory in self.memories:
            self.run(memory.aclose())
        self.runner.close()
        self.stack.close()

    @rule()
    def time_goes_on(self) -> None:
        self.clock.time += DAY

    @rule(handle=handles)
    def say(self, handle: int) -> None:
        text = f"said {len(self.said)}"
        observing = self.memories[handle].observe(Message("user", text), scope=ALICE)
        self.said += [episode.id for episode in self.run(observing)]

    @rule(
        handle=handles,
        attribute=st.sampled_from([None, "eva: city", "eva: job"]),
        begin=st.none() | days,
        length=st.none() | st.integers(-5, 20),
        chosen=st.lists(st.integers(0, 100), max_size=3),
    )
    def state(
        self,
        handle: int,
        attribute: str | None,
        begin: int | None,
        length: int | None,
        chosen: list[int],
    ) -> None:
        valid_from = None if begin is None else START + begin * DAY
        at = self.clock.now()
        start = valid_from or at
        if valid_from is not None and length is not None:
            length = max(1, length)
        valid_until = None if length is None else start + length * DAY
        sources = {self.said[number % len(self.said)] for number in chosen if self.said}
        fact = self.run(
            self.memories[handle].remember(
                f"statement {len(self.known)} of {at:%d} and {begin} {length}",
                scope=ALICE,
                attribute=attribute,
                valid_from=valid_from,
                valid_until=valid_until,
                sources=sources,
            )
        )
        if fact.id in self.known:  # the same words again
            return
        new = Statement(fact.id, attribute, start, valid_from is not None, valid_until, at, sources)
        if attribute is not None:
            self._placed(new)
        assert fact.valid_until == new.end
        self.known[fact.id] = new

    def _placed(self, new: Statement) -> None:
        """Let one of several values of an attribute end where the next begins."""
        begin, stated_end = new.begin, new.end
        for other in self.known.values():
            if begin is None or other.attribute != new.attribute:
                continue
            if not other.is_told(None, None, self.clock.now()):
                continue
            end = other.end if other.fate is None else other.fate.until
            if end is not None and end <= begin:
                continue
            if stated_end is not None and other.begin is not None and stated_end <= other.begin:
                continue
            if other.begin is not None and other.begin > begin:
                new.end = min(filter(None, (new.end, other.begin)))
            elif other.fate is None:
                ended = other.begin is None or other.begin < begin
                until = begin if ended else other.end
                other.fate = Fate(new.id, new.recorded_at, "ended" if ended else "corrected", until)

    @precondition(lambda self: self.known)
    @rule(handle=handles, chosen=st.integers(0, 100))
    def correct(self, handle: int, chosen: int) -> None:
        statement = list(self.known.values())[chosen % len(self.known)]
        text = f"statement {len(self.known)}"
        correcting = self.memories[handle].correct(statement.id, text, scope=ALICE)
        if statement.fate is not None:
            try:
                self.run(correcting)
            except InputError:
                return
            raise AssertionError("what was superseded can't be corrected")
        fact = self.run(correcting)
        at = self.clock.now()
        begin = fact.valid_from or fact.at
        statement.fate = Fate(fact.id, at, "corrected", statement.end)
        self.known[fact.id] = Statement(
            fact.id,
            statement.attribute,
            begin,
            fact.valid_from is not None,
            statement.end,
            at,
            set(),
        )

    @precondition(lambda self: self.known or self.said)
    @rule(handle=handles, chosen=st.lists(st.integers(0, 100), min_size=1, max_size=3))
    def forget(self, handle: int, chosen: list[int]) -> None:
        there = [*self.known, *self.said]
        ids = {there[number % len(there)] for number in chosen}
        self.run(self.memories[handle].forget(ids, scope=Scope("alice")))
        self.said = [id_ for id_ in self.said if id_ not in ids]
        for statement in list(self.known.values()):
            if statement.id in ids or not statement.sources.isdisjoint(ids):
                self._gone(statement)

    def _gone(self, statement: Statement) -> None:
        del self.known[statement.id]
        for other in self.known.values():
            fate = other.fate
            if fate is None or fate.by != statement.id:
                continue
            later = statement.fate
            if later is not None and later.ending == "corrected":
                later = dataclasses.replace(later, ending=fate.ending, until=fate.until)
            other.fate = later

    @rule(handle=handles)
    def reopen(self, handle: int) -> None:
        self.run(self.memories[handle].aclose())
        self.memories[handle] = self.run(self._opened())

    @rule(as_of=st.none() | days, known_at=st.none() | days)
    def ask(self, as_of: int | None, known_at: int | None) -> None:
        then = None if as_of is None else START + as_of * DAY
        known = None if known_at is None else START + known_at * DAY
        now = self.clock.now()
        expected = [each.id for each in self.known.values() if each.is_told(then, known, now)]
        for memory in self.memories:
            page = self.run(memory.facts(scope=ALICE, as_of=then, known_at=known))
            assert [fact.id for fact in page.items] == expected
            for fact in page.items:
                self._compare(fact, known)
            found = self.run(
                memory.recall(
                    "statement",
                    scope=ALICE,
                    limit=1000,
                    origin="fact",
                    as_of=then,
                    known_at=known,
                    now=now,
                )
            )
            assert sorted(hit.id for hit in found) == sorted(expected)
            ends = {fact.id: fact.valid_until for fact in page.items}
            assert {hit.id: hit.valid_until for hit in found} == ends

    @rule(query=st.sampled_from(["statement", "statement 2 of 01", "statement 3 None"]))
    def search_as_if_opened_anew(self, query: str) -> None:
        async def found(memory: Memory) -> list[Recollection]:
            return await memory.recall(query, scope=ALICE, limit=1000)

        async def afresh() -> list[Recollection]:
            async with Memory.open(self.place, clock=self.clock) as fresh:
                return await found(fresh)

        expected = self.run(afresh())
        for memory in self.memories:
            assert self.run(found(memory)) == expected

    def _compare(self, fact: Fact, known_at: dt.datetime | None) -> None:
        statement = self.known[fact.id]
        fate = statement.fate
        if fate is not None and known_at is not None and fate.at > known_at:
            fate = None
        ended = fate is not None and fate.ending == "ended"
        assert fact.valid_until == (fate.until if fate is not None and ended else statement.end)
        told = (fact.superseded_by, fact.superseded_at, fact.ending)
        assert told == ((None, None, None) if fate is None else (fate.by, fate.at, fate.ending))
        assert set(fact.sources) <= statement.sources
        if known_at is None:
            assert set(fact.sources) == statement.sources

    @invariant()
    def histories_tell_what_became_of_each(self) -> None:
        for statement in list(self.known.values())[-3:]:
            line = {statement.id}
            while True:
                more = {
                    id_
                    for each in self.known.values()
                    if each.fate is not None and {each.id, each.fate.by} & line
                    for id_ in (each.id, each.fate.by)
                }
                if more <= line:
                    break
                line |= more
            told = self.run(self.memories[0].history(statement.id, scope=Scope("alice")))
            assert [fact.id for fact in told] == [id_ for id_ in self.known if id_ in line]


TestFacts = FactsMachine.TestCase
TestFacts.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
