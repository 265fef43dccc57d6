"""Worker processes that do the same at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Self

from evals.processes import ONE_THREAD
from evals.scale.postgres.records import Timing

__all__ = ["Workers"]


class Workers:
    """So many processes with a memory each; a context manager.

    Args:
        location: Where they store.
        count: How many.
        users: How many users there are.
        episodes: How many episodes each of them has.
        asked: How many users each worker asks about.
        vectors: Whether with vectors, made up.
        server_seconds: Tells how much processor time the server has spent so far, if that is known.
    """

    def __init__(
        self,
        location: str,
        count: int,
        *,
        users: int,
        episodes: int,
        asked: int = 100,
        vectors: bool = False,
        server_seconds: Callable[[], float | None],
    ) -> None:
        """Start the processes."""
        self._server_seconds = server_seconds
        told = ["--location", location, "--users", str(users), "--episodes", str(episodes)]
        told += ["--asked", str(asked), *(["--vectors"] if vectors else [])]
        self._processes = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "evals.scale.postgres.worker", *told),
                    *("--number", str(number)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **ONE_THREAD},
            )
            for number in range(count)
        ]

    def __enter__(self) -> Self:
        for process in self._processes:
            self._answer(process)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in self._processes:
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def do(self, task: str, **arguments: Any) -> Timing:
        """Have all do the same, and return what came of it."""
        return self.told(task, [arguments] * len(self._processes))[0]

    def told(
        self, task: str, arguments: list[dict[str, Any]]
    ) -> tuple[Timing, list[dict[str, Any]]]:
        """Have each do it with arguments of its own; return also the answers as they are."""
        before = self._server_seconds()
        for process, each in zip(self._processes, arguments, strict=True):
            self._ask(process, {"task": task, **each})
        answers = [self._answer(process) for process in self._processes]
        after = self._server_seconds()
        spent = None if before is None or after is None else after - before
        return Timing.of(answers, spent), answers

    def alone(self, number: int, task: str, **arguments: Any) -> Timing:
        """Have one of them do something, and return what came of it."""
        before = self._server_seconds()
        answer = self.one(number, task, **arguments)
        after = self._server_seconds()
        return Timing.of([answer], None if before is None or after is None else after - before)

    def one(self, number: int, task: str, **arguments: Any) -> dict[str, Any]:
        """Have one of them do something, and return its answer."""
        self._ask(self._processes[number], {"task": task, **arguments})
        return self._answer(self._processes[number])

    def _ask(self, process: subprocess.Popen[str], task: dict[str, Any]) -> None:
        assert process.stdin is not None
        process.stdin.write(json.dumps(task) + "\n")
        process.stdin.flush()

    def _answer(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("a worker ended; it has said why")
        return json.loads(line)
