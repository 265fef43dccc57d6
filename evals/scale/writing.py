"""Fills one store: ``python -m evals.scale.writing``."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

from evals.madeup import MadeUpEmbedder
from evals.perf.corpus import Corpus
from evals.perf.measures import Stopwatch
from evals.processes import write_result
from evals.scale.records import Written
from remanence import Conversation, Memory, Message, Scope

__all__ = ["user_name"]

_TEXTS_AT_ONCE = 20_000
_SETTLE_SECONDS = 7_200.0
_SESSION_TURNS = 20
_AT_ONCE = 2_000
"""How many episodes one transaction stores, about."""


def user_name(number: int) -> str:
    """Return the name of a user, by number from 0."""
    return f"user-{number}"


def _messages() -> Iterator[Message]:
    """Yield different made-up turns without an end."""
    for seed in itertools.count(11):
        for batch in Corpus("anyone", _TEXTS_AT_ONCE, seed).batches():
            for conversation in batch:
                yield from conversation.messages


def _conversations(episodes: int, users: int) -> Iterator[Conversation]:
    """Yield sessions of 20 turns or fewer, user after user in turn, until each has their share."""
    share = episodes // users
    messages = _messages()
    for session, start in enumerate(range(0, share, _SESSION_TURNS)):
        size = min(_SESSION_TURNS, share - start)
        for user in range(users):
            told = tuple(
                dataclasses.replace(message, id=f"{session}-{place}")
                for place, message in enumerate(itertools.islice(messages, size))
            )
            yield Conversation(Scope(user_name(user), session_id=f"session-{session}"), told)


async def _write(database: Path, episodes: int, users: int, *, vectors: bool) -> Written:
    sessions = _conversations(episodes, users)
    per_session = min(_SESSION_TURNS, episodes // users)
    seconds = 0.0
    async with Memory.open(database, embedder=MadeUpEmbedder() if vectors else None) as memory:
        while batch := list(itertools.islice(sessions, max(1, _AT_ONCE // per_session))):
            with Stopwatch() as watch:
                await memory.observe_all(batch)
            seconds += watch.wall
        with Stopwatch() as settling:
            assert await memory.settle(_SETTLE_SECONDS)
        stats = await memory.stats()
    assert stats.episodes == episodes, stats
    return Written(seconds, settling.wall if vectors else 0.0, stats.store_bytes)


def main() -> None:
    """Fill a store, and write what that took as JSON."""
    parser = argparse.ArgumentParser(prog="python -m evals.scale.writing", description=__doc__)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--episodes", type=int, required=True)
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--vectors", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args()
    result = asyncio.run(_write(told.database, told.episodes, told.users, vectors=told.vectors))
    write_result(told.out, result)


if __name__ == "__main__":
    main()
