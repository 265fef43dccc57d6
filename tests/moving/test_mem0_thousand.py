"""A thousand of mem0's memories move in, though the process that does it is killed in between."""

from __future__ import annotations

import asyncio
import itertools
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from remanence import Fact, Filter, Memory
from remanence.cli.app import app
from tests.moving.remembering import remember, remembering

Start = Callable[..., subprocess.Popen[str]]

_NAMES = ["Nora", "Ines", "Hugo", "Marta", "Lena", "Otto", "Paul", "Rosa", "Sami", "Vera"]
_DEEDS = ["bought", "painted", "repaired", "lost", "borrowed"]
_THINGS = ["a bicycle", "a piano", "two beehives", "an old boat", "the garden gate"]
_PLACES = ["Ghent", "Bruges", "Ostend", "Leuven"]
TEXTS = [
    f"{name} {deed} {thing} in {place}."
    for name, deed, thing, place in itertools.product(_NAMES, _DEEDS, _THINGS, _PLACES)
]
UPDATED, DELETED = 40, 20


async def _filled(folder: Path) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    """Have mem0 remember it; return what each user's memories say, and what it finds for some."""
    kept: dict[str, set[str]] = {"alice": set(), "bob": set()}
    found: dict[str, list[str]] = {}
    chosen = random.Random(7).sample(range(UPDATED + DELETED, len(TEXTS)), 20)
    async with remembering(folder) as client:
        ids = [
            await remember(client, text, user_id="bob" if place % 10 == 9 else "alice")
            for place, text in enumerate(TEXTS)
        ]
        for place, (id_, text) in enumerate(zip(ids, TEXTS, strict=True)):
            user = "bob" if place % 10 == 9 else "alice"
            if place < UPDATED:
                await client.update(id_, f"{text} Twice.")
                kept[user].add(f"{text} Twice.")
            elif place < UPDATED + DELETED:
                await client.delete(id_)
            else:
                kept[user].add(text)
        for place in chosen:
            question = TEXTS[place].removesuffix(".")
            user = "bob" if place % 10 == 9 else "alice"
            answer: Any = await client.search(question, filters={"user_id": user}, top_k=3)
            found[question] = [user, *(memory["memory"] for memory in answer["results"])]
    assert len(TEXTS) == len(set(TEXTS)) == 1_000
    return kept, found


def _stored(database: Path, user: str) -> list[Fact]:
    async def listed() -> list[Fact]:
        async with Memory.open(database) as memory:
            page = await memory.list(scope=Filter(user), limit=10_000)
        return [item for item in page.items if isinstance(item, Fact)]

    return asyncio.run(listed())


async def _check_recalls(database: Path, found: dict[str, list[str]]) -> None:
    """Find what mem0 found."""
    async with Memory.open(database) as memory:
        for question, (user, best, *_) in found.items():
            hits = await memory.recall(question, scope=Filter(user), limit=5)
            assert best in [hit.text for hit in hits], question


@pytest.mark.slow
def test_a_thousand_memories(tmp_path: Path, database: Path, start_python: Start) -> None:
    """Killed between two transactions, and in the midst of one; then nothing is doubled or lost."""
    folder = tmp_path / "mem0"
    kept, found = asyncio.run(_filled(folder))
    began: list[int] = []
    for stop, delay in ((500, 0.0), (10_000, 0.1)):
        with start_python("-m", "tests.moving.move_mem0", folder, database, stop) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "read\n"
            if stop == 500:
                assert process.stdout.readline().strip().isdigit()
            time.sleep(delay)
            process.kill()
        began.append(len(_stored(database, "alice")))
    assert 0 < began[0] <= began[1]
    assert began[0] < 900 - DELETED

    ran = CliRunner().invoke(app, ["import", "--from", "mem0", str(folder), "--db", str(database)])
    assert ran.exit_code == 0, ran.output
    amount = {user: len(texts) for user, texts in kept.items()}
    amount["bob"] += UPDATED // 10  # what these said before
    amount["alice"] += UPDATED - UPDATED // 10
    assert sum(amount.values()) == 1_000 - DELETED + UPDATED
    for user, number in amount.items():
        assert f"{number:,} of {number:,} verified" in ran.stdout
        there = _stored(database, user)
        assert len(there) == number
        current = Counter(fact.text for fact in there if fact.superseded_at is None)
        assert set(current.values()) == {1}
        assert set(current) == kept[user]
    assert f"left out: {DELETED} deleted in mem0" in ran.stderr

    asyncio.run(_check_recalls(database, found))
    again = CliRunner().invoke(
        app, ["import", "--from", "mem0", str(folder), "--db", str(database)]
    )
    assert again.exit_code == 0, again.output
    assert "0 new statements" in again.stdout
    assert len(_stored(database, "alice")) == amount["alice"]
