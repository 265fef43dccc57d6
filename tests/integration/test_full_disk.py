"""A full disk: nothing is half written, and everything goes on when there is space again."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remanence import Memory, Message, Scope, StoreFullError

ALICE = Scope("alice", session_id="monday")

LIMITED = """
import asyncio, resource, signal, sys
from pathlib import Path
from remanence import Memory, Message, Scope, StoreFullError

ALICE = Scope("alice", session_id="monday")

def limit(size=resource.RLIM_INFINITY):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main(path):
    async with Memory.open(path) as memory:
        first = Message("user", "the first")
        await memory.observe(first, scope=ALICE)
        log = Path(f"{path}-wal").stat().st_size
        large = [Message("user", f"part {i} " + "x" * 10_000) for i in range(9)]
        for room in (0, 5_000, 40_000):
            limit(log + room)
            outcomes = await asyncio.gather(
                memory.observe(large, scope=ALICE),
                memory.remember("x" * 50_000, scope=ALICE),
                return_exceptions=True,
            )
            assert all(isinstance(error, StoreFullError) for error in outcomes), outcomes
            assert all(str(path) in str(error) and "free" in str(error) for error in outcomes)
            assert (await memory.stats()).episodes == 1
            assert [hit.text for hit in await memory.recall("first?", scope=ALICE)] == ["the first"]
        limit()
        stored = await memory.observe(large, scope=ALICE)
        assert [episode.position for episode in stored] == list(range(1, 10))
        # The log can't be written into the file now, and later it can.
        limit(50_000)
        await asyncio.sleep(1.5)
        assert (await memory.stats()).episodes == 10
        limit()
        await asyncio.wait_for(memory.observe(Message("user", "the last"), scope=ALICE), 10)
    limit(0)
    try:
        async with Memory.open(path.with_name("other.db")):
            raise AssertionError("it was opened on a full disk")
    except StoreFullError:
        pass
    limit()
    for name in ("memory.db", "other.db"):
        async with Memory.open(path.with_name(name)) as memory:
            stats = await memory.stats()
            assert stats.episodes + stats.facts == (11 if name == "memory.db" else 0), stats

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_file_that_may_not_grow(
    database: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python("-c", LIMITED, database)
    assert done.returncode == 0, done.stderr


LONG_LOG = """
import asyncio, resource, signal, sys
from remanence import Memory, Message, Scope, StoreFullError

ALICE = Scope("alice", session_id="monday")
LARGE = [Message("user", f"part {i} " + "word " * 20_000) for i in range(10)]

def limit(size=resource.RLIM_INFINITY):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main(path):
    async with Memory.open(path) as memory:
        for _ in range(8):
            await memory.observe(LARGE, scope=ALICE)
    stored = 80
    async with Memory.open(path) as memory:
        # There is room for a log that is due to be written back, and none to write it to.
        limit(18_000_000)
        try:
            while stored < 1000:
                await asyncio.wait_for(memory.observe(LARGE, scope=ALICE), 10)
                stored += 10
        except StoreFullError:
            pass
        assert 120 <= stored < 1000, stored
        limit()
        await asyncio.wait_for(memory.observe(LARGE, scope=ALICE), 10)
        assert (await memory.stats()).episodes == stored + 10

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(main(sys.argv[1]))
"""


def test_a_long_log_that_can_not_be_written_back(
    database: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python("-c", LONG_LOG, database)
    assert done.returncode == 0, done.stderr
    assert "could not be" in done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root can mount a disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


async def _fill(memory: Memory) -> int:
    """Store messages until none fits, and return how many did."""
    for number in range(1000):
        message = Message("user", f"number {number} " + "x" * 5_000, id=str(number))
        try:
            await memory.observe(message, scope=ALICE)
        except StoreFullError:
            return number
    raise AssertionError("the disk is not small")


def test_a_small_disk(small_disk: Path) -> None:
    database = small_disk / "memory.db"

    async def fill() -> int:
        async with Memory.open(database) as memory:
            stored = await _fill(memory)
            with pytest.raises(StoreFullError, match="free some space"):
                await memory.remember("x" * 20_000, scope=ALICE)
            assert (await memory.stats()).episodes == stored > 0
            assert len(await memory.recall("number", scope=ALICE, limit=1000)) == stored
            return stored

    async def go_on(stored: int) -> None:
        async with Memory.open(database) as memory:
            assert (await memory.stats()).episodes == stored
            message = Message("user", "there is space again", id=str(stored))
            (episode,) = await memory.observe(message, scope=ALICE)
            assert episode.position == stored
            assert (await memory.forget_user("alice")).episodes == stored + 1

    stored = asyncio.run(fill())
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    asyncio.run(go_on(stored))
