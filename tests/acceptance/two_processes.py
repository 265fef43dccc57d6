"""One of two processes that write, forget and recall in one file at once.

They tell each other what they did in files they only append to: ``said`` after a message is
stored, ``forgetting`` before and ``forgot`` after one is erased. A process reads the other's file
before each recall, so what it knows then had happened before the recall began.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import os
import random
import string
import sys
import time
from pathlib import Path

from remanence import Memory, Message, Recollection, Scope

USER = Scope("alice")


class Diary:
    """A file to which one process appends and which the other reads."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._rest = b""

    def write(self, verb: str, id_: str, word: str) -> None:
        os.write(self._file, f"{verb} {id_} {word}\n".encode())

    def news(self) -> list[tuple[str, str, str]]:
        """Return what was written since the last time."""
        while read := os.read(self._file, 65_536):
            self._rest += read
        *lines, self._rest = self._rest.split(b"\n")
        return [(verb, id_, word) for verb, id_, word in (line.decode().split() for line in lines)]


class Process:
    """Writes, forgets and recalls until its time is up, and counts."""

    def __init__(self, memory: Memory, name: str, own: Diary, other: Diary, seed: int) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []
        self._memory = memory
        self._name = name
        self._own = own
        self._other = other
        self._random = random.Random(seed)
        self._said: dict[str, str] = {}
        self._others: set[str] = set()
        self._doomed: set[str] = set()
        self._forgotten: set[str] = set()

    async def run(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for number in range(2):
                group.create_task(self._write(f"{self._name}{number}"))
                group.create_task(self._recall())
            group.create_task(self._forget())

    def _time_is_left(self) -> bool:
        return time.monotonic() < self._end

    def _read(self) -> None:
        for verb, id_, word in self._other.news():
            if verb == "said":
                self._said[id_] = word
                self._others.add(id_)
            else:
                self._doomed.add(id_)
            if verb == "forgot":
                self._forgotten.add(id_)

    async def _write(self, session: str) -> None:
        scope = Scope("alice", session_id=session)
        while self._time_is_left():
            word = "".join(self._random.choices(string.ascii_lowercase, k=14))
            message = Message("user", f"I put the {word} on the shelf.")
            (episode,) = await self._memory.observe(message, scope=scope)
            self._own.write("said", episode.id, word)
            self._said[episode.id] = word
            self.counts["said"] += 1
            await asyncio.sleep(self._random.uniform(0, 0.01))

    async def _forget(self) -> None:
        while self._time_is_left():
            await asyncio.sleep(self._random.uniform(0.005, 0.03))
            self._read()
            alive = [id_ for id_ in self._said if id_ not in self._doomed]
            if len(alive) < 10:
                continue
            chosen = self._random.sample(alive, self._random.randint(1, 4))
            for id_ in chosen:
                self._own.write("forgetting", id_, self._said[id_])
            self._doomed.update(chosen)
            receipt = await self._memory.forget(chosen, scope=USER)
            for id_ in chosen:
                self._own.write("forgot", id_, self._said[id_])
            self._forgotten.update(chosen)
            self.counts["forgotten"] += len(receipt.ids)

    async def _recall(self) -> None:
        while self._time_is_left():
            self._read()
            gone = frozenset(self._forgotten)
            expected = self._pick([id_ for id_ in self._said if id_ not in self._doomed])
            forgotten = self._pick(sorted(gone))
            for id_ in (expected, forgotten):
                if id_ is not None:
                    word = self._said[id_]
                    hits = await self._memory.recall(f"Where is the {word}?", scope=USER)
                    self._judge(expected if id_ == expected else None, gone, hits)
            await asyncio.sleep(0)

    def _pick(self, ids: list[str]) -> str | None:
        """Return one of the ids, more often one of the last."""
        if not ids:
            return None
        return self._random.choice(ids[-5:] if self._random.random() < 0.5 else ids)

    def _judge(self, expected: str | None, gone: frozenset[str], hits: list[Recollection]) -> None:
        self.counts["recalls"] += 1
        found = {hit.id for hit in hits}
        self.wrong += [f"{id_} was forgotten and came back" for id_ in found & gone]
        if expected is None:
            return
        if expected in found:
            self.counts["found"] += 1
            self.counts["found of the other's"] += expected in self._others
            return
        self._read()
        if expected in self._doomed:
            self.counts["forgotten meanwhile"] += 1
        else:
            self.wrong.append(f"{expected} was not found")


async def _main(arguments: argparse.Namespace) -> Process:
    own, other = (
        Diary(arguments.folder / f"{name}.diary") for name in (arguments.name, arguments.other)
    )
    async with Memory.open(arguments.folder / "memory.db") as memory:
        process = Process(memory, arguments.name, own, other, arguments.seed)
        await process.run(arguments.seconds)
        return process


def main() -> int:
    """Run by the command line's arguments and print counts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--other", required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    process = asyncio.run(_main(parser.parse_args()))
    print(json.dumps({"counts": process.counts, "wrong": process.wrong[:20]}))
    return 1 if process.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
