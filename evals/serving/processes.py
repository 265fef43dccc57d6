"""A server's process, which ends with the one that started it, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from evals.serving.accounts import Account
from evals.serving.errors import ServingError

__all__ = ["ServerProcess", "run_as", "wait_until"]

# Is told the server's process id, and then reads on until it is told to go, or until the process
# that could tell is gone. Signals go to the process group that it shares with the server alone.
_WATCHER = """
trap '' QUIT INT
read -r server
read -r _ && exit
kill -s QUIT 0
tries=50
while [ "$tries" -gt 0 ] && kill -s 0 "$server"; do
    sleep 0.1
    tries=$((tries - 1))
done
rm -rf -- "$@"
kill -s KILL 0
"""

_POLL_SECONDS = 0.01
_QUOTED_LINES = 20


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]


def run_as(account: Account | None) -> _Identity:
    """Return what `subprocess` is told to run a program as an account."""
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


def wait_until(reached: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is reached, and return whether it was within the time."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


class ServerProcess:
    """A server in a process group of its own, together with a small shell that watches over it.

    The shell reads from a pipe that only this process holds. When this process is gone, it sends
    SIGQUIT to the group, SIGKILL when five seconds were not enough, and removes what was temporary.

    Attributes:
        pid: The server's process id.
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        account: Account | None,
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        temporary: Sequence[Path] = (),
    ) -> None:
        """Start the process.

        Args:
            arguments: The program and its arguments.
            account: What it runs as; ``None`` is the account of this process.
            folder: Where it runs.
            log: What it prints is appended to this file.
            environment: Its environment.
            temporary: What is removed when this process is killed.
        """
        self._log = log
        identity = run_as(account)
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHER, "watcher", *temporary],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            process_group=0,
            **identity,
        )
        try:
            with log.open("ab") as output:
                self._log_start = output.tell()
                self._process = subprocess.Popen(
                    list(arguments),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=folder,
                    env=environment,
                    process_group=self._watcher.pid,
                    **identity,
                )
        except BaseException:
            self._dismiss_watcher()
            raise
        self.pid = self._process.pid
        self._tell_watcher(str(self.pid))

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it does what it is there for, and kill it if it does not.

        Args:
            ready: Whether it does.
            seconds: For how long to wait.

        Raises:
            ServingError: It ended, or the time did. The message quotes its log.
        """
        if not wait_until(lambda: ready() or not self.running, seconds):
            found = f"was not ready within {seconds:g} s"
        elif not self.running:
            found = "did not start"
        else:
            return
        self.kill()
        raise ServingError(f"the server {found}; its log, {self._log}, ends:\n{self._log_tail()}")

    def stop(self, number: signal.Signals, seconds: float) -> None:
        """Send a signal that asks it to end, and wait until it has.

        Args:
            number: The signal.
            seconds: For how long to wait. After that it is killed.

        Raises:
            ServingError: It had to be killed.
        """
        if self.running:
            self._process.send_signal(number)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            tail = self._log_tail()
            self.kill()
            raise ServingError(
                f"the server did not stop within {seconds:g} s of {number.name}; "
                f"its log, {self._log}, ends:\n{tail}"
            ) from None
        self._dismiss_watcher()

    def kill(self) -> None:
        """Kill it and its children, and wait until they are gone.

        Without ``/proc``, children are left to notice by themselves.
        """
        if self.running:
            # What is stopped starts no more children while they are counted.
            self._process.send_signal(signal.SIGSTOP)
            family = [self.pid, *_descendants(self.pid)]
            for pid in family:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()
            if not wait_until(lambda: not any(map(_lives, family)), 10):
                raise ServingError(f"processes of the server survived being killed: {family}")
        self._dismiss_watcher()

    def _log_tail(self) -> str:
        """Return the last lines that it printed since it was started."""
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-_QUOTED_LINES:])

    def _dismiss_watcher(self) -> None:
        self._tell_watcher("go")
        self._watcher.communicate()

    def _tell_watcher(self, line: str) -> None:
        # It may have been killed.
        if self._watcher.stdin is not None and not self._watcher.stdin.closed:
            with suppress(BrokenPipeError):
                self._watcher.stdin.write(f"{line}\n".encode("ascii"))
                self._watcher.stdin.flush()


def _status(pid: int) -> tuple[str, int] | None:
    """Return a process's state and its parent, or ``None`` if there is no such process."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The name in parentheses may hold spaces, and parentheses.
    state, parent = status.rpartition(")")[2].split()[:2]
    return state, int(parent)


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        if (status := _status(int(entry.name))) is not None:
            children.setdefault(status[1], []).append(int(entry.name))
    found = list(children.get(pid, ()))
    for each in found:  # grows meanwhile
        found.extend(children.get(each, ()))
    return found


def _lives(pid: int) -> bool:
    status = _status(pid)
    return status is not None and status[0] not in "XZ"
