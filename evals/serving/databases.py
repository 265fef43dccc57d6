"""The databases of a server that runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from evals.serving.errors import ServingError

__all__ = ["Databases", "RunningServer"]

_NOWHERE = "/nowhere"


class Databases(ABC):
    """Makes and drops databases of a server."""

    @abstractmethod
    def url(self, database: str = "postgres", *, user: str | None = None, tcp: bool = False) -> str:
        """Return the URL of a database, as ``postgresql://``.

        Args:
            database: The database, which need not exist.
            user: The role; ``None`` is the one that makes databases here. Another is taken to need
                no password.
            tcp: Whether by TCP, where the server can be reached by a Unix socket too.
        """

    def create_database(
        self, name: str, template: str | None = None, *, extensions: bool = True
    ) -> str:
        """Make a database, and return its URL.

        Args:
            name: Its name.
            template: The database that it is a copy of, if any; nobody may be connected to that.
            extensions: Whether extensions are to be had there: without, it is as if none (pgvector,
                for one) were installed on the server. Those that the template has remain.

        Raises:
            ServingError: Extensions can't be withheld: the server is older than PostgreSQL 18.
            psycopg.Error: The server refuses.
        """
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        with self._connect() as connection:
            if not extensions and connection.info.server_version < 180000:
                raise ServingError(
                    "extensions=False needs PostgreSQL 18 or later, and this is "
                    f"{connection.info.server_version // 10000}"
                )
            connection.execute(statement)
            if not extensions:
                connection.execute(
                    sql.SQL("ALTER DATABASE {} SET extension_control_path = {}").format(
                        sql.Identifier(name), sql.Literal(_NOWHERE)
                    )
                )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, if it exists, and cut off whoever is connected to it."""
        with self._connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.url(), autocommit=True)


class RunningServer(Databases):
    """A server that somebody else runs."""

    def __init__(self, url: str) -> None:
        """Take a server.

        Args:
            url: A ``postgresql://`` URL of a role that may make databases. To withhold extensions,
                it has to be a superuser.
        """
        self._url = urlsplit(url)

    def url(self, database: str = "postgres", *, user: str | None = None, tcp: bool = False) -> str:
        credentials, at, place = self._url.netloc.rpartition("@")
        if user is not None:
            credentials, at = quote(user, safe=""), "@"
        changed = self._url._replace(
            netloc=credentials + at + place, path="/" + quote(database, safe="")
        )
        return changed.geturl()
