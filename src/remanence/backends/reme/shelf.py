"""The workspaces of this process that are open: one for each folder, whoever uses it."""

from __future__ import annotations

import asyncio
import atexit
import collections
import contextlib
import dataclasses
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from remanence.backends.lane import Lane
from remanence.backends.reme.models import Call, current_call
from remanence.backends.reme.settings import Background
from remanence.backends.reme.workspace import Workspace
from remanence.errors import InputError

__all__ = ["Loan", "Plan", "Shelves", "shelves"]

T = TypeVar("T")

_MOST = 64
"""How many workspaces are kept open that nobody uses at the moment."""

_LOOK_SECONDS = 0.01

_PATIENCE = 2.0
"""Seconds that closing leaves to what has begun."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """How the workspaces below a folder are opened.

    Attributes:
        root: The folder.
        zone: The time zone of their days.
        embedder: What embeds, by its class, name and size, in words; ``None`` for nothing.
        background: What ReMe does by itself.
    """

    root: Path
    zone: ZoneInfo
    embedder: str | None
    background: Background


class _Shelf:
    """The open workspaces below one folder, with a thread and an event loop of their own."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.process = os.getpid()
        self.users = 0
        self.lane = Lane("remanence-reme")
        self._open: collections.OrderedDict[Path, Workspace] = collections.OrderedDict()
        self._in_use: collections.Counter[Path] = collections.Counter()
        self._resting: dict[Path, asyncio.Event] = {}

    @contextlib.asynccontextmanager
    async def workspace(self, folder: Path, call: Call) -> AsyncGenerator[Workspace]:
        """Use a workspace, which is opened if it is not; in the lane."""
        while (resting := self._resting.get(folder)) is not None:
            await resting.wait()
        workspace = self._open.get(folder)
        if workspace is None:
            workspace = self._open[folder] = Workspace(
                folder,
                zone=self.plan.zone,
                embedder=self.plan.embedder,
                background=self.plan.background,
            )
        self._open.move_to_end(folder)
        self._in_use[folder] += 1
        try:
            await workspace.start(call)
            yield workspace
        finally:
            self._in_use[folder] -= 1
            if not self._in_use[folder]:
                del self._in_use[folder]
        await self._close_some()

    async def put_away(self, folder: Path, work: Callable[[], Awaitable[T]]) -> T:
        """Do something while a workspace is closed, and nobody opens it; in the lane."""
        while (resting := self._resting.get(folder)) is not None:
            await resting.wait()
        over = self._resting[folder] = asyncio.Event()
        try:
            while self._in_use[folder]:  # noqa: ASYNC110 - too rare to build a bell for
                await asyncio.sleep(_LOOK_SECONDS)
            workspace = self._open.pop(folder, None)
            if workspace is not None:
                await workspace.close()
            return await work()
        finally:
            del self._resting[folder]
            over.set()

    async def _close_some(self) -> None:
        """Close the workspaces that were not used for the longest time."""
        if self.plan.background:
            return  # it is done where a workspace is open
        idle = [folder for folder in self._open if not self._in_use[folder]]
        for folder in idle[: max(len(self._open) - _MOST, 0)]:
            if not self._in_use[folder] and folder not in self._resting:
                with contextlib.suppress(Exception):  # as at the end
                    await self.put_away(folder, _nothing)

    def close(self) -> None:
        """Close everything; blocks."""
        if self.process != os.getpid():
            return
        with contextlib.suppress(Exception):  # the index is made anew where it was not saved
            self.lane.start(self._close_all).result(_PATIENCE)
        self.lane.close(_PATIENCE)

    async def _close_all(self) -> None:
        while self._open:
            _, workspace = self._open.popitem()
            await workspace.close()


async def _nothing() -> None:
    """Do nothing."""


class Loan:
    """A shelf that is shared with others, until it is given back."""

    def __init__(self, owner: Shelves, shelf: _Shelf) -> None:
        """Keep whose it is."""
        self._shelves = owner
        self._shelf = shelf
        self._over = False

    @property
    def process(self) -> int:
        """The process that has it."""
        return self._shelf.process

    async def use(self, call: Call, folder: Path, work: Callable[[Workspace], Awaitable[T]]) -> T:
        """Do something with a workspace, in an event loop of its own.

        If the caller is cancelled, what was begun comes to its end all the same.

        Args:
            call: On whose behalf.
            folder: The workspace's folder.
            work: What to do.

        Raises:
            Exception: Whatever was raised.
        """

        async def run() -> T:
            async with self._shelf.workspace(folder, call) as workspace:
                return await work(workspace)

        return await self._run(call, run)

    async def put_away(self, call: Call, folder: Path, work: Callable[[], Awaitable[T]]) -> T:
        """Do something with a workspace's files while it is closed; else as :meth:`use`."""
        return await self._run(call, lambda: self._shelf.put_away(folder, work))

    async def _run(self, call: Call, make: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            current_call.set(call)  # in the task that does it, and in those that it starts
            return await make()

        return await self._shelf.lane.run(run)

    async def give_back(self) -> None:
        """Close the workspaces if nobody else has them; doing so twice does nothing."""
        if self._over:
            return
        self._over = True
        if self._shelves.give_back(self._shelf) and self._shelf.process == os.getpid():
            await asyncio.to_thread(self._shelf.close)


class Shelves:
    """Lends what is open in this process."""

    def __init__(self) -> None:
        """Nothing is open."""
        self._lock = threading.Lock()
        self._shelves: dict[Path, _Shelf] = {}

    def check(self, plan: Plan) -> None:
        """Refuse a plan that differs from the one with which its folder is open.

        Raises:
            InputError: It does.
        """
        with self._lock:
            self._check(plan)

    def _check(self, plan: Plan) -> None:
        shelf = self._shelves.get(plan.root)
        if shelf is None or shelf.process != os.getpid() or shelf.plan == plan:
            return
        told = {
            "embedding_model": (plan.embedder, shelf.plan.embedder),
            "timezone": (plan.zone, shelf.plan.zone),
        }
        field = next((name for name, (ours, known) in told.items() if ours != known), "watch")
        raise InputError(
            field,
            f"differs from that with which this process uses {plan.root}",
            "use one for a folder, close the other middleware first, or name another workspace_dir",
        )

    def borrow(self, plan: Plan) -> Loan:
        """Lend the workspaces below a folder.

        Raises:
            InputError: They are open with another plan.
        """
        with self._lock:
            self._check(plan)
            shelf = self._shelves.get(plan.root)
            if shelf is None or shelf.process != os.getpid():
                if not self._shelves:
                    atexit.register(self.close)
                shelf = self._shelves[plan.root] = _Shelf(plan)
            shelf.users += 1
        return Loan(self, shelf)

    def give_back(self, shelf: _Shelf) -> bool:
        """Take a shelf back; return whether nobody has it any more, so that it is to be closed."""
        with self._lock:
            shelf.users -= 1
            last = shelf.users == 0
            if last and self._shelves.get(shelf.plan.root) is shelf:
                del self._shelves[shelf.plan.root]
            return last

    def close(self) -> None:
        """Close whatever is open; for the end of the interpreter."""
        with self._lock:
            open_ = list(self._shelves.values())
            self._shelves.clear()
        atexit.unregister(self.close)
        for shelf in open_:
            shelf.close()


shelves = Shelves()
"""What is open in this process."""
