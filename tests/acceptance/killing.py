"""Starts a process that does something again and again, and kills it in the middle of that."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import traceback
from collections.abc import Callable, Coroutine

__all__ = ["killed"]


def killed(work: Callable[[int], Coroutine[None, None, None]], *, delay: float) -> list[str]:
    """Start a process, kill it, and return the lines that it had written.

    Args:
        work: What it does until it is killed, given the descriptor to write lines to.
        delay: How many seconds after its first line it is killed.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            asyncio.run(work(writing))
        except BaseException:  # a forked child must not run its parent's code
            traceback.print_exc()
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as written:
        first = written.readline()
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL or not first:
            raise AssertionError("the process ended by itself")
        return (first + written.read()).decode().split("\n")[:-1]
