"""What is asked of the server itself: how large tables are, and how much processor time it took."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from evals.scale.postgres.records import Stored
from evals.serving.databases import Databases
from remanence.store.postgres.connections import Address
from remanence.store.postgres.migrating import migrate

__all__ = ["APPLICATION", "new_database", "server_clock", "stored_of", "tidy"]

APPLICATION = "remanence_scale"
"""What workers log in as: it owns nothing."""

_STORED = """
    SELECT coalesce(p.relname, c.relname), sum(c.reltuples)::bigint,
           sum(pg_table_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint
    FROM pg_class AS c
    LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
    LEFT JOIN pg_class AS p ON p.oid = i.inhparent
    WHERE c.relnamespace = 'remanence'::regnamespace AND c.relkind = 'r'
    GROUP BY 1
    ORDER BY sum(pg_total_relation_size(c.oid)) DESC
"""
_TICKS = os.sysconf("SC_CLK_TCK")


def new_database(server: Databases, name: str) -> str:
    """Make an empty database with a schema, and return its URL as the application has it."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s", (APPLICATION,)
        ).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(APPLICATION)))
    server.drop_database(name)
    migrate(Address.of(server.create_database(name)), grant=[APPLICATION])
    return server.url(name, user=APPLICATION)


def tidy(server: Databases, name: str) -> None:
    """Have the planner know the tables, and nothing be left to do for the vacuum."""
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def stored_of(server: Databases, name: str) -> tuple[Stored, ...]:
    """Return what the tables of a database take, the largest first."""
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        return tuple(
            Stored(table, max(0, rows), table_bytes, index_bytes)
            for table, rows, table_bytes, index_bytes in connection.execute(_STORED.encode())
        )


def server_clock(server: Databases) -> Callable[[], float | None]:
    """Return what tells the seconds of processor time that a server has spent so far.

    It knows of servers on this machine only, and of others tells ``None``.
    """
    with psycopg.connect(server.url(), autocommit=True) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert row is not None
    pid = int(str(row[0]).splitlines()[0])
    try:
        mine = Path(f"/proc/{pid}/comm").read_text("utf-8").startswith("postgres")
    except OSError:
        mine = False
    return (lambda: _spent(pid)) if mine else (lambda: None)


def _spent(postmaster: int) -> float:
    """Return what a process and its children have spent, those that ended among them."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "stat").read_text("utf-8")
        except OSError:
            continue
        fields = status.rpartition(")")[2].split()
        if int(entry.name) == postmaster:
            ticks += sum(map(int, fields[11:15]))  # with the children's that it waited for
        elif int(fields[1]) == postmaster:
            ticks += sum(map(int, fields[11:13]))
    return ticks / _TICKS
