"""Kills a process that gives a memory vectors of another embedder, again and again.

``python -m tests.acceptance.kill_embedding --rounds 200`` prints one row of counts and fails if
vectors are missing in the end, are of another embedder, or are made again without need. When one
embedder has come to the end, the next rounds go on with another one, on the same file.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from remanence import Episode, Memory, Message, Scope
from remanence.store.sqlite import SQLiteStore
from remanence.testing.embedder import ScriptedEmbedder
from tests.acceptance.killing import killed

_USERS = ("alice", "bob")
_ITEMS = 300
"""How many each of them has."""
_BATCH = 8
_SETTLED = "settled"
_HALF = 2**-11
"""By so much a number of a unit vector differs from itself in half precision at most."""


@dataclasses.dataclass
class Outcome:
    """What was found, over all rounds so far; vectors are counted."""

    rounds: int = 0
    embedders: int = 0
    """How many came to the end."""
    made: int = 0
    needed: int = 0
    again: int = 0
    """Made more than once: what was under way when a process was killed."""
    foreign: int = 0
    lost: int = 0
    """There before a process was killed, and not there after it."""
    unfound: int = 0
    """Recalls that did not find what they should, while vectors were being made."""
    seconds: float = 0.0


class _Slow(ScriptedEmbedder):
    """Takes its time, and tells what it has done."""

    def __init__(self, number: int, pipe: int | None = None) -> None:
        super().__init__(f"embedder-{number}", dimensions=16, batch=_BATCH)
        self._pipe = pipe

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        await asyncio.sleep(0.02)
        if self._pipe is not None and "parcel" in texts[0]:
            os.write(self._pipe, f"made {len(texts)}\n".encode())
        return await super().embed_documents(texts)


def _text(user: str, number: int) -> str:
    return f"The parcel {user}{number} is at the station."


async def _fill(path: Path) -> None:
    async with Memory.open(path) as memory:
        for user in _USERS:
            texts = [Message("user", _text(user, number)) for number in range(_ITEMS)]
            await memory.observe(texts, scope=Scope(user))


async def _embed_until_killed(path: Path, embedder: int, pipe: int) -> None:
    async def ask() -> None:
        number = 0
        while True:
            user = _USERS[number % len(_USERS)]
            wanted = _text(user, number % _ITEMS)
            hits = await memory.recall(f"Where is {wanted.split()[2]}?", scope=Scope(user), limit=3)
            if wanted not in [hit.text for hit in hits]:
                os.write(pipe, b"unfound\n")
            number += 1

    async with Memory.open(path, embedder=_Slow(embedder, pipe)) as memory:
        os.write(pipe, b"open\n")
        asking = asyncio.create_task(ask())
        if await memory.settle():
            os.write(pipe, f"{_SETTLED}\n".encode())
        await asking


async def _kept(path: Path, embedder: int) -> tuple[int, int]:
    """Return how many vectors an embedder has in the file, and how many of them are not its own."""
    store, model = SQLiteStore(path), _Slow(embedder)
    await store.open()
    try:
        number = await store.vectors.choose(model.identity, model.dimensions)
        total = foreign = 0
        for user in _USERS:
            for block in (await store.vectors.load(user, number, after=0, limit=1_000)).blocks:
                items = await store.at_sequence(user, block.numbers.tolist())
                stored = [items[each] for each in block.numbers.tolist()]
                texts = [item.content for item in stored if isinstance(item, Episode)]
                wanted = await model.embed_documents(texts)
                strange = np.abs(block.data - wanted).max(axis=1) > _HALF
                total += len(texts)
                foreign += int(strange.sum())
        return total, foreign
    finally:
        await store.aclose()


def run(path: Path, rounds: int, seed: int) -> Outcome:
    """Kill ``rounds`` processes that embed the file at ``path`` and count what is there."""
    random_ = random.Random(seed)
    began = time.monotonic()
    outcome = Outcome()
    asyncio.run(_fill(path))
    embedder, had = 0, 0
    for _ in range(rounds):
        lines = killed(
            lambda pipe, number=embedder: _embed_until_killed(path, number, pipe),
            delay=random_.uniform(0.05, 1.0) + (3.0 if had else 0.0),
        )
        outcome.rounds += 1
        outcome.made += sum(int(line.split()[1]) for line in lines if line.startswith("made"))
        outcome.unfound += lines.count("unfound")
        has, foreign = asyncio.run(_kept(path, embedder))
        outcome.foreign += foreign
        outcome.lost += max(0, had - has)
        outcome.needed += has - had
        had = has
        if _SETTLED in lines:
            outcome.lost += len(_USERS) * _ITEMS - has
            outcome.embedders += 1
            embedder, had = embedder + 1, 0
    outcome.again = outcome.made - outcome.needed
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def failed(outcome: Outcome) -> bool:
    """Return whether anything is wrong: a kill costs what was under way, for each user, at most."""
    under_way = outcome.rounds * len(_USERS) * _BATCH
    return bool(
        outcome.foreign or outcome.lost or outcome.unfound or not 0 <= outcome.again <= under_way
    )


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
