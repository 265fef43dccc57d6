"""Kills a process that is writing, again and again, and checks what it acknowledged.

``python -m tests.acceptance.kill --rounds 200`` prints one row of counts and fails if anything
acknowledged is missing. The same file goes on through all rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import dataclasses
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import apsw

from remanence import Episode, Memory, Message, Scope
from tests.acceptance.killing import killed

_OBSERVERS = 16
_USERS = ("alice", "bob")
_SESSIONS = 3
_LONGEST_CALL = 4
_CHECKED_ROUNDS = 20
"""After so many rounds the whole file is checked after each tenth only, for it has grown."""


@dataclasses.dataclass
class Outcome:
    """What was found, over all rounds so far; messages are counted, except in ``torn``."""

    rounds: int = 0
    acknowledged: int = 0
    found: int = 0
    missing: int = 0
    twice: int = 0
    torn: int = 0
    """Calls of which some messages are there and others are not."""
    seconds: float = 0.0


def _scope(observer: int) -> Scope:
    return Scope(_USERS[observer % len(_USERS)], session_id=f"s{observer % _SESSIONS}")


def _call(round_: int, observer: int, number: int) -> list[Message]:
    """Return the messages of one call; the same for the same arguments."""
    word = f"r{round_}o{observer}n{number}"
    length = 1 + (round_ + observer + number) % _LONGEST_CALL
    return [
        Message("user", f"The parcel {word} is part {part} of {length}.", id=f"{word}/{part}")
        for part in range(length)
    ]


async def _observe_until_killed(path: Path, pipe: int, round_: int) -> None:
    async def observe(observer: int) -> None:
        number = 0
        while True:
            messages = _call(round_, observer, number)
            stored = await memory.observe(messages, scope=_scope(observer))
            ids = "".join(f"{episode.message_id}\n" for episode in stored)
            os.write(pipe, f"{ids}{observer} {number}\n".encode())
            number += 1

    async with Memory.open(path) as memory, asyncio.TaskGroup() as group:
        for observer in range(_OBSERVERS):
            group.create_task(observe(observer))


def _kill_one(path: Path, round_: int, delay: float) -> set[str]:
    """Start a process that writes, kill it, and return the message ids it acknowledged."""
    lines = killed(lambda pipe: _observe_until_killed(path, pipe, round_), delay=delay)
    return {line for line in lines if "/" in line}


async def _stored(memory: Memory) -> dict[Scope, list[Episode]]:
    """Return the episodes of all sessions, each in the order of its positions."""
    sessions: dict[Scope, list[Episode]] = collections.defaultdict(list)
    for user in _USERS:
        cursor = None
        while True:
            page = await memory.list(scope=Scope(user), limit=10_000, cursor=cursor)
            for item in page.items:
                assert isinstance(item, Episode)
                sessions[item.scope].append(item)
            if (cursor := page.cursor) is None:
                break
    return sessions


def _scope_of(message_id: str) -> Scope:
    return _scope(int(message_id.partition("o")[2].partition("n")[0]))


async def _check(path: Path, acknowledged: set[str], outcome: Outcome) -> None:
    """Compare all that was acknowledged with all that is there."""
    async with Memory.open(path) as memory:
        sessions = await _stored(memory)
    for scope, episodes in sessions.items():
        positions = [episode.position for episode in episodes]
        assert positions == list(range(len(episodes))), f"{scope}: positions {positions}"
    counts = collections.Counter(
        str(episode.message_id) for episodes in sessions.values() for episode in episodes
    )
    outcome.found = sum(message_id in counts for message_id in acknowledged)
    outcome.missing = len(acknowledged) - outcome.found
    outcome.twice = sum(count > 1 for count in counts.values())
    outcome.torn = _torn(sessions)
    connection = apsw.Connection(str(path))
    try:
        found = connection.execute("PRAGMA integrity_check").get  # pyright: ignore[reportUnknownMemberType]
        assert found == "ok", f"integrity_check: {found}"
    finally:
        connection.close()


async def _check_last(path: Path, acknowledged: set[str]) -> int:
    """Return how many messages of the last round are missing; some of the others are recalled."""
    scopes: dict[Scope, list[str]] = collections.defaultdict(list)
    for message_id in sorted(acknowledged):
        scopes[_scope_of(message_id)].append(message_id)
    found = 0
    async with Memory.open(path) as memory:
        for scope, ids in scopes.items():
            found += len(await memory.episode_ids(ids, scope=scope))
            word = ids[0].split("/")[0]
            hits = await memory.recall(f"Where is {word}?", scope=scope, limit=1)
            assert [word in hit.text for hit in hits] == [True], f"{word} is not recalled"
    return len(acknowledged) - found


def _torn(sessions: dict[Scope, list[Episode]]) -> int:
    parts: collections.Counter[str] = collections.Counter()
    wanted: dict[str, int] = {}
    for episodes in sessions.values():
        for episode in episodes:
            word = str(episode.message_id).split("/")[0]
            parts[word] += 1
            wanted[word] = int(episode.content.rstrip(".").split()[-1])
    return sum(count != wanted[word] for word, count in parts.items())


def run(path: Path, rounds: int, seed: int) -> Outcome:
    """Kill ``rounds`` writers of the file at ``path`` and count what is there after the last."""
    random_ = random.Random(seed)
    began = time.monotonic()
    outcome = Outcome()
    acknowledged: set[str] = set()
    for round_ in range(rounds):
        last = _kill_one(path, round_, random_.uniform(0.002, 0.060))
        acknowledged |= last
        outcome.rounds += 1
        outcome.acknowledged = len(acknowledged)
        outcome.missing = asyncio.run(_check_last(path, last))
        if round_ < _CHECKED_ROUNDS or round_ % 10 == 9 or round_ == rounds - 1 or outcome.missing:
            asyncio.run(_check(path, acknowledged, outcome))
        if outcome.missing or outcome.twice or outcome.torn:
            break
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def main() -> int:
    """Run by the command line's arguments and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder) / "memory.db", arguments.rounds, arguments.seed)
    counts = dataclasses.asdict(outcome)
    print(" ".join(f"{name:>12}" for name in counts))
    print(" ".join(f"{count:>12}" for count in counts.values()))
    return 1 if outcome.missing or outcome.twice or outcome.torn else 0


if __name__ == "__main__":
    sys.exit(main())
