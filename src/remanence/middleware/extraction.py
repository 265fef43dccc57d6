"""Has what is stored read for facts by the agent's own chat model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from remanence.backends.protocol import Extracts
from remanence.telemetry import Faults, count

if TYPE_CHECKING:
    from agentscope.agent import Agent

__all__ = ["Extraction"]


_SECONDS = 30.0
"""How long it may take to begin."""


class Extraction:
    """Sees to it that a backend has a chat model before it is given something to read.

    That is begun beside a reply, and is done long before the reply has something to be kept.

    Args:
        backend: What reads.
        patience: How many seconds what is said waits for that all the same, at most.
        faults: Where failures are counted, as ``extract``.
    """

    def __init__(self, backend: Extracts, *, patience: float, faults: Faults) -> None:
        """Keep the parts; nothing is begun yet."""
        self._backend = backend
        self._patience = patience
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, agent: Agent) -> None:
        """Let the agent's model read from now on; where that fails, the next reply tries again."""
        task = asyncio.get_running_loop().create_task(self._begin(agent))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def begun(self) -> None:
        """Wait until what was begun in this event loop is done, or has failed."""
        loop = asyncio.get_running_loop()
        tasks = [task for task in self._tasks if task.get_loop() is loop]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._patience)
        if late:
            self._faults.record("extract", "it has not begun yet: what is said now is not read")

    async def _begin(self, agent: Agent) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                await self._backend.extract_with(agent.model)
        except TimeoutError:
            count("timeouts", of="extract")
            self._faults.record("extract", f"it takes longer than {_SECONDS:g} s to begin")
        except Exception as error:  # whatever fails, the reply goes on
            self._faults.record("extract", error)
