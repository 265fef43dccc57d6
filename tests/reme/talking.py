"""A process with a backend of its own, that is told line by line what to do."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.reme.parts import ALICE, backend_of, exchange, found

__all__ = ["Talking"]


class Talking:
    """Such a process; it ends with the block."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Talking:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()

    async def close(self) -> None:
        """Let it close its backend, and end."""
        await asyncio.to_thread(self.process.communicate, timeout=20)

    async def tell(self, text: str) -> None:
        """Let it keep something."""
        assert await asyncio.to_thread(self._say, f"tell {text}") == "True"

    async def found(self, query: str) -> str:
        """Let it search; return what it finds."""
        return await asyncio.to_thread(self._say, f"find {query}")

    def _say(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(line, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()


async def _main() -> None:
    backend = backend_of(Path(sys.argv[1]))
    for line in iter(sys.stdin.readline, ""):
        what, _, text = line.strip().partition(" ")
        if what == "tell":
            print(await backend.retain(exchange(text, text), scope=ALICE, wait=10), flush=True)
        else:
            print("; ".join(await found(backend, text)), flush=True)
    await backend.aclose()


if __name__ == "__main__":
    asyncio.run(_main())
