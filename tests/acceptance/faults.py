"""Breaks what a memory stands on while an agent replies, mends it, and counts what was lost.

``python -m tests.acceptance.faults`` prints a row for each fault: whether the agent's user saw
normal replies, the slowest of them, how many faults were counted, which exchanges are missing or
there twice, and how long after the mending everything was stored (without another reply). It
fails if a reply was not normal, or anything is missing or there twice.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import datetime as dt
import itertools
import logging
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

from remanence import Filter, Memory
from remanence.backends import QueuedBackend
from remanence.clock import SystemClock
from remanence.middleware import MemoryMiddleware
from remanence.outbox.settings import OutboxSettings
from remanence.testing.models import ScriptedChatModel
from remanence.testing.service import Fault, ScriptedService
from remanence.types import Episode
from tests.middleware.agents import agent_of, says

_TURNS = 3
"""How many replies there are before a fault, during it, and after it."""
_WRITE_TIMEOUT = 1.0
_HEALING_SECONDS = 60.0
_SETTINGS = OutboxSettings(
    first_delay=0.25, longest_delay=2.0, poll_seconds=0.5, deliver_seconds=5.0
)
_LOCKING = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.set_busy_timeout(10_000)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


class _MovableClock(SystemClock):
    """The machine's clock, until somebody sets it."""

    ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        return super().now() + self.ahead


@dataclasses.dataclass
class Bench:
    """An open memory and what can be broken about it."""

    memory: Memory | QueuedBackend
    service: ScriptedService
    clock: _MovableClock
    file: Path

    async def stored(self) -> list[str]:
        """Return the texts that are stored, in order."""
        if isinstance(self.memory, Memory):
            page = await self.memory.list(scope=Filter("alice"), limit=1_000)
            return [item.content for item in page.items if isinstance(item, Episode)]
        return [text for _, _, text in self.service.kept(Filter("alice"))]


@dataclasses.dataclass(frozen=True)
class Row:
    """What one fault did."""

    place: str
    fault: str
    normal_replies: str
    slowest_s: float
    counted: int
    missing: int
    twice: int
    healed_s: float


Break = Callable[[Bench], contextlib.AbstractContextManager[object]]


@contextlib.contextmanager
def _serving(bench: Bench, deliver: Callable[[], Fault], recall: Fault = None) -> Generator[None]:
    bench.service.script_deliver(lambda _: deliver())
    bench.service.script_recall(recall)
    yield
    bench.service.script_deliver(None)
    bench.service.script_recall(None)


@contextlib.contextmanager
def _full_disk(bench: Bench) -> Generator[None]:
    del bench
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


@contextlib.contextmanager
def _locked(bench: Bench) -> Generator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", _LOCKING, bench.file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
        process.communicate("")


@contextlib.contextmanager
def _set_back(bench: Bench) -> Generator[None]:
    bench.clock.ahead = dt.timedelta(days=-1)
    bench.service.script_deliver(["failing", "failing"])
    yield


def _alternating() -> Callable[[], Fault]:
    script = itertools.cycle(("failing", None))
    return lambda: next(script)


FAULTS: dict[str, dict[str, Break]] = {
    "engine": {
        "disk full": _full_disk,
        "store locked": _locked,
        "clock set back": _set_back,
    },
    "outbox": {
        "backend down": lambda bench: _serving(bench, lambda: "down", "down"),
        "backend slow": lambda bench: _serving(bench, lambda: 3.0, 3.0),
        "backend hanging": lambda bench: _serving(bench, lambda: "hanging", "hanging"),
        "failing half the time": lambda bench: _serving(bench, _alternating()),
        "returning garbage": lambda bench: _serving(bench, lambda: "garbage", "garbage"),
        "answers lost": lambda bench: _serving(bench, lambda: "lost"),
        "disk full": _full_disk,
        "store locked": _locked,
        "clock set back": _set_back,
    },
}


@contextlib.asynccontextmanager
async def _bench(place: str, folder: Path) -> AsyncGenerator[Bench]:
    clock = _MovableClock()
    service = ScriptedService()
    file = folder / "memory.db"
    if place == "engine":
        async with Memory.open(file, clock=clock) as memory:
            yield Bench(memory, service, clock, file)
    else:
        async with QueuedBackend.open(service, file, settings=_SETTINGS, clock=clock) as backend:
            yield Bench(backend, service, clock, file)


async def measure(place: str, fault: str, folder: Path) -> Row:
    """Reply before a fault, during it and after it, and look at what came of that."""
    async with _bench(place, folder) as bench:
        numbers = itertools.count()
        middleware = MemoryMiddleware(
            bench.memory,
            user_id="alice",
            search_timeout=0.5,
            write_timeout=_WRITE_TIMEOUT,
            clock=bench.clock,
        )
        agent = await agent_of(ScriptedChatModel(lambda _: f"Answer {last}."), middleware)
        last = 0
        normal = 0
        slowest = 0.0
        wanted: list[str] = []

        async def replies() -> None:
            nonlocal last, normal, slowest
            for _ in range(_TURNS):
                last = next(numbers)
                begun = time.monotonic()
                question = says(f"Question {last}?")
                reply = await agent.reply(question)
                slowest = max(slowest, time.monotonic() - begun)
                normal += reply.get_text_content() == f"Answer {last}."
                wanted.extend((f"Question {last}?", f"Answer {last}."))

        await replies()
        with FAULTS[place][fault](bench):
            await replies()
        mended = time.monotonic()
        while time.monotonic() - mended < _HEALING_SECONDS:
            if len(await bench.stored()) >= len(wanted):
                break
            await asyncio.sleep(0.01)
        healed = time.monotonic() - mended
        await replies()
        if isinstance(bench.memory, QueuedBackend):
            await bench.memory.settle(_HEALING_SECONDS)
        stored = collections.Counter(await bench.stored())
        faults = middleware.faults.total()
        if isinstance(bench.memory, QueuedBackend):
            faults += bench.memory.faults.counts.total()
    return Row(
        place,
        fault,
        f"{normal} of {3 * _TURNS}",
        round(slowest, 2),
        faults,
        sum(text not in stored for text in wanted),
        sum(stored[text] > 1 for text in wanted),
        round(healed, 2),
    )


def main() -> int:
    """Run every fault and print a table."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    logging.getLogger("remanence").setLevel(logging.CRITICAL)
    bad = 0
    print(" ".join(f"{field.name:>21}" for field in dataclasses.fields(Row)))
    for place, faults in FAULTS.items():
        for fault in faults:
            with tempfile.TemporaryDirectory() as folder:
                row = asyncio.run(measure(place, fault, Path(folder)))
            print(" ".join(f"{value!s:>21}" for value in dataclasses.astuple(row)), flush=True)
            all_normal = row.normal_replies == f"{3 * _TURNS} of {3 * _TURNS}"
            bad += bool(row.missing or row.twice or not all_normal)
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
