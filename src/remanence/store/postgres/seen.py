"""What a look at a server's database finds."""

from __future__ import annotations

import dataclasses
import datetime as dt

from remanence.store.postgres.migrating import Schema

__all__ = [
    "DeadRows",
    "Inspection",
    "Isolation",
    "Load",
    "Login",
    "Server",
    "Vectors",
]


@dataclasses.dataclass(frozen=True, slots=True)
class Server:
    """The server, and the way to it.

    Attributes:
        version: PostgreSQL's version.
        is_old: Whether that is too old for this Remanence.
        standby: Whether it only reads, because it follows another server.
        read_only: Whether transactions only read unless they ask for more.
        replicas: How many servers follow this one, as far as that may be seen.
        encrypted: Whether nobody on the way can read what is sent.
        local: Whether the server is on this machine, as it was named.
        ahead: By how much the server's clock is ahead of this machine's.
        hears: Whether a notification gets from one connection to another; ``None`` if that can't be
            tried.
        logged: Settings by which the server's log keeps statements, and with them what was said.
    """

    version: str
    is_old: bool
    standby: bool
    read_only: bool
    replicas: int
    encrypted: bool
    local: bool
    ahead: dt.timedelta
    hears: bool | None
    logged: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Login:
    """Who logs in.

    Attributes:
        name: The role.
        superuser: Whether it may do everything.
        bypasses: Whether row-level security does not hold for it.
        owns: Whether it owns the schema or something in it.
        lacks: The roles that statements run as, and that it can't become.
        unbound: Of these roles, those for which row-level security does not hold.
    """

    name: str
    superuser: bool
    bypasses: bool
    owns: bool
    lacks: tuple[str, ...]
    unbound: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Vectors:
    """What vectors are kept in.

    Attributes:
        pgvector: The extension's version in this database, or ``None``.
        available: The version that the server could install, or ``None``.
        kept_as: ``halfvec`` or ``bytea``; ``None`` if there is no table yet.
    """

    pgvector: str | None
    available: str | None
    kept_as: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Isolation:
    """Whether the server keeps users apart.

    Attributes:
        tables: How many tables and partitions hold what belongs to users.
        unprotected: Those without row-level security, or where it does not hold for the owner.
        unbounded: Those without the policy that shows one user's rows, or with another condition.
        widened: Policies beside it that hold for who works for one user, as ``table: policy``.
    """

    tables: int
    unprotected: tuple[str, ...]
    unbounded: tuple[str, ...]
    widened: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class DeadRows:
    """How much of a table waits to be cleaned away.

    Attributes:
        table: The table, with all its partitions.
        table_bytes: Its size, indexes included.
        live: How many rows there are, about.
        dead: How many rows are gone and still take room, about.
    """

    table: str
    table_bytes: int
    live: int
    dead: int


@dataclasses.dataclass(frozen=True, slots=True)
class Load:
    """What the server is busy with.

    Attributes:
        connections: How many connections there are to all its databases.
        most_connections: How many it takes of ordinary roles.
        oldest: For how long the oldest transaction has been running; ``None`` if there is none.
        oldest_by: Whose that is: a process id, or the name of a prepared transaction.
        sees_all: Whether transactions of others can be seen.
        xid_age: How many transactions ago the oldest row was frozen.
        tables: The tables, the largest first.
    """

    connections: int
    most_connections: int
    oldest: dt.timedelta | None
    oldest_by: str | None
    sees_all: bool
    xid_age: int
    tables: tuple[DeadRows, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Inspection:
    """What a database is like.

    Attributes:
        place: Its name, without a password.
        server: The server.
        login: Who logs in.
        schema: The version of its schema; ``None`` if who logs in may not look.
        newest_schema: The version that this Remanence makes.
        vectors: What vectors are kept in.
        isolation: Whether users are kept apart; ``None`` without a schema.
        load: What the server is busy with.
        unfinished: How many erasures were asked for and are not carried out whole; ``None`` if who
            logs in may not look.
    """

    place: str
    server: Server
    login: Login
    schema: Schema | None
    newest_schema: int
    vectors: Vectors
    isolation: Isolation | None
    load: Load
    unfinished: int | None
