"""A process keeps its locks, whatever else it opens."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from remanence import Memory, Message, Scope

# The bytes of a file that every connection locks for reading:
# https://www.sqlite.org/fileformat2.html#the_lock_byte_page
TAKING = """
import fcntl, sys

with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
"""


async def test_opening_a_file_again_takes_no_lock_away(
    database: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    async with Memory.open(database) as first, Memory.open(database):
        await first.observe(Message("user", "hello"), scope=Scope("alice", session_id="monday"))
        async with Memory.open(database):
            pass
        done = run_python("-c", TAKING, database)
        assert "BlockingIOError" in done.stderr
    assert run_python("-c", TAKING, database).stderr == ""
