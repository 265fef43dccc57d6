"""What ranking has to get right in conversations with an assistant, by kinds of questions."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from remanence import Memory, Scope
from tests.ranking.conversations import Case, conversations_of, read_background, read_cases

NOW = dt.datetime(2024, 6, 30, 12, tzinfo=dt.UTC)
FLOORS: Mapping[str, float] = {}


async def test_x(tmp_path: Path) -> None:
    cases = read_cases()
    background = read_background()
    rates = defaultdict(list)
    async with Memory.open(tmp_path / "cases.db") as memory:
        for number, case in enumerate(cases):
            sessions = case.sessions if case.alone else [*background, *case.sessions]
            user = f"user{number}"
            await memory.observe_all(conversations_of(user, sessions))
            kw = {}
            try:
                hits = await memory.recall(case.question, scope=Scope(user), limit=5, now=NOW)
            except TypeError:
                hits = await memory.recall(case.question, scope=Scope(user), limit=5)
            ok = any(h.text in case.evidence for h in hits[: case.within])
            rates[case.family].append(ok)
            if not ok:
                print("MISS", case.family, "|", case.question)
                for h in hits[:4]:
                    print(
                        "    %.2f" % h.score,
                        "*" if h.text in case.evidence else " ",
                        h.role,
                        h.text[:90],
                    )
    for k, v in rates.items():
        print(k, sum(v), len(v))
