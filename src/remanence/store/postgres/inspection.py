"""A look at a server's database that changes nothing in it."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
import uuid
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors

from remanence.store.postgres.connections import Address, Connection
from remanence.store.postgres.faults import translated
from remanence.store.postgres.migrating import LEAST_SERVER, Schema, needed_to_become, schema_of
from remanence.store.postgres.roles import APP, GROUPS, OPERATOR
from remanence.store.postgres.seen import (
    DeadRows,
    Inspection,
    Isolation,
    Load,
    Login,
    Server,
    Vectors,
)
from remanence.store.postgres.statements import migrations

__all__ = [
    "has_schema",
    "inspect",
    "may_make_schema",
    "schema_at",
    "ungranted",
    "unknown",
]

_HEARING_SECONDS = 3.0
_CHANNEL = "remanence_doctor"

# Statements have what was said in them, also those that are refused.
_LOGGED = """
SELECT name, setting FROM pg_settings
WHERE name = 'log_statement' AND setting IN ('mod', 'all')
   OR name = 'log_min_error_statement' AND setting NOT IN ('fatal', 'panic')
   OR name IN ('log_min_duration_statement', 'log_min_duration_sample') AND setting <> '-1'
ORDER BY name
"""


def has_schema(location: str) -> bool:
    """Return whether a database has a schema of ours, in whatever state.

    Raises:
        InputError: ``location`` is no URL of a database.
        StoreError: It can't be reached.
    """
    address = Address.of(location)
    with translated(address.shown), _connected(address) as connection:
        return _one(connection, "SELECT to_regnamespace('remanence') IS NOT NULL")


def may_make_schema(location: str) -> bool:
    """Return whether who logs in may make a schema in a database.

    Raises:
        InputError: ``location`` is no URL of a database.
        StoreError: It can't be reached.
    """
    address = Address.of(location)
    with translated(address.shown), _connected(address) as connection:
        return _one(connection, "SELECT has_database_privilege(current_database(), 'CREATE')")


def schema_at(location: str) -> tuple[Schema, int]:
    """Return what a database has of the schema, and the version that this Remanence makes.

    Raises:
        InputError: ``location`` is no URL of a database.
        StoreError: It can't be reached, or who logs in may not look.
    """
    address = Address.of(location)
    with translated(address.shown), _connected(address) as connection:
        return schema_of(connection), migrations()[-1].version


def unknown(location: str, names: Sequence[str]) -> list[str]:
    """Return of these names those that no role of the server has.

    Raises:
        InputError: ``location`` is no URL of a database.
        StoreError: It can't be reached.
    """
    address = Address.of(location)
    with translated(address.shown), _connected(address) as connection:
        query = "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)"
        there = _rows(connection, query, list(names))
    return [name for name in names if (name,) not in there]


def ungranted(location: str, names: Sequence[str]) -> list[str]:
    """Return of these roles those that can't be the roles that statements run as.

    Raises:
        InputError: ``location`` is no URL of a database.
        StoreError: It can't be reached.
    """
    address = Address.of(location)
    with translated(address.shown), _connected(address) as connection:
        able = _rows(
            connection,
            """
            SELECT n.rolname
            FROM pg_roles AS n
            WHERE n.rolname = ANY (%s)
              AND (SELECT count(*) FROM pg_roles AS g
                   WHERE g.rolname = ANY (%s) AND pg_has_role(n.oid, g.oid, %s)) = %s
            """,
            list(names),
            list(GROUPS),
            needed_to_become(connection),
            len(GROUPS),
        )
    return [name for name in names if (name,) not in able]


def inspect(location: str) -> Inspection:
    """Look at a database of a server.

    Raises:
        InputError: ``location`` is no URL of a database.
        StoreError: It can't be reached, or refuses to be looked at.
    """
    address = Address.of(location)
    with translated(address.shown), _connected(address) as connection:
        try:
            schema = schema_of(connection)
        except errors.InsufficientPrivilege:
            schema = None
        login = _login(connection)
        there = _one(connection, "SELECT to_regnamespace('remanence') IS NOT NULL")
        return Inspection(
            place=address.shown,
            server=_server(connection, address),
            login=login,
            schema=schema,
            newest_schema=migrations()[-1].version,
            vectors=_vectors(connection),
            isolation=_isolation(connection) if there else None,
            load=_load(connection),
            unfinished=_unfinished(connection, login) if schema and schema.version else None,
        )


def _connected(address: Address) -> Connection:
    return psycopg.connect(address.conninfo, autocommit=True, prepare_threshold=None)


def _rows(connection: Connection, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), parameters or None).fetchall()


def _one(connection: Connection, query: str, *parameters: object) -> Any:
    return _rows(connection, query, *parameters)[0][0]


def _server(connection: Connection, address: Address) -> Server:
    began, clock = dt.datetime.now(dt.UTC), time.monotonic()
    theirs: dt.datetime = _one(connection, "SELECT clock_timestamp()")
    ours = began + dt.timedelta(seconds=(time.monotonic() - clock) / 2)
    standby, read_only, replicas = _rows(
        connection,
        "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean,"
        " (SELECT count(*) FROM pg_stat_replication)",
    )[0]
    host = connection.info.host
    return Server(
        version=_one(connection, "SELECT current_setting('server_version')"),
        is_old=connection.info.server_version < LEAST_SERVER,
        standby=standby,
        read_only=read_only,
        replicas=replicas,
        encrypted=connection.pgconn.ssl_in_use,
        local=host.startswith("/") or host in ("localhost", "127.0.0.1", "::1"),
        ahead=theirs - ours,
        hears=None if standby else _hears(connection, address),
        logged=tuple(f"{name} = {value}" for name, value in _rows(connection, _LOGGED)),
    )


def _hears(connection: Connection, address: Address) -> bool:
    """Return whether what one connection says is heard on another one."""
    proof = uuid.uuid4().hex
    connection.execute(f"LISTEN {_CHANNEL}".encode())
    try:
        with _connected(address) as other:
            other.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, proof))
        deadline = time.monotonic() + _HEARING_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            for notify in connection.notifies(timeout=left, stop_after=1):
                if notify.payload == proof:
                    return True
        return False
    finally:
        connection.execute(f"UNLISTEN {_CHANNEL}".encode())


def _login(connection: Connection) -> Login:
    name, superuser, bypasses = _rows(
        connection,
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user",
    )[0]
    owns = _one(
        connection,
        """
        SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'remanence'
                       AND pg_has_role(nspowner, 'MEMBER'))
            OR EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                       WHERE n.nspname = 'remanence' AND pg_has_role(c.relowner, 'MEMBER'))
        """,
    )
    groups = {
        group: (member, unbound)
        for group, member, unbound in _rows(
            connection,
            "SELECT rolname, pg_has_role(oid, %s), rolsuper OR rolbypassrls FROM pg_roles"
            " WHERE rolname = ANY (%s)",
            needed_to_become(connection),
            list(GROUPS),
        )
    }
    return Login(
        name=name,
        superuser=superuser,
        bypasses=bypasses,
        owns=owns,
        lacks=tuple(group for group in GROUPS if not groups.get(group, (False, False))[0]),
        unbound=tuple(group for group in GROUPS if groups.get(group, (False, False))[1]),
    )


def _vectors(connection: Connection) -> Vectors:
    pgvector, available, kept_as = _rows(
        connection,
        """
        SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
               (SELECT default_version FROM pg_available_extensions WHERE name = 'vector'),
               (SELECT trim(LEADING '_' FROM t.typname)
                FROM pg_attribute AS a
                JOIN pg_class AS c ON c.oid = a.attrelid
                JOIN pg_namespace AS n ON n.oid = c.relnamespace
                JOIN pg_type AS t ON t.oid = a.atttypid
                WHERE n.nspname = 'remanence' AND c.relname = 'vectors' AND a.attname = 'data')
        """,
    )[0]
    return Vectors(pgvector, available, kept_as)


def _isolation(connection: Connection) -> Isolation:
    """Compare tables of users, which are those that are partitioned, with what they should be."""
    tables = _rows(
        connection,
        """
        SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
               EXISTS (SELECT FROM pg_policy AS p
                       WHERE p.polrelid = c.oid AND p.polname = 'one_user' AND p.polcmd = '*'
                         AND p.polroles = ARRAY[to_regrole(%s)::oid]
                         AND pg_get_expr(p.polqual, p.polrelid) = o.condition
                         AND pg_get_expr(p.polwithcheck, p.polrelid) = o.condition)
        FROM pg_class AS c
        CROSS JOIN (VALUES
            ('(user_id = current_setting(''remanence.user_id''::text, true))')) AS o (condition)
        WHERE c.relnamespace = to_regnamespace('remanence')
          AND (c.relkind = 'p' OR c.relispartition AND c.relkind = 'r')
        ORDER BY c.relname
        """,
        APP,
    )
    widened = _rows(
        connection,
        """
        SELECT format('%%s: %%s', c.relname, p.polname)
        FROM pg_policy AS p
        JOIN pg_class AS c ON c.oid = p.polrelid
        WHERE c.relnamespace = to_regnamespace('remanence')
          AND p.polname <> 'one_user' AND p.polpermissive
          AND EXISTS (SELECT FROM unnest(p.polroles) AS r (role)
                      WHERE r.role = 0 OR pg_has_role(to_regrole(%s), r.role, 'MEMBER'))
        ORDER BY 1
        """,
        APP,
    )
    return Isolation(
        tables=len(tables),
        unprotected=tuple(name for name, forced, _ in tables if not forced),
        unbounded=tuple(name for name, _, bounded in tables if not bounded),
        widened=tuple(name for (name,) in widened),
    )


def _load(connection: Connection) -> Load:
    connections, most, sees_all, xid_age = _rows(
        connection,
        """
        SELECT (SELECT coalesce(sum(numbackends), 0)::bigint FROM pg_stat_database),
               (SELECT sum(CASE name WHEN 'max_connections' THEN 1 ELSE -1 END * setting::integer)
                FROM pg_settings
                WHERE name IN ('max_connections', 'superuser_reserved_connections',
                               'reserved_connections'))::bigint,
               pg_has_role('pg_read_all_stats', 'USAGE'),
               (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database())
        """,
    )[0]
    oldest = _rows(
        connection,
        """
        SELECT now() - began, who
        FROM (SELECT xact_start, pid::text FROM pg_stat_activity WHERE pid <> pg_backend_pid()
              UNION ALL SELECT prepared, format('prepared transaction %s', gid)
              FROM pg_prepared_xacts) AS t (began, who)
        WHERE began IS NOT NULL
        ORDER BY began
        LIMIT 1
        """,
    )
    tables = _rows(
        connection,
        """
        SELECT coalesce(parent.relname, c.relname) AS table_name,
               sum(pg_total_relation_size(c.oid))::bigint AS bytes,
               coalesce(sum(s.n_live_tup), 0)::bigint, coalesce(sum(s.n_dead_tup), 0)::bigint
        FROM pg_class AS c
        JOIN pg_stat_all_tables AS s ON s.relid = c.oid
        LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
        LEFT JOIN pg_class AS parent ON parent.oid = i.inhparent
        WHERE c.relnamespace = to_regnamespace('remanence') AND c.relkind = 'r'
        GROUP BY table_name
        ORDER BY bytes DESC
        """,
    )
    return Load(
        connections=connections,
        most_connections=most,
        oldest=oldest[0][0] if oldest else None,
        oldest_by=oldest[0][1] if oldest else None,
        sees_all=sees_all,
        xid_age=xid_age,
        tables=tuple(DeadRows(*row) for row in tables),
    )


def _unfinished(connection: Connection, login: Login) -> int | None:
    """Count erasures as an operator; ``None`` for somebody who can't be one."""
    if OPERATOR in login.lacks:
        return None
    with contextlib.suppress(errors.UndefinedTable), connection.transaction():
        connection.execute("SELECT set_config('role', %s, true)", (OPERATOR,))
        return _one(connection, "SELECT count(*) FROM remanence.erasures WHERE rows_gone < 2")
    return None
