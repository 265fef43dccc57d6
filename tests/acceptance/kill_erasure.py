"""Kills a process in the middle of an erasure, again and again.

``python -m tests.acceptance.kill_erasure --rounds 200`` prints one row of counts and fails if
anything of what was to be erased is recalled or listed afterwards, by a process that had the file
open all the time, or is left in the file when it was opened again, or if anything else changed. The
same file goes on through all rounds, with a user to be erased in each of them.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from remanence import Conversation, Memory, Message, Scope
from remanence.store.erasing import NewErasure
from remanence.testing.embedder import ScriptedEmbedder
from tests.acceptance.killing import killed

_EPISODES = 400
_SESSIONS = 3
_FACT_EVERY = 8
_STAYING = "bob"
_QUERY = "Where is the parcel?"


@dataclasses.dataclass
class Outcome:
    """What was found, over all rounds."""

    rounds: int = 0
    asked: int = 0
    """Rounds in which the process was killed while its rows were there."""
    removed: int = 0
    """Rounds in which they were gone, and not all was overwritten."""
    done: int = 0
    """Rounds in which all was done, and it had not told so."""
    episodes: int = 0
    recalled: int = 0
    """What another process found of it after the kill."""
    left: int = 0
    """Rows that were left when the file had been opened again."""
    readable: int = 0
    """Words that were left in the file then."""
    undone: int = 0
    """Erasures that were not carried out then, or not written down once."""
    changed: int = 0
    """Recalls of another user that were not what they had been."""
    seconds: float = 0.0


def _word(user: str, number: int) -> str:
    return f"qz{user}x{number:04}vk"


def _open(path: Path) -> Memory:
    return Memory.open(path, embedder=ScriptedEmbedder())


async def _fill(path: Path, user: str, others: str) -> None:
    """Store a user who is to be erased, and in between something of another one."""
    sessions = [
        Conversation(
            Scope(user, session_id=f"session-{session}"),
            tuple(
                Message("user", f"The parcel {_word(user, number)} is at the station.")
                for number in range(session, _EPISODES, _SESSIONS)
            ),
        )
        for session in range(_SESSIONS)
    ]
    async with _open(path) as memory:
        for conversation in sessions:
            (kept,) = await memory.observe_all([conversation])
            for number, episode in enumerate(kept[::_FACT_EVERY]):
                text = f"A parcel {_word(user, 5000 + number)} has come."
                await memory.remember(text, scope=conversation.scope, sources=[episode.id])
            await memory.observe(
                Message("user", f"My parcel {user} is on its way."), scope=Scope(others)
            )
        assert await memory.settle()


async def _erase_until_killed(path: Path, user: str, pipe: int) -> None:
    async with _open(path) as memory:
        erasures = memory._store.erasures  # pyright: ignore[reportPrivateUsage]
        ask = erasures.ask

        async def asked(wanted: Sequence[NewErasure]) -> list[int]:
            numbers = await ask(wanted)
            os.write(pipe, b"asked\n")
            return numbers

        erasures.ask = asked  # pyright: ignore[reportAttributeAccessIssue]
        await memory.forget_user(user, asked_by="test")
        os.write(pipe, b"told\n")
        await asyncio.sleep(60)


class _Watcher:
    """A process that has the file open all the time, and tells what it finds of a user."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.kill_erasure", "--watch", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def found(self, user: str) -> int:
        """Return how much is recalled and listed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(user, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


async def _watch(path: Path) -> None:
    async with _open(path) as memory:
        for line in iter(sys.stdin.readline, ""):
            scope = Scope(line.strip())
            hits = await memory.recall(_QUERY, scope=scope)
            page = await memory.list(scope=scope)
            facts = await memory.facts(scope=scope)
            print(len(hits) + len(page.items) + len(facts.items), flush=True)


def _stage(path: Path) -> str:
    """Return how far the erasure came."""
    connection: Any = apsw.Connection(str(path))
    try:
        rows: list[tuple[int]] = connection.execute("SELECT rows_gone FROM erasures").fetchall()
    finally:
        connection.close()
    return "done" if not rows else ("asked", "removed", "done")[rows[-1][0]]


async def _recalls(path: Path) -> list[tuple[str, float]]:
    async with _open(path) as memory:
        hits = await memory.recall(_QUERY, scope=Scope(_STAYING), limit=50)
    return [(hit.id, hit.score) for hit in hits]


def _check(path: Path, user: str, outcome: Outcome) -> None:
    """Count what is left of a user in rows and in bytes, and check the whole file."""
    connection: Any = apsw.Connection(str(path))
    try:
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT m.name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c "
                "WHERE m.type = 'table' AND c.name = 'user_id' "
                "AND m.name NOT IN ('audit', 'erasures')"
            )
        ]
        for name in tables:
            outcome.left += connection.execute(
                f"SELECT count(*) FROM {name} WHERE user_id = ?",
                (user,),
            ).fetchone()[0]
        told = connection.execute(
            "SELECT count(*) FROM audit WHERE user_id = ? AND action = 'forget'", (user,)
        ).fetchone()[0]
        pending = connection.execute("SELECT count(*) FROM erasures WHERE rows_gone < 2")
        outcome.undone += pending.fetchone()[0] + (told != 1)
        assert connection.pragma("integrity_check") == "ok"
    finally:
        connection.close()
    data = b"".join(file.read_bytes() for file in path.parent.iterdir())
    words = (_word(user, number) for number in (*range(_EPISODES), *range(5000, 5100)))
    outcome.readable += sum(word.encode() in data for word in words)


def run(path: Path, rounds: int, seed: int) -> Outcome:
    """Kill ``rounds`` processes that erase a user, and count what is there afterwards."""
    random_ = random.Random(seed)
    began = time.monotonic()
    outcome = Outcome()
    asyncio.run(_fill(path, "nobody", _STAYING))
    watcher = _Watcher(path)
    try:
        for round_ in range(rounds):
            user = f"alice{round_}"
            asyncio.run(_fill(path, user, _STAYING))
            assert watcher.found(user) > 0
            before = asyncio.run(_recalls(path))
            killed(
                lambda pipe, user=user: _erase_until_killed(path, user, pipe),
                delay=random_.uniform(0.0, 0.03),
            )
            stage = _stage(path)
            setattr(outcome, stage, getattr(outcome, stage) + 1)
            outcome.rounds += 1
            outcome.episodes += _EPISODES
            outcome.recalled += watcher.found(user)
            outcome.changed += asyncio.run(_recalls(path)) != before  # which opens it again
            _check(path, user, outcome)
            if failed(outcome):
                break
    finally:
        watcher.close()
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def failed(outcome: Outcome) -> bool:
    """Return whether anything is wrong."""
    wrong = (outcome.recalled, outcome.left, outcome.readable, outcome.undone, outcome.changed)
    return any(wrong)


def main() -> int:
    """Run by the command line's arguments and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--watch", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.watch is not None:
        asyncio.run(_watch(arguments.watch))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder) / "memory.db", arguments.rounds, arguments.seed)
    counts = dataclasses.asdict(outcome)
    print(" ".join(f"{name:>9}" for name in counts))
    print(" ".join(f"{count:>9}" for count in counts.values()))
    return 1 if failed(outcome) else 0


if __name__ == "__main__":
    sys.exit(main())
