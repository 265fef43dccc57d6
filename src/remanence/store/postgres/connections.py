"""Where a store's connections come from: the database's name, and a pool of connections to it."""

from __future__ import annotations

import dataclasses
import logging
import math
from typing import Any

import psycopg
from psycopg import conninfo
from psycopg.types import TypeInfo
from psycopg_pool import ConnectionPool, PoolTimeout

from remanence.errors import InputError
from remanence.location import shown
from remanence.store.postgres.halves import HalfType
from remanence.store.postgres.values import register

__all__ = ["Address", "Connection", "Pool", "make_pool"]

Connection = psycopg.Connection[tuple[Any, ...]]
Pool = ConnectionPool[Connection]

# What the pool has to say about lost connections is told by the errors of those who wanted one.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())
logging.getLogger("psycopg.pool").propagate = False

_ESCAPES = "in a password write @ as %40, / as %2F, # as %23 and % as %25"

_LONGEST_CONNECTING = 10
_SHORTEST_CONNECTING = 2  # libpq has no less

_DEFAULTS = {
    "application_name": "remanence",
    # A connection whose other end is gone is noticed in time, not after hours.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """Which database.

    Attributes:
        settings: What libpq is given, password included.
        shown: Its name as a URL without the password, for errors and for people.
    """

    settings: dict[str, str]
    shown: str

    @classmethod
    def of(cls, location: str, *, patience: float = _LONGEST_CONNECTING) -> Address:
        """Return the address of a URL as libpq understands it.

        Args:
            location: The URL.
            patience: Seconds that connecting may take, about; 10 at most, and 2 at least.

        Raises:
            InputError: It is none.
        """
        _check_escapes(location)
        try:
            given = conninfo.conninfo_to_dict(location)
        except (psycopg.ProgrammingError, UnicodeDecodeError) as error:
            # What it quotes may be a part of the password.
            secret = shown(location) != location
            why = "" if secret else f" ({str(error).strip()})"
            raise InputError(
                "location",
                f"can't be understood{why}",
                f"give postgresql://user@host:port/database; {_ESCAPES}",
            ) from (None if secret else error)
        told = {name: str(value) for name, value in given.items() if value is not None}
        seconds = max(_SHORTEST_CONNECTING, min(math.ceil(patience), _LONGEST_CONNECTING))
        return cls({"connect_timeout": str(seconds), **_DEFAULTS, **told}, _shown(told))

    @property
    def conninfo(self) -> str:
        """What libpq connects by."""
        return conninfo.make_conninfo(**self.settings)


def _check_escapes(location: str) -> None:
    """Refuse a URL that would be cut in the middle of its password.

    Raises:
        InputError: It would.
    """
    place = location.partition("://")[2].partition("?")[0]
    authority, _, rest = place.partition("/")
    if "@" in rest or authority.count("@") > 1:
        raise InputError("location", "has an @ or / in it that is not escaped", _ESCAPES)


def _shown(settings: dict[str, str]) -> str:
    user = settings.get("user")
    host = settings.get("host", "")
    port = settings.get("port")
    place = f"{f'{user}@' if user else ''}{'' if host.startswith('/') else host}"
    place += f":{port}" if port and not host.startswith("/") else ""
    name = f"postgresql://{place}/{settings.get('dbname', user or '')}"
    return f"{name}?host={host}" if host.startswith("/") else name


def reasoned(pool: Pool, error: PoolTimeout) -> PoolTimeout:
    """Return the error of who got no connection from a pool in time, with its reason, if any.

    It stays one that says that nothing was sent.
    """
    address = pool.conninfo
    if not isinstance(address, str):
        return error
    try:
        psycopg.connect(address, connect_timeout=_SHORTEST_CONNECTING).close()
    except psycopg.OperationalError as reason:
        return PoolTimeout(str(reason))
    return error


def make_pool(address: Address, *, size: int, patience: float) -> Pool:
    """Return a pool that is not open yet.

    Its connections keep no state of a session: no prepared statements, and no settings that outlive
    a transaction, so that a proxy may give each transaction another server connection.

    Args:
        address: Which database.
        size: How many connections it holds at most; one until more are needed.
        patience: Seconds to wait for a connection.
    """
    return ConnectionPool[Connection](
        address.conninfo,
        min_size=1,
        max_size=size,
        open=False,
        timeout=patience,
        reconnect_timeout=patience,
        max_lifetime=1_800.0,
        num_workers=1,
        kwargs={"autocommit": True, "prepare_threshold": None},
        configure=register,
    )


def half_type(connection: Connection) -> HalfType | None:
    """Return pgvector's type if that is what the vectors are kept in, or ``None``."""
    row = connection.execute(
        """
        SELECT t.typelem
        FROM pg_attribute AS a
        JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = 'remanence.vectors'::regclass AND a.attname = 'data'
        """
    ).fetchone()
    if row is None or not row[0]:
        return None
    info = TypeInfo.fetch(connection, "halfvec")
    return None if info is None else HalfType(info.oid, info.array_oid)
