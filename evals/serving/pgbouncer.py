"""A connection pooler in front of a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from evals.serving.accounts import server_account
from evals.serving.errors import ServingError
from evals.serving.places import free_port, own_folder, short_path
from evals.serving.processes import ServerProcess

__all__ = ["PgBouncer", "find_pgbouncer"]

# Debian installs it where only root looks for programs.
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))

_START_SECONDS = 30.0


def find_pgbouncer() -> Path:
    """Return the program's path.

    Raises:
        ServingError: It is not installed.
    """
    if (found := shutil.which("pgbouncer", path=_PATH)) is None:
        raise ServingError("there is no PgBouncer: install it with `apt-get install pgbouncer`")
    return Path(found)


class PgBouncer:
    """A pooler that lends a connection to the server for one transaction at a time.

    It knows all databases of the server, and asks nobody for a password. Its own database
    ``pgbouncer`` answers its commands, such as ``SHOW POOLS``. It ends with the process that
    started it. As a context manager, it starts, and stops at the end::

        with PostgresServer() as server, PgBouncer(server.url()) as pooler:
            url = pooler.url("memories")

    Attributes:
        port: The port on 127.0.0.1 that it listens on.
    """

    def __init__(
        self,
        server_url: str,
        *,
        pool_size: int = 20,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Choose how it runs.

        Args:
            server_url: The server's URL, of a superuser: other roles are looked up as that one. A
                role that needs a password has to be the URL's own.
            pool_size: To how many connections with the server a database and a role come at most.
            settings: Settings of ``pgbouncer.ini``, by their names.

        Raises:
            ServingError: It is not installed.
        """
        self._program = find_pgbouncer()
        self._server = {
            name: str(value)
            for name, value in conninfo_to_dict(server_url).items()
            if value is not None
        }
        self._settings = {"default_pool_size": str(pool_size), **(settings or {})}
        self._account = server_account()
        self._folder = short_path()
        self._process: ServerProcess | None = None
        self.port = free_port()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str = "postgres", *, user: str | None = None, tcp: bool = False) -> str:
        """Return the URL of one of the server's databases by way of the pooler.

        Args:
            database: The database.
            user: The role; ``None`` is that of the server's URL.
            tcp: Whether by TCP instead of a Unix socket.
        """
        role, name = quote(user or self._user, safe=""), quote(database, safe="")
        if tcp:
            return f"postgresql://{role}@127.0.0.1:{self.port}/{name}"
        host = quote(str(self._folder), safe="")
        return f"postgresql://{role}@/{name}?host={host}&port={self.port}"

    def start(self) -> None:
        """Start it, and return when it takes connections.

        Raises:
            ServingError: It did not start, or runs already. The message quotes its log.
        """
        if self._process is not None and self._process.running:
            raise ServingError("this PgBouncer runs already")
        own_folder(self._folder, self._account)
        try:
            self._write_settings()
            process = ServerProcess(
                [self._program, self._folder / "pgbouncer.ini"],
                account=self._account,
                folder=self._folder,
                log=self._folder / "log",
                environment=dict(os.environ),
                temporary=[self._folder],
            )
            process.wait_ready(self._ready, _START_SECONDS)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._process = process

    def stop(self) -> None:
        """Stop it at once, cutting off who is connected; nothing happens if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process = None
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _user(self) -> str:
        return self._server.get("user", "postgres")

    def _write_settings(self) -> None:
        places = " ".join(
            f"{name}={_quoted(value)}"
            for name, value in self._server.items()
            if name in {"host", "port"}
        )
        users = self._folder / "users.txt"
        password = self._server.get("password", "")
        users.write_text(f"{_named(self._user)} {_named(password)}\n", encoding="utf-8")
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": str(self._folder),
            "pool_mode": "transaction",
            "auth_type": "trust",
            "auth_file": str(users),
            "auth_user": self._user,
            "admin_users": self._user,
            "max_client_conn": "1000",
            **self._settings,
        }
        lines = ["[databases]", f"* = {places}", "[pgbouncer]"]
        lines += [f"{name} = {value}" for name, value in settings.items()]
        (self._folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as trial:
            return trial.connect_ex(str(self._folder / f".s.PGSQL.{self.port}")) == 0


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _named(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
