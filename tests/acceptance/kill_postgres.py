"""Breaks whatever can break between workers and PostgreSQL, and checks what was acknowledged.

``python -m tests.acceptance.kill_postgres --rounds 110`` prints one row of counts and fails if
anything that was acknowledged is missing, there twice or out of order, if work is left undone or
was done twice, or if a worker that lived did not go on. Three processes work with one database
through all rounds, one of them by way of PgBouncer; each round breaks one thing, in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import dataclasses
import datetime as dt
import itertools
import json
import logging
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from evals.serving.cutting import Cutter, Fate
from evals.serving.pgbouncer import PgBouncer
from evals.serving.postgres import PostgresServer
from evals.serving.proxy import Proxy
from remanence import Episode, Fact, Filter, Memory, Message, Scope
from remanence.errors import RemanenceError
from remanence.llm.protocol import Question
from remanence.store.postgres import PostgresStore
from remanence.store.postgres.connections import Address
from remanence.store.postgres.migrating import migrate
from remanence.testing.chat import ScriptedModel
from remanence.testing.embedder import ScriptedEmbedder

_ROOT = Path(__file__).parent.parent.parent
_USERS = ("alice", "bob", "carol", "dan", "erin", "frank")
_TASKS = 3
"""How many sessions a worker has at the same time, each of another user."""
_APART = 2
"""By how many users workers are apart, so that two of them speak for most users."""
_PAUSE = 0.4
_STATEMENT_EVERY = 5
_DATABASE = "killed"
_LOGIN = "worker"
_COMMIT = rb"UPDATE remanence\.writers.*COMMIT"
_HALF_PRECISION = 1e-3
_SECONDS = 60.0
"""How long anything may take that has to happen."""


@dataclasses.dataclass
class Outcome:
    """What was found, over all rounds; messages and statements are counted, unless it says else."""

    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    """Of another place in their session than their turn; places that nothing is at."""
    leaked: int = 0
    """Shown to, or kept for, somebody else than who said it."""
    undone: int = 0
    """Without the one vector and the one fact that they should have; jobs that are left."""
    parked: int = 0
    """Jobs that were given up on, as others read for the same user all the time: put in again."""
    unsure: int = 0
    """Refused so that nobody knows whether they were kept."""
    refused: int = 0
    """Refused otherwise; those with an id were told again."""
    untold: int = 0
    """What failed with an error that is none of ours."""
    broken: int = 0
    """Connections that broke and were replaced."""
    cut_before: int = 0
    """Commits of which the server never heard."""
    cut_after: int = 0
    """Commits of which the client never heard, although they were made."""
    cut_late: int = 0
    """Commits that came to the server when the client had long been gone."""
    stuck: int = 0
    """Workers that did not go on by themselves."""
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        wrong = (self.lost, self.doubled, self.disordered, self.leaked, self.undone, self.untold)
        return any(wrong) or self.stuck > 0


# --- a worker -------------------------------------------------------------------------------------


def _model() -> ScriptedModel:
    """Return what draws one fact from each message, and takes none for another."""

    def answer(question: Question) -> Mapping[str, Any]:
        shown = [json.loads(line) for line in question.text.splitlines() if line[:2] == '{"']
        if question.name == "facts":
            new = [each for each in shown if each["id"].startswith("e")]
            return {
                "facts": [
                    {
                        "statement": each["text"],
                        "kind": "event",
                        "sources": [each["id"]],
                        "confidence": 0.9,
                    }
                    for each in new
                ]
            }
        drafts = [each["id"] for each in shown if each["id"].startswith("d")]
        return {"verdicts": [{"draft": draft, "action": "add"} for draft in drafts]}

    return ScriptedModel(answer)


def _embedder() -> ScriptedEmbedder:
    return ScriptedEmbedder(dimensions=16, batch=16)


def _open(url: str) -> Memory:
    return Memory.open(url, embedder=_embedder(), chat_model=_model(), extract_after=0.0)


def _tell(*words: str) -> None:
    os.write(1, f"{' '.join(words)}\n".encode())


class _Broken(logging.Handler):
    """Counts the connections that a pool threw away."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        if "discarding closed connection" in record.msg:
            self.count += 1


async def _work(name: str, url: str) -> None:
    """Say things, and look for them, until the standard input ends."""
    broken = _Broken()
    logging.getLogger("psycopg.pool").addHandler(broken)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, ended.set)
    async with _open(url) as memory, asyncio.TaskGroup() as group:
        for task in range(_TASKS):
            user = _USERS[(_APART * int(name.removeprefix("w")) + task) % len(_USERS)]
            group.create_task(_say(memory, ended, user, f"{name}t{task}", task))
        await ended.wait()
        asyncio.get_running_loop().remove_reader(0)
    _tell("broken", str(broken.count))


async def _say(memory: Memory, ended: asyncio.Event, user: str, session: str, task: int) -> None:
    """Say one thing after another: with ids or without, two at once, or as statements."""
    scope = Scope(user, session_id=session)
    for number in itertools.count():
        if ended.is_set():
            return
        word = f"{user}-{session}-{number:06}"
        if number % _STATEMENT_EVERY == 0:
            await _try(lambda word=word: _note(memory, scope, word), word)
        else:
            with_ids = task % 2 == 0
            words = [word, f"{word}b"] if number % 3 == 0 else [word]

            async def observe(words: Sequence[str] = words, *, ids: bool = with_ids) -> None:
                await _observe(memory, scope, words, ids=ids)

            while not await _try(observe, word) and with_ids:
                pass
        await _try(lambda word=word: _look(memory, user, word), word)
        await asyncio.sleep(_PAUSE)


async def _try(do: Callable[[], Coroutine[None, None, None]], word: str) -> bool:
    """Do something, and return whether that went well; if not, tell of it."""
    try:
        await do()
    except RemanenceError as error:
        _tell("unsure" if "not known" in str(error) else "refused", word, str(error))
    except Exception as error:  # counted as what must not be
        _tell("untold", word, repr(error))
        raise
    else:
        return True
    return False


async def _observe(memory: Memory, scope: Scope, words: Sequence[str], *, ids: bool) -> None:
    messages = [
        Message("user", f"Parcel {word} came to the station.", id=word if ids else None)
        for word in words
    ]
    await memory.observe(messages, scope=scope)
    for word in words:
        _tell("said", scope.user_id, str(scope.session_id), word)


async def _note(memory: Memory, scope: Scope, word: str) -> None:
    await memory.remember(f"Note {word} was written.", scope=scope)
    _tell("noted", scope.user_id, str(scope.session_id), word)


async def _look(memory: Memory, user: str, word: str) -> None:
    """Recall, and tell if something of somebody else is shown."""
    for hit in await memory.recall(f"Where is {word}?", scope=Scope(user), limit=5):
        if f" {user}-" not in hit.text:
            _tell("leaked", user, hit.text)


class _Worker:
    """A process that works, and what it has told."""

    def __init__(self, name: str, url: str) -> None:
        self.url = url
        self.lines: list[list[str]] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.kill_postgres", "--work", name, url],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                break  # it was killed while it wrote
            with self._changed:
                self.lines.append(line.decode().split())
                self._changed.notify_all()

    def goes_on(self, tasks: int = 1) -> bool:
        """Wait until so many of its tasks say something more; return whether that happened."""
        start = len(self.lines)

        def said() -> bool:
            news = (line for line in self.lines[start:] if line[0] in ("said", "noted"))
            return len({line[2] for line in news}) >= tasks

        with self._changed:
            return self._changed.wait_for(said, _SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join()

    def end(self) -> bool:
        """Have it close its memory; return whether it did."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            ended = self.process.wait(_SECONDS) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            ended = False
        self._reading.join()
        return ended


# --- what breaks ----------------------------------------------------------------------------------


class _Ground:
    """The server, what is before it, and the workers."""

    def __init__(
        self, server: PostgresServer, cutter: Cutter, proxy: Proxy, pooler: PgBouncer, seed: int
    ) -> None:
        self.server = server
        self.cutter = cutter
        self.proxy = proxy
        self.pooler = pooler
        self.random = random.Random(seed)
        self.outcome = Outcome()
        url = proxy.through(server.url(_DATABASE, user=_LOGIN, tcp=True))
        urls = [url, url, pooler.url(_DATABASE, user=_LOGIN, tcp=True)]
        self._names = (f"w{number}" for number in itertools.count())
        self.workers = [_Worker(next(self._names), each) for each in urls]
        self.gone: list[_Worker] = []

    def pause(self, longest: float) -> None:
        """Let some time pass, so that things break at any moment."""
        time.sleep(self.random.uniform(0.0, longest))

    def kill_worker(self) -> None:
        place = self.random.randrange(len(self.workers))
        killed = self.workers[place]
        killed.kill()
        self.gone.append(killed)
        self.workers[place] = _Worker(next(self._names), killed.url)

    def stop_server(self) -> None:
        self.server.stop("immediate")
        self.pause(0.3)
        self.server.start()

    def kill_server(self) -> None:
        self.server.kill()
        self.server.start()

    def cut(self) -> None:
        for _ in range(10):
            self.proxy.cut()
            self.pause(0.05)

    def cut_commit(self, fate: Fate) -> None:
        cut = self.cutter.cut_at(_COMMIT, fate)
        if not cut.happened.wait(_SECONDS):
            self.outcome.stuck += 1
            return
        if fate == "late":
            self.pause(0.2)
            cut.deliver()
            cut.carried.wait(_SECONDS)
        match fate, cut.carried.is_set():
            case "lost", False:
                self.outcome.cut_before += 1
            case "answered", True:
                self.outcome.cut_after += 1
            case "late", True:
                self.outcome.cut_late += 1
            case _:  # the server had broken the connection first
                pass

    def stall(self) -> None:
        self.proxy.stall()
        self.pause(0.5)
        if self.random.random() < 0.5:
            self.proxy.cut()
        self.proxy.resume()

    def refuse(self) -> None:
        self.proxy.refuse()
        self.proxy.cut()
        self.pause(0.5)
        self.proxy.resume()

    def terminate(self) -> None:
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            for _ in range(10):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = %s AND (random() < 0.3 OR state <> 'idle')",
                    (_LOGIN,),
                )
                self.pause(0.05)

    def restart_pooler(self) -> None:
        self.pooler.stop()
        self.pause(0.3)
        self.pooler.start()

    @property
    def breaks(self) -> Sequence[Callable[[], None]]:
        """What can break, in turn."""
        return (
            lambda: self.cut_commit("lost"),
            lambda: self.cut_commit("answered"),
            lambda: self.cut_commit("late"),
            self.kill_worker,
            self.stop_server,
            self.cut,
            self.terminate,
            self.restart_pooler,
            self.stall,
            self.kill_server,
            self.refuse,
        )

    def run(self, rounds: int) -> None:
        for break_ in itertools.islice(itertools.cycle(self.breaks), rounds):
            for worker in self.workers:
                self.outcome.stuck += not worker.goes_on()
            self.pause(0.2)
            break_()
            self.outcome.rounds += 1
            for worker in self.workers:
                self.outcome.stuck += not worker.goes_on(_TASKS)
            if self.outcome.stuck:
                break
        for worker in self.workers:
            self.outcome.stuck += not worker.end()
        self.gone += self.workers


@contextlib.contextmanager
def _ground(seed: int) -> Generator[_Ground]:
    with PostgresServer(fsync=True) as server:
        server.create_database(_DATABASE)
        with psycopg.connect(server.url(_DATABASE), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {_LOGIN} LOGIN".encode())
        migrate(Address.of(server.url(_DATABASE)), partitions=3, grant=[_LOGIN])
        with (
            Cutter("127.0.0.1", server.port) as cutter,
            Proxy("127.0.0.1", cutter.port) as proxy,
            PgBouncer(
                server.url(tcp=True), pool_size=8, settings={"server_login_retry": "1"}
            ) as pooler,
        ):
            ground = _Ground(server, cutter, proxy, pooler, seed)
            try:
                yield ground
            finally:
                for worker in (*ground.workers, *ground.gone):
                    if worker.process.poll() is None:
                        worker.kill()


# --- what is there in the end ---------------------------------------------------------------------


def _count_told(lines: Sequence[Sequence[str]], outcome: Outcome) -> None:
    kinds = collections.Counter(line[0] for line in lines)
    outcome.acknowledged = kinds["said"] + kinds["noted"]
    outcome.unsure = kinds["unsure"]
    outcome.refused = kinds["refused"]
    outcome.untold = kinds["untold"]
    outcome.leaked = kinds["leaked"]
    outcome.broken = sum(int(line[1]) for line in lines if line[0] == "broken")
    for line in lines:
        if line[0] in ("refused", "untold", "unsure", "leaked"):
            print(*line, file=sys.stderr)


async def _compare(url: str, lines: Sequence[Sequence[str]], outcome: Outcome) -> None:
    """Let all that is left be done, and compare what is there with what was acknowledged."""
    async with _open(url) as memory:
        settled = await memory.settle(2 * _SECONDS)
        while parked := await _put_in_again(url):
            outcome.parked += parked
            settled = await memory.settle(2 * _SECONDS)
        stats = await memory.stats()
        outcome.undone += (not settled) + stats.unextracted + stats.unembedded
        for user in _USERS:
            told = [line for line in lines if line[0] in ("said", "noted") and line[1] == user]
            _compare_one(user, told, await _items(memory, user), outcome)
    await _count_vectors(url, outcome)


async def _put_in_again(url: str) -> int:
    """Have what was given up on tried again, and return how many jobs that were."""
    store = PostgresStore(url)
    await store.open()
    try:
        parked = await store.jobs.jobs(states=["parked"], limit=10_000)
        await store.jobs.retry([job.id for job in parked], now=dt.datetime.now(dt.UTC))
        return len(parked)
    finally:
        await store.aclose()


async def _items(memory: Memory, user: str) -> list[Episode | Fact]:
    items: list[Episode | Fact] = []
    cursor: str | None = None
    while True:
        page = await memory.list(scope=Scope(user), limit=10_000, cursor=cursor)
        items += page.items
        if (cursor := page.cursor) is None:
            return items


def _compare_one(
    user: str, told: Sequence[Sequence[str]], items: Sequence[Episode | Fact], outcome: Outcome
) -> None:
    episodes = [item for item in items if isinstance(item, Episode)]
    facts = [item for item in items if isinstance(item, Fact)]
    said = collections.Counter(episode.content.split()[1] for episode in episodes)
    noted = collections.Counter(
        fact.text.split()[1] for fact in facts if fact.text.startswith("Note")
    )
    for line in told:
        outcome.lost += (said if line[0] == "said" else noted)[line[3]] == 0
    outcome.doubled += sum(count - 1 for kept in (said, noted) for count in kept.values())
    words = [*said, *noted]
    outcome.leaked += sum(not word.startswith(f"{user}-") for word in words)
    drawn = collections.Counter(
        source for fact in facts if fact.text.startswith("Parcel") for source in fact.sources
    )
    outcome.undone += sum(drawn[episode.id] != 1 for episode in episodes)
    sessions: dict[str, list[Episode]] = collections.defaultdict(list)
    for episode in episodes:
        sessions[str(episode.scope.session_id)].append(episode)
    for kept in sessions.values():
        kept.sort(key=lambda episode: episode.position)
        outcome.disordered += [each.position for each in kept] != list(range(len(kept)))
        order = [each.content.split()[1] for each in kept]
        outcome.disordered += order != sorted(order)


async def _count_vectors(url: str, outcome: Outcome) -> None:
    """See that each item has its own vector, and that no job is left."""
    store, model = PostgresStore(url), _embedder()
    await store.open()
    try:
        left = await store.jobs.jobs(states=["pending", "leased", "parked"], limit=10_000)
        outcome.undone += len(left)
        number = await store.vectors.choose(model.identity, model.dimensions)
        for user in _USERS:
            items = dict(await store.page(Filter(user), after=0, limit=10**6, origin=None))
            blocks = (await store.vectors.load(user, number, after=0, limit=10**6)).blocks
            there = collections.Counter(seq for block in blocks for seq in block.numbers.tolist())
            outcome.doubled += sum(count - 1 for count in there.values())
            outcome.undone += len(items.keys() ^ there.keys())
            texts = [
                item.content if isinstance(item, Episode) else item.text for item in items.values()
            ]
            right = dict(zip(items, await model.embed_documents(texts), strict=True))
            outcome.undone += sum(
                seq in right and bool(np.abs(vector - right[seq]).max() > _HALF_PRECISION)
                for block in blocks
                for seq, vector in zip(block.numbers.tolist(), block.data, strict=True)
            )
    finally:
        await store.aclose()


def run(rounds: int, seed: int) -> Outcome:
    """Break something so many times, and count what is there in the end."""
    began = time.monotonic()
    with _ground(seed) as ground:
        ground.run(rounds)
        lines = [line for worker in ground.gone for line in worker.lines]
        outcome = ground.outcome
        _count_told(lines, outcome)
        url = ground.server.url(_DATABASE, user=_LOGIN)
        asyncio.run(_compare(url, lines, outcome))
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def main() -> int:
    """Run by the command line's arguments and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=110)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", nargs=2, metavar=("NAME", "URL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        asyncio.run(_work(*arguments.work))
        return 0
    outcome = run(arguments.rounds, arguments.seed)
    counts = dataclasses.asdict(outcome)
    print(" ".join(f"{name:>12}" for name in counts))
    print(" ".join(f"{count:>12}" for count in counts.values()))
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
