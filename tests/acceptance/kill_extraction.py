"""Kills a process that draws facts from what it stores, again and again.

``python -m tests.acceptance.kill_extraction --rounds 200`` prints one row of counts and fails if a
fact is missing, there twice, half-written or superseded by another one than it should be, or if
something is left to be read. The same file goes on through all rounds. What is told are news of
parcels, the same news again, in the same words and in others, and the state of a counter, which
takes the place of its last one.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import dataclasses
import datetime as dt
import importlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from remanence import Episode, Fact, Filter, Memory, Message, Scope
from remanence.llm.protocol import Completion, Question, Usage
from remanence.store.sqlite import SQLiteStore
from remanence.testing.embedder import ScriptedEmbedder
from tests.acceptance.killing import killed

_USERS = ("alice", "bob")
_SESSIONS = 20
"""How many each of them has: one that a killed process was reading waits for its lease to end, so
that all of them come to speak again after that.
"""
_TALKING = 2
"""In how many of these each of them says something in a round."""
_MESSAGES = 60
"""How many they say there at most."""
_KINDS = 4
_AGAIN = "As I said, p"
_SETTLE_SECONDS = 90.0
_HALF = 2**-11
"""By so much a number of a unit vector differs from itself in half precision at most."""

_START = dt.datetime(2024, 5, 1, 9, tzinfo=dt.UTC)
_STAGES = ("reading", "weighing")
_LATELY = 6
"""So many lines are written in about 10 milliseconds."""


@dataclasses.dataclass
class Outcome:
    """What was found, over all rounds; facts are counted, unless something else is said."""

    rounds: int = 0
    reading: int = 0
    """Rounds in which the model was being asked for facts when the process was killed."""
    weighing: int = 0
    """Rounds in which it was being asked for verdicts."""
    keeping: int = 0
    """Rounds in which an answer had come a moment before."""
    messages: int = 0
    facts: int = 0
    confirmed: int = 0
    superseded: int = 0
    missing: int = 0
    twice: int = 0
    torn: int = 0
    """Without just the sources, the end, the place in searches or the vector that they should have.
    """
    unread: int = 0
    """Messages that were never read."""
    jobs: int = 0
    """What is left to do."""
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class _Expected:
    """A fact as it has to be in the end.

    Attributes:
        sources: The ids of the messages that it rests on.
        by: The text of the fact that took its place.
        until: When that was.
    """

    sources: frozenset[str]
    by: str | None = None
    until: dt.datetime | None = None


def _said(user: str, session: int, number: int) -> Message:
    """Return a message of a session; the same for the same arguments."""
    parcel = f"{user}{session}x{number - number % _KINDS}"
    texts = (
        f"Parcel {parcel} came to the station.",
        f"Parcel {parcel} came to the station.",
        f"{_AGAIN}arcel {parcel} came to the station, to nobody's surprise.",
        f"The counter of {user}{session} shows {number}.",
    )
    at = _START + dt.timedelta(minutes=number)
    return Message("user", texts[number % _KINDS], id=f"{user}/{session}/{number}", at=at)


def _expected(user: str, session: int, amount: int) -> dict[str, _Expected]:
    """Return what has to be known once so many messages of a session were read, by its text."""
    told = [_said(user, session, number) for number in range(amount)]
    facts: dict[str, _Expected] = {}
    counters: list[Message] = []
    for start in range(0, amount, _KINDS):
        news = told[start : start + _KINDS - 1]
        facts[news[0].content] = _Expected(frozenset(str(message.id) for message in news))
        counters += told[start + _KINDS - 1 : start + _KINDS]
    for place, counter in enumerate(counters):
        after = counters[place + 1] if place + 1 < len(counters) else None
        facts[counter.content] = _Expected(
            frozenset([str(counter.id)]),
            None if after is None else after.content,
            None if after is None else after.at,
        )
    return facts


class _Slow:
    """A chat model that takes its time, and tells what it is at."""

    identity = "slow"

    def __init__(self, pipe: int | None = None) -> None:
        self._pipe = pipe

    async def ask(self, question: Question) -> Completion:
        shown = [json.loads(line) for line in question.text.splitlines() if line[:2] == '{"']
        reads = question.name == "facts"
        stage = "reading" if reads else "weighing"
        self._tell(f"begins {stage}")
        await asyncio.sleep(0.02 + 0.002 * (len(shown) % 20))
        self._tell(f"ends {stage}")
        if reads:
            new = [each for each in shown if each["id"].startswith("e")]
            return Completion({"facts": _facts(new)}, Usage())
        known = {each["id"]: each["statement"] for each in shown if each["id"].startswith("k")}
        drafts = [each for each in shown if each["id"].startswith("d")]
        return Completion({"verdicts": [_verdict(each, known) for each in drafts]}, Usage())

    def _tell(self, line: str) -> None:
        if self._pipe is not None:
            os.write(self._pipe, f"{line}\n".encode())


def _facts(new: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Tell each message; what says in other words what another one says, in the words of that."""
    told = {each["text"] for each in new}
    return [_fact(each, told) for each in new]


def _fact(shown: Mapping[str, Any], told: Set[str]) -> Mapping[str, Any]:
    statement: str = shown["text"]
    if statement.startswith(_AGAIN):
        first = f"P{statement.removeprefix(_AGAIN).partition(',')[0]}."
        statement = first if first in told else statement
    fact = {"statement": statement, "kind": "event", "sources": [shown["id"]], "confidence": 0.9}
    if statement.startswith("The counter"):
        fact["kind"] = "profile"
        fact["attribute"] = f"{statement.split()[3]}: counter"
    return fact


def _verdict(draft: Mapping[str, Any], known: Mapping[str, str]) -> Mapping[str, Any]:
    """Confirm the news that a draft tells again, add everything else."""
    if draft["statement"].startswith(_AGAIN):
        parcel = f"{draft['statement'].split()[4]} "
        same = [id_ for id_ in draft["compare"] if known[id_].startswith(f"Parcel {parcel}")]
        return {"draft": draft["id"], "action": "confirm", "known": same[:1]}
    return {"draft": draft["id"], "action": "add"}


def _embedder() -> ScriptedEmbedder:
    return ScriptedEmbedder(dimensions=16, batch=8)


async def _talk_until_killed(
    path: Path, pipe: int, round_: int, told: Mapping[tuple[str, int], int]
) -> None:
    """Go on where each session ended, as far as that was acknowledged."""

    async def talk(user: str, session: int) -> None:
        number = told[user, session]
        for _ in range(_MESSAGES):
            scope = Scope(user, session_id=str(session))
            await memory.observe(_said(user, session, number), scope=scope)
            os.write(pipe, f"told {user} {session} {number}\n".encode())
            number += 1
            await asyncio.sleep(0.02)

    opened = Memory.open(path, embedder=_embedder(), chat_model=_Slow(pipe), extract_after=0.0)
    async with opened as memory, asyncio.TaskGroup() as group:
        os.write(pipe, b"open\n")
        for user in _USERS:
            for place in range(_TALKING):
                group.create_task(talk(user, (_TALKING * round_ + place) % _SESSIONS))
        group.create_task(asyncio.Event().wait())


def _stages(lines: Sequence[str]) -> list[str]:
    """Return what a process was at when it was killed."""
    asked = [tuple(line.split()) for line in lines if line.startswith(("begins", "ends"))]
    at = [
        stage for stage in _STAGES if asked.count(("begins", stage)) > asked.count(("ends", stage))
    ]
    return [*at, "keeping"] if any(line.startswith("ends") for line in lines[-_LATELY:]) else at


async def _known(memory: Memory, user: str) -> tuple[list[Fact], dict[str, Episode]]:
    facts: list[Fact] = []
    episodes: dict[str, Episode] = {}
    cursor: str | None = None
    while True:
        page = await memory.list(scope=Scope(user), limit=10_000, cursor=cursor)
        facts += [item for item in page.items if isinstance(item, Fact)]
        episodes |= {item.id: item for item in page.items if isinstance(item, Episode)}
        cursor = page.cursor
        if cursor is None:
            return facts, episodes


def _is_torn(fact: Fact, by_id: Mapping[str, Fact], episodes: Mapping[str, Episode]) -> bool:
    """Return whether a fact that may have been stored a moment ago is not whole."""
    ended = (fact.superseded_at, fact.superseded_by, fact.ending)
    whole = all(each is None for each in ended) or (
        fact.superseded_by in by_id and fact.ending == "ended" and fact.superseded_at is not None
    )
    return not (whole and fact.sources and all(source in episodes for source in fact.sources))


async def _look(path: Path, outcome: Outcome) -> None:
    """Look at what is there after a kill, before anything goes on."""
    async with Memory.open(path) as memory:
        for user in _USERS:
            facts, episodes = await _known(memory, user)
            by_id = {fact.id: fact for fact in facts}
            outcome.torn += sum(_is_torn(fact, by_id, episodes) for fact in facts)
            outcome.twice += len(facts) - len({fact.text for fact in facts})


async def _finish(path: Path, outcome: Outcome, told: Mapping[tuple[str, int], int]) -> None:
    """Let all be read, and compare what is known with what has to be."""
    async with Memory.open(
        path, embedder=_embedder(), chat_model=_Slow(), extract_after=0.0
    ) as memory:
        for (user, session), number in told.items():  # of the next one nobody knows
            scope = Scope(user, session_id=str(session))
            await memory.observe(_said(user, session, number), scope=scope)
        settled = await memory.settle(_SETTLE_SECONDS)
        for user in _USERS:
            await _compare(memory, outcome, user, told)
            # What was never marked as read would be read now.
            outcome.unread += await memory.extract(scope=Scope(user))
        stats = await memory.stats()
        outcome.unread += stats.unextracted + stats.unembedded
        outcome.jobs += 0 if settled else 1
    await _look_at_jobs(path, outcome)
    _check(path)


async def _compare(
    memory: Memory, outcome: Outcome, user: str, told: Mapping[tuple[str, int], int]
) -> None:
    facts, episodes = await _known(memory, user)
    messages = {id_: str(episode.message_id) for id_, episode in episodes.items()}
    wanted = {
        text: fact
        for (whose, session), number in told.items()
        if whose == user
        for text, fact in _expected(user, session, number + 1).items()
    }
    there = collections.Counter(fact.text for fact in facts)
    texts = {fact.id: fact.text for fact in facts}
    outcome.messages += len(messages)
    outcome.facts += len(facts)
    outcome.missing += len(wanted.keys() - there.keys())
    outcome.twice += sum(count - (text in wanted) for text, count in there.items())
    for fact in facts:
        want = wanted.get(fact.text)
        if want is None:
            continue
        sources = [messages[source] for source in fact.sources]
        by = texts.get(fact.superseded_by or "")
        as_wanted = (by, fact.valid_until) == (want.by, want.until)
        as_wanted &= sorted(sources) == sorted(want.sources)
        as_wanted &= fact.ending == (None if want.by is None else "ended")
        outcome.torn += not as_wanted
        outcome.confirmed += len(want.sources) - 1
        outcome.superseded += want.by is not None
    current = [fact for fact in facts if fact.superseded_at is None]
    for fact in current:
        hits = await memory.recall(fact.text, scope=Scope(user), origin="fact", limit=3)
        outcome.torn += fact.id not in [hit.id for hit in hits]


async def _look_at_jobs(path: Path, outcome: Outcome) -> None:
    """Count what is left to do, and vectors that are missing or of other texts."""
    store, model = SQLiteStore(path), _embedder()
    await store.open()
    try:
        outcome.jobs += len(await store.jobs.jobs(states=["pending", "leased", "parked"]))
        number = await store.vectors.choose(model.identity, model.dimensions)
        for user in _USERS:
            numbered = await store.page(Filter(user), after=0, limit=10**6, origin="fact")
            facts = {place: item.text for place, item in numbered if isinstance(item, Fact)}
            vectors: dict[int, npt.NDArray[np.float32]] = {}
            for block in (await store.vectors.load(user, number, after=0, limit=10**6)).blocks:
                vectors |= dict(zip(block.numbers.tolist(), block.data, strict=True))
            right = dict(zip(facts, await model.embed_documents(list(facts.values())), strict=True))
            outcome.torn += sum(
                place not in vectors or bool(np.abs(vectors[place] - vector).max() > _HALF)
                for place, vector in right.items()
            )
    finally:
        await store.aclose()


def _check(path: Path) -> None:
    """Check the whole file.

    Raises:
        AssertionError: It is damaged.
    """
    connection: Any = apsw.Connection(str(path))
    try:
        damage = list(connection.pragma("foreign_key_check") or ())
        sound = connection.pragma("integrity_check")
    finally:
        connection.close()
    assert sound == "ok", sound
    assert not damage, damage


def run(path: Path, rounds: int, seed: int) -> Outcome:
    """Kill ``rounds`` processes that read what is in a file, and count what is there in the end."""
    random_ = random.Random(seed)
    began = time.monotonic()
    outcome = Outcome()
    told = {(user, session): 0 for user in _USERS for session in range(_SESSIONS)}
    importlib.import_module("remanence.extraction")  # once, and not in every process
    for round_ in range(rounds):
        lines = killed(
            lambda pipe, round_=round_: _talk_until_killed(path, pipe, round_, told),
            delay=random_.uniform(0.1, 1.1),
        )
        outcome.rounds += 1
        for line in lines:
            if line.startswith("told"):
                _, user, session, number = line.split()
                told[user, int(session)] = int(number) + 1
        for stage in _stages(lines):
            setattr(outcome, stage, getattr(outcome, stage) + 1)
        asyncio.run(_look(path, outcome))
        if failed(outcome):
            break
    asyncio.run(_finish(path, outcome, told))
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def failed(outcome: Outcome) -> bool:
    """Return whether anything is wrong."""
    wrong = (outcome.missing, outcome.twice, outcome.torn, outcome.unread, outcome.jobs)
    return any(wrong)


def main() -> int:
    """Run by the command line's arguments and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder) / "memory.db", arguments.rounds, arguments.seed)
    counts = dataclasses.asdict(outcome)
    print(" ".join(f"{name:>10}" for name in counts))
    print(" ".join(f"{count:>10}" for count in counts.values()))
    return 1 if failed(outcome) else 0


if __name__ == "__main__":
    sys.exit(main())
