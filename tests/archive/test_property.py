"""Whatever was said, stated, confirmed, corrected and forgotten: it arrives as it left."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import tempfile
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import uuid_utils
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from remanence import Episode, Fact, Memory, Message, Scope
from remanence.store.choosing import store_at
from remanence.store.extraction import Reading
from remanence.store.facts import Confirmation, FactChanges
from remanence.types import Role

T = TypeVar("T")

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SCOPES = [
    Scope("alice", session_id="monday"),
    Scope("alice", "clerk", "monday"),
    Scope("alice", "clerk"),
    Scope("alice"),
]
QUESTIONS = [
    "who said 2 of monday?",
    "statement 1",
    "where does Nora live, said on 3 January 2026?",
]

scopes = st.sampled_from(SCOPES)
chosen = st.lists(st.integers(0, 100), min_size=1, max_size=3)
roles = st.sampled_from(["user", "assistant", "system", "tool"])
offsets = st.sampled_from([0, 3_600, -12_600, 53])
names = st.sampled_from([None, "Nora", "诺拉", "O'Nora\N{HEAVY BLACK HEART}"])
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@dataclasses.dataclass(slots=True)
class Clock:
    """Goes on by a day whenever it is told to."""

    time: dt.datetime = START

    def now(self) -> dt.datetime:
        self.time += dt.timedelta(microseconds=1)
        return self.time


class ArchiveMachine(RuleBasedStateMachine):
    """A memory that is lived in, and looked at from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = contextlib.ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.place = self.empty_place()
        self.clock = Clock()
        self.memory = self.run(self._opened(self.place))
        self.store = store_at(self.place)
        self.run(self.store.open())
        self.said: list[str] = []
        self.stated: list[str] = []
        self.files = 0

    def empty_place(self) -> str | Path:
        """Return where there is nothing yet; what was there may be gone when the machine ends."""
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        return Path(folder) / "memory.db"

    def another_place(self) -> str | Path:
        """Return another one where there is nothing yet."""
        return self.empty_place()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _opened(self, place: str | Path) -> Memory:
        return await Memory.open(place, clock=self.clock)

    def teardown(self) -> None:
        self.run(self.memory.aclose())
        self.run(self.store.aclose())
        self.runner.close()
        self.stack.close()

    @rule()
    def time_goes_on(self) -> None:
        self.clock.time += DAY

    @rule(scope=scopes, role=roles, name=names, text=texts, offset=offsets, marked=st.booleans())
    def say(
        self, scope: Scope, role: Role, name: str | None, text: str, offset: int, marked: bool
    ) -> None:
        zone = dt.timezone(dt.timedelta(seconds=offset))
        message = Message(
            role,
            f"said {len(self.said)} of {scope.session_id}: {text}",
            name=name,
            at=self.clock.now().astimezone(zone),
            id=str(uuid_utils.uuid4()) if marked else None,
            metadata={"text": text, "number": len(self.said), "half": 0.5} if marked else {},
        )
        self.said += [each.id for each in self.run(self.memory.observe(message, scope=scope))]

    @rule(
        scope=scopes,
        attribute=st.sampled_from([None, "eva: city", "eva: job"]),
        begin=st.none() | st.integers(0, 20),
        length=st.none() | st.integers(1, 20),
        sources=st.lists(st.integers(0, 100), max_size=3),
        stated_by=st.none() | roles,
    )
    def state(
        self,
        scope: Scope,
        attribute: str | None,
        begin: int | None,
        length: int | None,
        sources: list[int],
        stated_by: Role | None,
    ) -> None:
        start = None if begin is None else START + begin * DAY
        fact = self.run(
            self.memory.remember(
                f"statement {len(self.stated)} of {begin} and {length}",
                scope=scope,
                kind="profile" if length else None,
                attribute=attribute,
                sources={self.said[number % len(self.said)] for number in sources if self.said},
                stated_by=stated_by,
                valid_from=start,
                valid_until=(start and length and start + length * DAY) or None,
            )
        )
        self.stated.append(fact.id)

    async def _current(self) -> list[Fact]:
        return [
            item
            for item in (await self.memory.list(scope=Scope("alice"), origin="fact")).items
            if isinstance(item, Fact) and item.superseded_at is None
        ]

    @precondition(lambda self: self.stated and self.said)
    @rule(number=st.integers(0, 100), sources=chosen)
    def confirm(self, number: int, sources: list[int]) -> None:
        current = self.run(self._current())
        if not current:
            return
        fact = current[number % len(current)]
        told = tuple({self.said[source % len(self.said)] for source in sources})
        changes = FactChanges(confirmed=(Confirmation(fact.id, told),))
        upto = self.run(self.store.extraction.last_fact("alice"))
        reading = Reading(Scope("alice"), (), changes, upto)
        assert self.run(self.store.extraction.keep_reading(reading)) == "kept"

    @precondition(lambda self: self.stated)
    @rule(number=st.integers(0, 100))
    def correct(self, number: int) -> None:
        current = self.run(self._current())
        if current:
            fact = current[number % len(current)]
            text = f"statement {len(self.stated)}, corrected"
            new = self.run(self.memory.correct(fact.id, text, scope=Scope("alice")))
            self.stated.append(new.id)

    @precondition(lambda self: self.stated or self.said)
    @rule(places=chosen)
    def forget(self, places: list[int]) -> None:
        there = [*self.said, *self.stated]
        ids = {there[place % len(there)] for place in places}
        receipt = self.run(self.memory.forget(ids, scope=Scope("alice")))
        self.said = [id_ for id_ in self.said if id_ not in receipt.ids]
        self.stated = [id_ for id_ in self.stated if id_ not in receipt.ids]

    @rule()
    def travel(self) -> None:
        """Into another store, twice; and into another user's memory, who has something already."""
        self.files += 1
        archive = self.folder / f"{self.files}.zip"
        exported = self.run(self.memory.export(archive, user_id="alice"))
        assert exported.episodes + exported.facts == len(self.said) + len(set(self.stated))
        self.run(self._compare(archive))

    async def _compare(self, archive: Path) -> None:
        async with (
            await self._opened(self.place) as here,
            await self._opened(self.another_place()) as there,
        ):
            expected = await self._looked_at(here, "alice")
            imported = await there.import_archive(archive)
            assert imported.episodes + imported.facts == len(self.said) + len(set(self.stated))
            assert await self._looked_at(there, "alice") == expected
            again = await there.import_archive(archive)
            assert (again.episodes, again.facts, again.facts_completed) == (0, 0, 0)
            assert await self._looked_at(there, "alice") == expected
            twin = await self._import_for_another(there, archive)
            assert twin == await self._import_for_another(here, archive)
            assert await self._looked_at(there, "alice") == expected
            await there.forget_user("carol")
            await here.forget_user("carol")
            # What was forgotten here comes back in its place.
            if self.said:
                await there.forget([self.said[0]], scope=Scope("alice"))
                await there.import_archive(archive)
                everything = await there.list(scope=Scope("alice"), limit=1_000)
                assert {item.id for item in everything.items} == {*self.said, *self.stated}

    async def _import_for_another(self, memory: Memory, archive: Path) -> Mapping[str, Any]:
        await memory.import_archive(archive, user_id="carol")
        return await self._looked_at(memory, "carol")

    async def _looked_at(self, memory: Memory, user: str) -> Mapping[str, Any]:
        """Return all that a memory tells of a user, as if it were Alice's."""
        scope = Scope(user)
        items = (await memory.list(scope=scope, limit=1_000)).items
        moments = [None, START + 2 * DAY, self.clock.time]
        return {
            "items": [_of_alice(item) for item in items],
            "facts": [
                [_of_alice(fact) for fact in page.items]
                for as_of in moments
                for known_at in moments
                for page in [await memory.facts(scope=scope, as_of=as_of, known_at=known_at)]
            ],
            "histories": [
                [_of_alice(fact) for fact in await memory.history(item.id, scope=scope)]
                for item in items
                if isinstance(item, Fact)
            ],
            "around": {
                id_: [_of_alice(each) for each in told]
                for id_, told in (
                    await memory.around([item.id for item in items], scope=scope, before=2, after=1)
                ).items()
            },
            "found": [
                [(hit.id, hit.score) for hit in hits]
                for question in QUESTIONS
                for known_at in moments
                for hits in [
                    await memory.recall(
                        question, scope=scope, limit=1_000, known_at=known_at, now=START + 9 * DAY
                    )
                ]
            ],
        }


def _of_alice(item: Episode | Fact) -> Episode | Fact:
    scope = Scope("alice", item.scope.agent_id, item.scope.session_id)
    return dataclasses.replace(item, scope=scope)


TestArchives = ArchiveMachine.TestCase
TestArchives.settings = settings(
    max_examples=10,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
