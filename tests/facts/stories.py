"""Conversations that a scripted model reads, and what is known after each turn of them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from remanence import Episode, Fact, Filter, Memory, Message, Scope
from remanence.llm.protocol import Completion, Question, Usage
from remanence.types import Role

__all__ = ["Story", "fact", "moment", "story", "verdict"]

Told = Mapping[str, Any]
Answer = Mapping[str, Any] | Exception | Callable[[Question], Awaitable[Any]]


def fact(statement: str, **more: Any) -> Told:
    """Return a fact as a model tells it; by default of the first new message."""
    return {
        "statement": statement,
        "kind": "profile",
        "sources": ["e1"],
        "confidence": 0.9,
        "change": "states",
        **more,
    }


def verdict(action: str, *known: str) -> Told:
    """Return what a model decides of one draft; known statements are named by their texts."""
    return {"action": action, "known": known}


@dataclasses.dataclass(slots=True)
class Clock:
    """Stands where it was set."""

    time: dt.datetime

    def now(self) -> dt.datetime:
        return self.time


@dataclasses.dataclass(slots=True)
class Reader:
    """Answers with what it was told to, first about what was said, then about what is in doubt."""

    found: list[Answer] = dataclasses.field(default_factory=list[Answer])
    decided: list[Sequence[Told]] = dataclasses.field(default_factory=list[Sequence[Told]])
    questions: list[Question] = dataclasses.field(default_factory=list[Question])
    when_in_doubt: Callable[[], Awaitable[object]] | None = None

    identity = "scripted"

    async def ask(self, question: Question) -> Completion:
        self.questions.append(question)
        if "verdicts" in json.dumps(question.schema):
            if self.when_in_doubt is not None:
                await self.when_in_doubt()
            return Completion(self._verdicts(question), Usage(10, 1))
        answer: Answer = self.found.pop(0) if self.found else {"facts": []}
        if isinstance(answer, Exception):
            raise answer
        return Completion(await answer(question) if callable(answer) else answer, Usage(100, 10))

    def _verdicts(self, question: Question) -> Any:
        lines = [json.loads(line) for line in re.findall(r"^\{.*\}$", question.text, re.MULTILINE)]
        ids = {line["statement"]: line["id"] for line in lines if line["id"].startswith("k")}
        drafts = [line["id"] for line in lines if line["id"].startswith("d")]
        decided = self.decided.pop(0)
        assert len(decided) == len(drafts), f"{question.text}\n{decided}"
        return {
            "verdicts": [
                {"draft": id_, **told, "known": [ids[text] for text in told["known"]]}
                for id_, told in zip(drafts, decided, strict=True)
            ]
        }


@dataclasses.dataclass(slots=True)
class Story:
    """A memory, and a clock that goes on with what is said."""

    memory: Memory
    reader: Reader
    clock: Clock
    scope: Scope

    async def says(
        self,
        when: str,
        text: str,
        *found: Told,
        role: Role = "user",
        name: str | None = None,
        session: str = "monday",
        decided: Sequence[Told] = (),
    ) -> Episode:
        """Say something at a time, have it read, and the model find these facts in it."""
        self.clock.time = moment(when)
        self.reader.found.append({"facts": list(found)})
        if decided:
            self.reader.decided.append(decided)
        message = Message(role, text, name=name, at=self.clock.time)
        scope = dataclasses.replace(self.scope, session_id=session)
        (episode,) = await self.memory.observe([message], scope=scope)
        assert await self.memory.settle(20), self.memory.faults.counts
        assert not self.reader.found
        assert not self.reader.decided, "nothing was in doubt"
        return episode

    async def told(self, *, as_of: str | None = None, known_at: str | None = None) -> list[Fact]:
        """Return the facts that are known, or were true or known at a time."""
        page = await self.memory.facts(
            scope=self.where, as_of=_moment(as_of), known_at=_moment(known_at)
        )
        return list(page.items)

    async def facts(self, *, as_of: str | None = None, known_at: str | None = None) -> list[str]:
        """Return their statements."""
        return [fact.text for fact in await self.told(as_of=as_of, known_at=known_at)]

    async def recalls(
        self, question: str, *, as_of: str | None = None, known_at: str | None = None
    ) -> list[str]:
        """Return the statements that are found for a question, best first."""
        found = await self.memory.recall(
            question,
            scope=self.where,
            origin="fact",
            as_of=_moment(as_of),
            known_at=_moment(known_at),
        )
        return [hit.text for hit in found]

    @property
    def where(self) -> Filter:
        """All of the user's."""
        return Filter(self.scope.user_id)


def moment(text: str) -> dt.datetime:
    """Return a time in ISO 8601; in UTC if it does not say otherwise."""
    time = dt.datetime.fromisoformat(text)
    return time if time.tzinfo is not None else time.replace(tzinfo=dt.UTC)


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else moment(text)


@contextlib.asynccontextmanager
async def story(path: Path, **settings: Any) -> AsyncGenerator[Story]:
    """Open a memory whose model finds what it is told to find."""
    reader, clock = Reader(), Clock(moment("2026-01-01"))
    async with asyncio.timeout(60):
        opening = Memory.open(path / "memory.db", chat_model=reader, clock=clock, **settings)
        async with opening as memory:
            yield Story(memory, reader, clock, Scope("maria", "clerk"))
