"""Making the schema, and bringing it up to date, while others work with it.

A step only adds: what older code does goes on. Each step says from which version of the schema on
code works with it; older code that is running goes on until it is closed, and then is refused.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors, sql
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from remanence.errors import InputError, SchemaTooNewError, StoreError, StoreReadOnlyError
from remanence.store.postgres.connections import Address
from remanence.store.postgres.faults import translated
from remanence.store.postgres.roles import APP, GROUPS, OPERATOR, WORKER
from remanence.store.postgres.statements import migrations
from remanence.store.relational.statements import Migration

__all__ = ["Schema", "Vectors", "check", "migrate", "needed_to_become", "schema_of"]

Vectors = str
"""``auto``, ``halfvec`` or ``bytea``."""

LEAST_SERVER = 150_000

_LOCK = "remanence.migrations"
_LOCK_TIMEOUT = "2s"
"""A step that waits for a lock holds up all who come after it: it gives up, and comes again."""

_ATTEMPTS = 30
_WORKS_FROM = re.compile(r"^-- works from: (\d+)$", re.MULTILINE)

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclasses.dataclass(frozen=True, slots=True)
class Schema:
    """What a database has of the schema.

    Attributes:
        version: Its version; 0 if there is none.
        works_from: The least version of the schema that code has to know to work with it.
    """

    version: int
    works_from: int


def schema_of(connection: Connection) -> Schema:
    """Return what a database has of the schema."""
    with connection.transaction():
        row = connection.execute("SELECT to_regclass('remanence.migrations')").fetchone()
        if row is None or row[0] is None:
            return Schema(0, 0)
        row = connection.execute(
            "SELECT coalesce(max(version), 0), coalesce(max(works_from), 0)"
            " FROM remanence.migrations"
        ).fetchone()
    return Schema(*row) if row else Schema(0, 0)


def check(address: Address) -> None:
    """See that a database has a schema that this code can work with; make it if that is allowed.

    Raises:
        SchemaTooNewError: The schema is too new for this code.
        StoreError: There is no schema, or an older one, and whoever logs in may not change that; or
            the server is too old.
    """
    newest = migrations()[-1].version
    with (
        translated(address.shown),
        psycopg.connect(address.conninfo, autocommit=True) as connection,
    ):
        _check_server(address, connection)
        schema = _schema_for(connection)
        if schema.works_from > newest:
            raise SchemaTooNewError(
                f"{address.shown} has schema version {schema.version}, which needs a Remanence "
                f"that knows {schema.works_from}; this one knows up to {newest}; upgrade the "
                "package: pip install --upgrade remanence"
            )
        if schema.version >= newest:
            return
        if not _may_migrate(connection, schema):
            has = f"schema version {schema.version}" if schema.version else "no Remanence schema"
            raise StoreReadOnlyError(
                f"{address.shown} has {has}, and this needs {newest}; let the database's owner "
                f"run: remanence migrate --grant {connection.info.user}"
            )
    migrate(address)


def _schema_for(connection: Connection) -> Schema:
    try:
        return schema_of(connection)
    except errors.InsufficientPrivilege:
        raise StoreReadOnlyError(
            f"{connection.info.user} may not use the Remanence schema of {connection.info.dbname}; "
            f"let the database's owner run: remanence migrate --grant {connection.info.user}"
        ) from None


def _check_server(address: Address, connection: Connection) -> None:
    if connection.info.server_version < LEAST_SERVER:
        raise StoreError(
            f"{address.shown} is PostgreSQL {connection.info.server_version // 10_000}; it has to "
            "be 15 or newer"
        )


def _check_rights(address: Address, connection: Connection, schema: Schema) -> None:
    if _may_migrate(connection, schema):
        return
    name = connection.info.user
    if schema.version:
        raise StoreReadOnlyError(
            f"{name} may not change the schema in {address.shown}; log in as its owner"
        )
    raise StoreReadOnlyError(
        f"{name} may not make a schema in {address.shown}; log in as the database's owner, who "
        f"then owns it: remanence migrate postgresql://OWNER@… --grant {name}"
    )


def _may_migrate(connection: Connection, schema: Schema) -> bool:
    if schema.version:
        asked = (
            "SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'remanence'"
        )
    else:
        asked = "SELECT has_database_privilege(current_database(), 'CREATE')"
    row = connection.execute(asked.encode()).fetchone()
    return bool(row and row[0])


def migrate(
    address: Address,
    *,
    partitions: int = 16,
    vectors: Vectors = "auto",
    grant: Sequence[str] = (),
    steps: Sequence[Migration] | None = None,
) -> tuple[int, int]:
    """Make or update the schema of a database.

    Args:
        address: Which database; whoever logs in becomes the owner of what is made.
        partitions: Into how many parts tables are divided when they are made; 1 to 1,024. It
            can't be changed later.
        vectors: What vectors are kept in, when that is made: ``halfvec`` of pgvector 0.8.4 or
            newer, ``bytea``, or ``auto`` for the former where it can be had.
        grant: Roles that may log in and work with the store.
        steps: The steps; those of this package by default.

    Returns:
        The version before, and the one after.

    Raises:
        InputError: An argument is not acceptable.
        StoreError: It can't be done; the error says why. Steps that were done stay.
    """
    if not 1 <= partitions <= 1_024:
        raise InputError("partitions", f"is {partitions}", "give a number from 1 to 1,024")
    if vectors not in ("auto", "halfvec", "bytea"):
        raise InputError("vectors", f"is {vectors!r}", "use 'auto', 'halfvec' or 'bytea'")
    steps = migrations() if steps is None else steps
    with (
        translated(address.shown),
        psycopg.connect(address.conninfo, autocommit=True) as connection,
    ):
        _check_server(address, connection)
        schema = _schema_for(connection)
        before = schema.version
        if before < steps[-1].version:
            _check_rights(address, connection, schema)
            _make_roles(connection)
            _make_extension(connection, vectors)
        for step in steps:
            if step.version > before:
                _take(connection, step, partitions, vectors)
        for name in grant:
            _grant(connection, name)
        after = schema_of(connection).version
    return before, after


def _make_roles(connection: Connection) -> None:
    """Make the roles that statements run as, and let whoever makes them be all of them."""
    for name in GROUPS:
        role = sql.Identifier(name)
        row = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
        if row is None:
            try:
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
            except (errors.DuplicateObject, errors.UniqueViolation):
                pass  # somebody else just did: roles are those of all databases of a server
            except errors.InsufficientPrivilege as error:
                raise StoreReadOnlyError(
                    f"{connection.info.user} may not make the role {name}; let who may run: "
                    f"CREATE ROLE {APP}; CREATE ROLE {WORKER}; CREATE ROLE {OPERATOR}; "
                    f"GRANT {', '.join(GROUPS)} TO {connection.info.user} WITH ADMIN OPTION"
                ) from error
    _grant(connection, connection.info.user)


def _grant(connection: Connection, name: str) -> None:
    """Let somebody be the roles, unless they can."""
    for group in GROUPS:
        row = connection.execute(
            "SELECT pg_has_role(r.oid, %s, %s) FROM pg_roles AS r WHERE r.rolname = %s",
            (group, needed_to_become(connection), name),
        ).fetchone()
        if row is None:
            raise InputError("grant", f"names {name!r}, which is no role", "create it first")
        if not row[0]:
            try:
                connection.execute(
                    sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(name))
                )
            except errors.InsufficientPrivilege as error:
                owner = " WITH ADMIN OPTION" if name == connection.info.user else ""
                raise StoreReadOnlyError(
                    f"{connection.info.user} may not grant {group} to {name}; let who may run: "
                    f"GRANT {', '.join(GROUPS)} TO {name}{owner}"
                ) from error


def needed_to_become(connection: Connection) -> str:
    """Return what a role needs of another one so that statements of it can run as that one.

    Being a member is not enough since PostgreSQL 16: who made a role is one, and may only grant it.
    """
    return "MEMBER" if connection.info.server_version < 160_000 else "SET"


def _make_extension(connection: Connection, vectors: Vectors) -> None:
    """Have pgvector in the database, where it can be had."""
    if vectors == "bytea":
        return
    row = connection.execute(
        "SELECT string_to_array(default_version, '.')::int[] >= ARRAY[0, 8, 4]"
        " FROM pg_available_extensions WHERE name = 'vector'"
    ).fetchone()
    if row is not None and row[0]:
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except (errors.InsufficientPrivilege, errors.UniqueViolation):
            row = None
    if vectors == "halfvec" and not (row and row[0]):
        raise StoreError(
            "vectors can't be halfvec: pgvector 0.8.4 or newer can't be had in this database; "
            "install it, or let vectors be bytea"
        )


def _take(connection: Connection, step: Migration, partitions: int, vectors: Vectors) -> None:
    """Take one step in a transaction, unless somebody else has; again when a lock can't be had."""
    again = Retrying(
        retry=retry_if_exception_type((errors.LockNotAvailable, errors.DeadlockDetected)),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.1, max=3.0),
        reraise=True,
    )
    works_from = _WORKS_FROM.search(step.sql)
    oldest = int(works_from.group(1)) if works_from else step.version

    def take() -> None:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (_LOCK,))
            if schema_of(connection).version >= step.version:
                return
            connection.execute(
                "SELECT set_config('lock_timeout', %s, true),"
                " set_config('remanence.partitions', %s, true),"
                " set_config('remanence.vectors', %s, true)",
                (_LOCK_TIMEOUT, str(partitions), vectors),
            )
            row = connection.execute("SELECT to_regnamespace('remanence')").fetchone()
            if row is None or row[0] is None:  # else its owner may have no right to make another
                connection.execute("CREATE SCHEMA remanence")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS remanence.migrations (version integer PRIMARY KEY,"
                " name text NOT NULL, works_from integer NOT NULL,"
                " applied_at timestamptz NOT NULL DEFAULT now())"
            )
            connection.execute(step.sql.encode())
            connection.execute(
                "INSERT INTO remanence.migrations (version, name, works_from) VALUES (%s, %s, %s)",
                (step.version, step.name, oldest),
            )

    again(take)
