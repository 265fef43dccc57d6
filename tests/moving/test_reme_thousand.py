"""A thousand memories of a real ReMe, moved in while the process that does it is killed."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from remanence import Episode, Fact, Memory, Scope
from remanence.engine import Memory as Engine
from remanence.moving.arrivals import Arrivals
from remanence.moving.moving import move_in
from remanence.moving.reme import read_reme

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
DAYS, NOTES_A_DAY, MESSAGES_A_NOTE = 100, 10, 2
NOTES = DAYS * NOTES_A_DAY
MESSAGES = NOTES * MESSAGES_A_NOTE
SAMPLE = range(7, NOTES, 41)
_SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu")
_ANIMALS = ("falcon", "otter", "beagle", "tortoise", "parrot", "ferret", "pony")
_TOWNS = ("Ghent", "Bruges", "Leuven", "Namur", "Mons", "Ostend", "Dinant", "Ypres", "Spa")


def pet(number: int) -> str:
    """Return a name that no other note has in it."""
    return "".join(_SYLLABLES[int(digit)] for digit in f"{number:04}").capitalize()


def told(number: int) -> str:
    animal, town = _ANIMALS[number % len(_ANIMALS)], _TOWNS[number % len(_TOWNS)]
    return f"The {animal} that the neighbour in {town} feeds is called {pet(number)}."


def question(number: int) -> str:
    return f"Where is {pet(number)}, and what animal is that?"


def day_of(number: int) -> dt.date:
    return dt.date(2026, 3, 1) + dt.timedelta(days=number // NOTES_A_DAY)


def read(workspace: Path) -> Arrivals:
    return read_reme(workspace, user_id="alice", now=NOW)


async def write_workspace(folder: Path) -> dict[int, str]:
    """Have ReMe write its notes; return the paths of those that it finds best, by number."""
    os.environ["REME_DISABLE_LOGURU"] = "true"
    from reme import Application  # pyright: ignore[reportMissingTypeStubs]

    app: Any = Application(**_configuration(folder))
    await app.start()
    logging.getLogger("reme").setLevel("ERROR")
    for number in range(NOTES):
        written = await app.run_job(
            "daily_write",
            name=f"note-{number:04}",
            description=f"What a neighbour feeds, and how it is called: {pet(number)}",
            session_id=f"day-{number // NOTES_A_DAY}",
            content=told(number),
            date=day_of(number).isoformat(),
        )
        assert written.success
    _write_dialogs(folder)
    await app.run_job("scan")
    found: dict[int, str] = {}
    for number in SAMPLE:
        answer = await app.run_job("search", query=question(number), limit=5)
        paths = [result["path"] for result in answer.metadata["results"]]
        found[number] = next(path for path in paths if "/note-" in path)
    await app.close()
    return found


def _write_dialogs(folder: Path) -> None:
    from agentscope.message import Msg, TextBlock

    for day in range(DAYS):
        lines: list[str] = []
        for number in range(day * NOTES_A_DAY, (day + 1) * NOTES_A_DAY):
            at = dt.datetime.combine(day_of(number), dt.time(9, number % NOTES_A_DAY))
            for role, name, text in (
                ("user", "Nora", f"Somebody in {_TOWNS[number % len(_TOWNS)]} has {pet(number)}."),
                ("assistant", "friday", "How nice!"),
            ):
                said = Msg(
                    name=name,
                    content=[TextBlock(text=text)],
                    role="user" if role == "user" else "assistant",
                    id=f"{role}-{number}",
                    created_at=at.isoformat(),
                )
                lines.append(said.model_dump_json() + "\n")
        file = folder / "session" / "dialog" / f"day-{day}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(lines), encoding="utf-8")


def _configuration(folder: Path) -> dict[str, Any]:
    def job(step: str, **more: Any) -> dict[str, Any]:
        return {"backend": "base", "steps": [{"backend": step, **more}]}

    scan = {"monitor_type": "file_store", "monitor_name": "default"}
    return {
        "workspace_dir": str(folder),
        "enable_logo": False,
        "log_to_console": False,
        "log_to_file": False,
        "timezone": None,
        "service": {"backend": "http"},
        "jobs": {
            "daily_write": job("daily_write_step"),
            "search": job("search_step", vector_weight=0.7),
            "scan": {
                **job("init_changes_step", **scan, dispatch_steps=["update_index_step"]),
                "watch_dirs": ["daily_dir", "digest_dir"],
                "watch_suffixes": ["md"],
            },
        },
        "components": {
            "tokenizer": {"default": {"backend": "regex"}},
            "file_graph": {"default": {"backend": "local"}},
            "file_chunker": {
                "markdown": {"backend": "markdown", "supported_extensions": ["md"]},
                "default": {"backend": "default", "supported_extensions": ["txt"]},
            },
            "keyword_index": {"default": {"backend": "bm25", "tokenizer": "default"}},
            "file_store": {
                "default": {
                    "backend": "local",
                    "store_name": "local",
                    "embedding_store": "",
                    "keyword_index": "default",
                    "file_graph": "default",
                }
            },
        },
    }


async def move(workspace: Path, database: Path) -> None:
    """Move in, and tell on standard output how far it is."""

    def progress(done: int, total: int) -> None:
        print(done, total, flush=True)

    async with Engine.open(database) as memory:
        await move_in(read(workspace), memory, progress=progress)


async def counts(memory: Memory) -> tuple[int, int]:
    facts = episodes = 0
    cursor: str | None = None
    while True:
        page = await memory.list(scope=Scope("alice"), limit=1_000, cursor=cursor)
        facts += sum(isinstance(item, Fact) for item in page.items)
        episodes += sum(not isinstance(item, Fact) for item in page.items)
        cursor = page.cursor
        if cursor is None:
            return episodes, facts


async def test_killed_halfway_and_done_again_all_of_it_is_there_once(
    tmp_path: Path,
    database: Path,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
    start_python: Callable[..., subprocess.Popen[str]],
) -> None:
    workspace = tmp_path / "workspace"
    written = run_python(__file__, "write", workspace)
    best = {int(number): path for number, path in json.loads(written.stdout).items()}
    with start_python(__file__, "move", workspace, database) as process:
        assert process.stdout is not None
        for line in process.stdout:
            done, total = map(int, line.split())
            assert total == NOTES + MESSAGES
            if done >= total // 2:
                break
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    arrivals = read(workspace)
    assert arrivals.skipped == ()
    (arrival,) = arrivals.users
    assert (arrival.episodes, arrival.facts) == (MESSAGES, NOTES)
    async with Memory.open(database) as memory:
        before = sum(await counts(memory))
        assert NOTES + MESSAGES > before >= (NOTES + MESSAGES) // 2
        (moved,) = await move_in(arrivals, memory)
        assert moved.complete
        assert (moved.there, moved.skipped) == (before, ())
        assert moved.episodes + moved.facts == NOTES + MESSAGES - before
        assert await counts(memory) == (MESSAGES, NOTES)
        (again,) = await move_in(read(workspace), memory)
        assert (again.episodes, again.facts, again.kept) == (0, 0, ())
        assert await counts(memory) == (MESSAGES, NOTES)
        for number in SAMPLE:
            await _check_recall(memory, number, best[number])


async def _check_recall(memory: Memory, number: int, path: str) -> None:
    """Look whether what ReMe finds best is found here as well, with its date and its sources."""
    assert path == f"daily/{day_of(number)}/note-{number:04}.md"
    hits = await memory.recall(question(number), scope=Scope("alice"), limit=5)
    hit = {hit.text: hit for hit in hits}[told(number)]
    assert hit.metadata["source"]["path"] == path
    assert hit.stated_by == "user"
    assert hit.at.date() == day_of(number)
    assert hit.scope.session_id == f"day-{number // NOTES_A_DAY}"
    sources = [await memory.get(source, scope=Scope("alice")) for source in hit.sources]
    assert f"user-{number}" in {each.message_id for each in sources if isinstance(each, Episode)}


if __name__ == "__main__":
    if sys.argv[1] == "write":
        print(json.dumps(asyncio.run(write_workspace(Path(sys.argv[2])))))
    else:
        asyncio.run(move(Path(sys.argv[2]), Path(sys.argv[3])))
