"""Who works for all users, or counts what they have, reads nothing of what anybody said.

All that they see is listed here: what is new in the schema is not seen until it is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import LiteralString

import pytest
from psycopg import sql

from evals.serving.databases import Databases
from tests.postgres.isolation import (
    ALICE,
    BOB,
    OF_NOBODY,
    OPERATOR,
    OTHERS,
    WORKER,
    Asker,
    Connection,
    Filled,
    Table,
    columns_of,
    inserting,
    is_refused,
    label,
    name_user,
    on,
    parents_of,
    partitions_of,
    rows_as_json,
    two_users,
    undone,
)

CONTENT = frozenset(
    {
        *("attribute", "content", "data", "message_id", "metadata", "name", "numbers", "payload"),
        *("speaker", "terms", "text"),
    }
)
"""Columns with what somebody said, or what was made of it."""

ACROSS: Mapping[tuple[str, str], Mapping[Table, str]] = {
    (WORKER, "SELECT"): {
        "audit": "number at action user_id asked_by counts",
        "embedded": "user_id embedder seq count",
        "entries": "user_id seq origin session at recorded_at",
        "episodes": "user_id seq session extraction",
        "erasures": "number user_id agent_id session_id since until ids upto action asked_by "
        "asked_at rows_gone result",
        "jobs": "number id kind destination user_id agent_id session_id key state attempts tried "
        "due_at owner created_at payload_bytes error_kind error",
        "sessions": "user_id number items",
        "users": "user_id seq epoch rebuild_epoch sessions erasing",
    },
    (WORKER, "UPDATE"): {
        "erasures": "rows_gone",
        "jobs": "state attempts tried due_at owner payload_bytes error_kind error",
    },
    (OPERATOR, "SELECT"): {
        "audit": "number at action user_id asked_by counts",
        "embedded": "user_id embedder seq count",
        "entries": "user_id seq origin session at recorded_at",
        "episodes": "user_id seq session extraction text_bytes",
        "erasures": "number user_id action asked_by asked_at rows_gone",
        "facts": "user_id text_bytes",
        "jobs": "number id kind destination user_id agent_id session_id state attempts tried "
        "due_at owner created_at payload_bytes error_kind",
        "sessions": "user_id number items",
        "users": "user_id seq epoch rebuild_epoch sessions erasing",
    },
}
"""All that is seen, or can be changed, across users: columns by role, verb and table."""

DELETABLE_ACROSS: Mapping[str, frozenset[Table]] = {
    WORKER: frozenset({"erasures", "jobs"}),
    OPERATOR: frozenset(),
}


@pytest.fixture(scope="module")
def filled(server: Databases, templates: dict[str, str]) -> Iterator[Filled]:
    with two_users(server, templates.get("halfvec", templates["bytea"])) as filled:
        yield filled


_ASKED: Mapping[str, LiteralString] = {
    "SELECT": "has_column_privilege(%(role)s, c.oid, a.attnum, 'SELECT')",
    "INSERT": "has_column_privilege(%(role)s, c.oid, a.attnum, 'INSERT')",
    "UPDATE": "has_column_privilege(%(role)s, c.oid, a.attnum, 'UPDATE')",
    "REFERENCES": "has_column_privilege(%(role)s, c.oid, a.attnum, 'REFERENCES')",
}


def _allowed(connection: Connection, role: str, verb: str) -> dict[Table, set[str]]:
    """Return the columns that a role has a right to, of tables of users, by table."""
    statement: LiteralString = """
        SELECT c.relname, a.attname
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'remanence'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND a.attnum > 0 AND NOT a.attisdropped AND
    """
    found: dict[Table, set[str]] = {}
    for table, column in connection.execute(statement + _ASKED[verb], {"role": role}).fetchall():
        if table not in OF_NOBODY:
            found.setdefault(table, set()).add(column)
    return found


@pytest.mark.parametrize("role", [WORKER, OPERATOR])
@pytest.mark.parametrize("verb", _ASKED)
def test_what_is_seen_and_changed_across_users_is_this_list(
    filled: Filled, role: str, verb: str
) -> None:
    expected = {
        table: set(columns.split()) for table, columns in ACROSS.get((role, verb), {}).items()
    }
    with filled.connected() as connection:
        assert _allowed(connection, role, verb) == expected
    assert all(columns.isdisjoint(CONTENT) for columns in expected.values())


@pytest.mark.parametrize("asker", OTHERS, ids=label)
def test_content_is_shown_to_nobody_who_sees_all_users(filled: Filled, asker: Asker) -> None:
    with filled.connected(asker.login) as connection, undone(connection):
        columns = {table: columns_of(connection, table) for table in parents_of(connection)}
        partitions = partitions_of(connection)
        asker.begin(connection)
        assert asker.role is not None
        for table, names in columns.items():
            listed = ACROSS[asker.role, "SELECT"].get(table, "").split()
            for name in names:
                column = sql.Identifier(name)
                for reading in ("SELECT {c} FROM {t}", "SELECT FROM {t} WHERE {c} IS NULL"):
                    refused = is_refused(connection, on(reading, table, c=column))
                    assert refused == (name not in listed), (table, name)
        for table in partitions:
            assert is_refused(connection, on("SELECT FROM {t}", table)), table


@pytest.mark.parametrize("asker", OTHERS, ids=label)
def test_who_sees_all_users_does_so_where_it_has_to(filled: Filled, asker: Asker) -> None:
    with filled.connected(asker.login) as connection, undone(connection):
        asker.begin(connection)
        name_user(connection, "")
        assert asker.role is not None
        for table in ACROSS[asker.role, "SELECT"]:
            rows = connection.execute(on("SELECT user_id FROM {t}", table)).fetchall()
            assert {user for (user,) in rows} == {ALICE, BOB}, table


@pytest.mark.parametrize("asker", OTHERS, ids=label)
def test_who_sees_all_users_changes_only_what_is_listed(filled: Filled, asker: Asker) -> None:
    rows = rows_as_json(filled, BOB)
    with filled.connected(asker.login) as connection, undone(connection):
        columns = {table: columns_of(connection, table) for table in parents_of(connection)}
        partitions = partitions_of(connection)
        asker.begin(connection)
        assert asker.role is not None
        for table, names in columns.items():
            deleting = on("DELETE FROM {t}", table)
            assert is_refused(connection, deleting) != (table in DELETABLE_ACROSS[asker.role]), (
                table
            )
            assert is_refused(connection, on("TRUNCATE {t}", table)), table
            assert is_refused(connection, inserting(table, *rows[table][:1]), (rows[table][1],)), (
                table
            )
            listed = ACROSS.get((asker.role, "UPDATE"), {}).get(table, "").split()
            for name in names:
                column = sql.Identifier(name)
                updating = on("UPDATE {t} SET {c} = DEFAULT WHERE false", table, c=column)
                assert is_refused(connection, updating) == (name not in listed), (table, name)
        for table in partitions:
            assert is_refused(connection, on("DELETE FROM {t}", table)), table
