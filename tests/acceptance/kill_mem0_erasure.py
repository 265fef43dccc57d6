"""Kills a process in the middle of erasing a user from mem0, and checks what the next one finds.

``python -m tests.acceptance.kill_mem0_erasure --rounds 50`` prints a row of counts. In each round a
process tells mem0 about a user, is asked to erase that user, and is killed; the next one opens the
same folder. It fails if anything of an erased user is recalled, or is in a file when that process
has ended, or if anything of another user is not as it was. The same files go on through all rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import logging
import os
import random
import sys
import tempfile
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

from remanence import Filter, Message, Scope
from remanence.backends import Exchange, RecallRequest
from remanence.backends.mem0 import Mem0Backend
from remanence.outbox.settings import OutboxSettings
from remanence.store.orders import NewOrder, Order
from remanence.store.sqlite import SQLiteStore
from remanence.store.sqlite.orders import SQLiteOrders
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import verbatim_facts
from remanence.testing.models import ScriptedChatModel
from tests.acceptance.killing import killed

_TEXTS = 8
_LATEST = 0.12
"""Seconds: an erasure takes about so long."""
_SETTINGS = OutboxSettings(lease_seconds=1.0, first_delay=0.05, longest_delay=0.5, poll_seconds=0.1)


@dataclasses.dataclass
class Outcome:
    """What was found over the rounds so far."""

    rounds: int = 0
    asked: int = 0
    """How often the process was killed after the erasure had been written down."""
    unfinished: int = 0
    """How often it was killed before the erasure was done."""
    recalled: int = 0
    """Memories of an erased user that were recalled."""
    in_files: int = 0
    """Texts of an erased user that were in a file."""
    changed: int = 0
    """Rounds after which another user's memories were not as before."""


@contextlib.asynccontextmanager
async def _opened(folder: Path) -> AsyncGenerator[Mem0Backend]:
    backend = Mem0Backend(
        chat_model=ScriptedChatModel(verbatim_facts),
        embedding_model=ScriptedEmbeddingModel(256),
        data_dir=folder,
        settings=_SETTINGS,
    )
    async with contextlib.aclosing(backend):
        yield backend


def _texts(user_id: str) -> list[str]:
    return [f"The {user_id}zyx{number}qv stands on the shelf." for number in range(_TEXTS)]


async def _tell(backend: Mem0Backend, user_id: str) -> None:
    messages = tuple(
        Message("user", text, id=f"{user_id}-{number}")
        for number, text in enumerate(_texts(user_id))
    )
    scope = Scope(user_id, "clerk", "monday")
    if not await backend.retain(Exchange(user_id, messages), scope=scope, wait=30):
        raise AssertionError("mem0 did not take it")


async def _recalled(backend: Mem0Backend, user_id: str) -> list[tuple[str, str, float]]:
    request = RecallRequest("shelf", Filter(user_id), limit=100, asking=Scope(user_id))
    # Qdrant counts with other floats for what it has read from its file.
    return [(hit.id, hit.text, round(hit.score, 5)) for hit in await backend.recall(request)]


async def _erase_until_killed(folder: Path, user_id: str, pipe: int) -> None:
    async with _opened(folder) as backend:
        await _tell(backend, user_id)
        place = SQLiteOrders.place

        async def placed(self: SQLiteOrders, order: NewOrder) -> Order:
            written = await place(self, order)
            os.write(pipe, b"asked\n")
            return written

        SQLiteOrders.place = placed  # in this process alone, which is to be killed
        await backend.forget_user(user_id, asked_by=user_id)
        os.write(pipe, b"done\n")
        await asyncio.Event().wait()


async def _look(folder: Path, user_id: str) -> tuple[bool, int, list[tuple[str, str, float]]]:
    """Return whether there is an order, and what is recalled of the user and of another one."""
    store = SQLiteStore(folder / "outbox.db")
    await store.open()
    async with _opened(folder) as backend:
        ordered = bool(await store.orders.placed(backend.identity))
        await store.aclose()
        mine = await _recalled(backend, user_id) if ordered else []
        return ordered, len(mine), await _recalled(backend, "other")


def _in_files(folder: Path, user_id: str) -> int:
    data = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    return sum(any(text.encode() in each for each in data) for text in _texts(user_id))


async def _begin(folder: Path) -> list[tuple[str, str, float]]:
    async with _opened(folder) as backend:
        await _tell(backend, "other")
        return await _recalled(backend, "other")


def run(folder: Path, rounds: int, seed: int) -> Outcome:
    """Kill so many processes, and count what is there after each."""
    random_ = random.Random(seed)
    outcome = Outcome()
    others = asyncio.run(_begin(folder))
    for round_ in range(rounds):
        user_id = f"user{round_}"
        delay = _LATEST * random_.random() ** 2  # early rather than late
        lines = killed(partial(_erase_until_killed, folder, user_id), delay=delay)
        ordered, recalled, left = asyncio.run(_look(folder, user_id))
        done = "done" in lines
        outcome.rounds += 1
        outcome.asked += ordered or done
        outcome.unfinished += ordered
        if ordered or done:
            outcome.recalled += recalled
            outcome.in_files += _in_files(folder, user_id)
        outcome.changed += left != others
        if outcome.recalled or outcome.in_files or outcome.changed:
            break
    return outcome


def main() -> int:
    """Run by the command line's arguments and print a row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # mem0 tells in every process what is not installed
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder), arguments.rounds, arguments.seed)
    found = dataclasses.asdict(outcome)
    print(" ".join(f"{name:>10}" for name in found))
    print(" ".join(f"{value:>10}" for value in found.values()))
    return int(bool(outcome.recalled or outcome.in_files or outcome.changed))


if __name__ == "__main__":
    sys.exit(main())
