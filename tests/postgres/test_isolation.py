"""The database keeps tenants apart by itself, whatever SQL it is sent, and whoever sends it.

What is tried is tried on whatever the catalog names, so that a table is covered from its first day.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import errors

from evals.serving.databases import Databases
from tests.postgres.databases import APPLICATION
from tests.postgres.isolation import (
    ALICE,
    BOB,
    OF_NOBODY,
    TENANTS,
    WORKER,
    Asker,
    Connection,
    Filled,
    Table,
    all_of,
    everything,
    inserting,
    is_refused,
    label,
    name_user,
    on,
    parents_of,
    rows_as_json,
    secret_of,
    tables_of,
    two_users,
    undone,
)

NOBODYS_NAMES = (
    "",
    " ",
    "Bob",
    "bob ",
    " bob",
    "bob%",
    "%",
    "_ob",
    "bo\\b",
    "bob\\",
    "'",
    "''",
    "bob'--",
    "x' OR '1'='1",
    "bob' OR user_id <> '",
    '"bob"',
    "{alice,bob}",
    "$$bob$$",
    "E'bob'",
    "NULL",
    "*",
    "bоb",  # a Cyrillic o
    "b\N{ZERO WIDTH SPACE}ob",
    "bo\N{COMBINING DOT BELOW}b",
    "ｂｏｂ",
    "\N{RIGHT-TO-LEFT OVERRIDE}bob",
    "bob\n",
    "bob\t",
    "bob" * 50_000,
)
"""Names that are no user's, though a careless comparison might think so."""


_READS: Mapping[str, LiteralString] = {
    "select": "SELECT user_id, r::text FROM {t} AS r",
    "by name": "SELECT user_id, r::text FROM {t} AS r WHERE user_id = 'bob' OR user_id <> 'bob'",
    "for update": "SELECT user_id, r::text FROM {t} AS r FOR UPDATE",
    "for key share": "SELECT user_id, r::text FROM {t} AS r FOR KEY SHARE",
    "join": "SELECT b.user_id, b::text FROM {t} AS a FULL JOIN {t} AS b ON a.user_id = b.user_id",
    "lateral": "SELECT b.user_id, b::text FROM (VALUES ('alice'), ('bob')) AS a (name)"
    " CROSS JOIN LATERAL (SELECT * FROM {t} AS r WHERE r.user_id = a.name) AS b",
    "cte": "WITH b AS MATERIALIZED (SELECT * FROM {t}) SELECT user_id, b::text FROM b",
    "union": "SELECT user_id, r::text FROM {t} AS r UNION SELECT user_id, r::text FROM {t} AS r",
    "subquery": "SELECT (SELECT max(user_id) FROM {t}),"
    " (SELECT string_agg(r::text, ' ') FROM {t} AS r) FROM {t}",
    "returning": "DELETE FROM {t} AS r RETURNING user_id, r::text",
    "updated": "UPDATE {t} AS r SET user_id = user_id RETURNING user_id, r::text",
}
"""Ways to get at rows: each gives the user of a row, and the row."""

_CHANGES: Mapping[str, LiteralString] = {
    "update": "UPDATE {t} SET user_id = user_id WHERE user_id = 'bob'",
    "take": "UPDATE {t} SET user_id = 'alice' WHERE user_id = 'bob'",
    "delete": "DELETE FROM {t} WHERE user_id = 'bob'",
    "delete joined": "DELETE FROM {t} AS r USING (VALUES ('bob')) AS o (name)"
    " WHERE r.user_id = o.name",
    "merge": "MERGE INTO {t} AS r USING (VALUES ('bob')) AS o (name) ON r.user_id = o.name"
    " WHEN MATCHED THEN DELETE",
}
"""Ways to change another's rows: none is there to be changed."""


def _found(connection: Connection, table: Table) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Yield what each way of reading gives, unless all are refused."""
    if is_refused(connection, on(_READS["select"], table)):
        return
    for way, statement in _READS.items():
        with undone(connection), contextlib.suppress(errors.InsufficientPrivilege):
            yield way, connection.execute(on(statement, table)).fetchall()
    with (
        undone(connection),
        contextlib.suppress(errors.InsufficientPrivilege),
        connection.cursor() as cursor,
        cursor.copy(on("COPY (SELECT user_id, r::text FROM {t} AS r) TO STDOUT", table)) as copy,
    ):
        yield "copy", [tuple(line.decode().split("\t", 1)) for line in map(bytes, copy)]
    with undone(connection), contextlib.suppress(errors.InsufficientPrivilege):
        explained = "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM {t} WHERE user_id <> 'nobody'"
        plan = "\n".join(line for (line,) in connection.execute(on(explained, table)).fetchall())
        yield "explain", [(None, plan)]


def _foreign(rows: Sequence[tuple[Any, ...]], own: str | None) -> list[tuple[Any, ...]]:
    """Return the rows that are not the user's own, or tell of somebody else."""
    others = [user for user in (ALICE, BOB) if user != own]
    return [
        row
        for row in rows
        if row[0] not in (None, own) or any(secret_of(user) in str(row[1]) for user in others)
    ]


@pytest.fixture(scope="module")
def filled(server: Databases, templates: dict[str, str]) -> Iterator[Filled]:
    with two_users(server, templates.get("halfvec", templates["bytea"])) as filled:
        yield filled


def test_two_users_have_rows_in_every_table(filled: Filled) -> None:
    with filled.connected() as connection:
        users = {
            table: {
                user
                for (user,) in connection.execute(on("SELECT user_id FROM {t}", table)).fetchall()
            }
            for table in parents_of(connection)
        }
    assert users
    assert all(found == {ALICE, BOB} for found in users.values()), users


@pytest.mark.parametrize("asker", TENANTS, ids=label)
def test_whoever_names_a_user_gets_that_users_rows_and_no_others(
    filled: Filled, asker: Asker
) -> None:
    with filled.connected() as connection:
        everything = {
            table: connection.execute(
                on("SELECT count(*) FROM {t} WHERE user_id = 'alice'", table)
            ).fetchall()[0][0]
            for table in parents_of(connection)
        }
    with filled.connected(asker.login) as connection, undone(connection):
        tables = tables_of(connection)
        asker.begin(connection)
        name_user(connection, ALICE)
        foreign: dict[tuple[str, str], Any] = {}
        for table in tables:
            for way, rows in _found(connection, table):
                if found := _foreign(rows, ALICE):
                    foreign[table, way] = found[:2]
                if way == "select" and table in everything:
                    assert len(rows) == everything[table], table
        assert foreign == {}
        assert all(not is_refused(connection, on("SELECT FROM {t}", each)) for each in everything)


@pytest.mark.parametrize("asker", TENANTS, ids=label)
def test_whoever_names_no_user_gets_nothing(filled: Filled, asker: Asker) -> None:
    with filled.connected(asker.login) as connection, undone(connection):
        tables = tables_of(connection)
        asker.begin(connection)
        foreign = {
            (table, way): found[:2]
            for table in tables
            for way, rows in _found(connection, table)
            if (found := _foreign(rows, None))
        }
    assert foreign == {}


def _named_before(connection: Connection, asker: Asker) -> None:
    with connection.transaction():
        asker.begin(connection)
        name_user(connection, BOB)
        connection.execute("SELECT FROM remanence.users")


def _named_and_rolled_back(connection: Connection, asker: Asker) -> None:
    with undone(connection):
        asker.begin(connection)
        name_user(connection, BOB)


def _named_and_reset(connection: Connection, asker: Asker) -> None:
    asker.begin(connection)
    name_user(connection, BOB)
    connection.execute("RESET remanence.user_id")


def _turned_to_all(connection: Connection, asker: Asker) -> None:
    asker.begin(connection)
    name_user(connection, BOB)
    connection.execute("SELECT set_config('role', %s, true)", (WORKER,))
    name_user(connection, "")
    connection.execute("RESET ROLE")


@pytest.mark.parametrize("asker", TENANTS, ids=label)
@pytest.mark.parametrize(
    ("happens", "inside"),
    [
        (_named_before, False),
        (_named_and_rolled_back, True),
        (_named_and_reset, True),
        (_turned_to_all, True),
    ],
)
def test_a_user_who_was_named_is_not_any_more(
    filled: Filled, asker: Asker, happens: Callable[[Connection, Asker], None], inside: bool
) -> None:
    with filled.connected(asker.login) as connection:
        rows = all_of(parents_of(connection))
        if not inside:
            happens(connection, asker)
        with undone(connection):
            if inside:
                happens(connection, asker)
            asker.begin(connection)
            assert connection.execute(rows).fetchall() == []


@pytest.mark.parametrize("asker", TENANTS, ids=label)
def test_no_name_but_a_users_own_shows_anything(filled: Filled, asker: Asker) -> None:
    with filled.connected(asker.login) as connection, undone(connection):
        rows = all_of(parents_of(connection))
        asker.begin(connection)
        shown: dict[str, Any] = {}
        for name in NOBODYS_NAMES:
            name_user(connection, name)
            if found := connection.execute(rows).fetchall():
                shown[name] = found
        assert shown == {}
        name_user(connection, BOB)
        assert connection.execute(rows).rowcount > 0


def test_a_name_with_a_nul_is_refused(filled: Filled) -> None:
    with (
        filled.connected(APPLICATION) as connection,
        pytest.raises(psycopg.DataError),
        connection.transaction(),
    ):
        name_user(connection, "bob\x00")


@pytest.mark.parametrize("asker", TENANTS, ids=label)
def test_nobody_changes_adds_or_moves_anothers_rows(filled: Filled, asker: Asker) -> None:
    rows = rows_as_json(filled, BOB)
    with filled.connected() as superuser:
        before = everything(superuser)
    changed: list[tuple[Table, str]] = []
    with filled.connected(asker.login) as connection:
        tables = tables_of(connection)
        with connection.transaction():  # is committed, unless something is known to be changed
            asker.begin(connection)
            name_user(connection, ALICE)
            for table in tables:
                for way, statement in _CHANGES.items():
                    with (
                        contextlib.suppress(errors.InsufficientPrivilege),
                        connection.transaction(),
                    ):
                        if connection.execute(on(statement, table)).rowcount:
                            changed.append((table, way))
                given = on("UPDATE {t} SET user_id = 'bob' WHERE user_id = 'alice'", table)
                # Within a partition, what belongs into another one is refused as well.
                with contextlib.suppress(errors.CheckViolation):
                    if not is_refused(connection, given) and table in rows:
                        changed.append((table, "given away"))
                if not is_refused(connection, on("TRUNCATE {t}", table)) and asker.role:
                    changed.append((table, "truncated"))
            for table, (columns, row) in rows.items():
                changed += [
                    (table, f"inserted {then}")
                    for then in ("", "ON CONFLICT DO NOTHING")
                    if not is_refused(connection, inserting(table, columns, then), (row,))
                ]
            if changed:
                raise psycopg.Rollback
    with filled.connected() as superuser:
        after = everything(superuser)
    assert changed == []
    assert after == before


@pytest.mark.parametrize("asker", TENANTS, ids=label)
def test_what_is_refused_does_not_tell_whether_another_has_it(filled: Filled, asker: Asker) -> None:
    """The same words for a row that is there as for one that is not, and none of them bob's."""
    with filled.connected(asker.login) as connection:
        for table, (columns, row) in rows_as_json(filled, BOB).items():
            refusals: list[str] = []
            for name in (BOB, "carol"):
                with undone(connection):
                    asker.begin(connection)
                    name_user(connection, ALICE)
                    given = row.replace('"user_id":"bob"', f'"user_id":"{name}"')
                    with pytest.raises(errors.InsufficientPrivilege) as raised:
                        connection.execute(inserting(table, columns), (given,))
                    told = raised.value.diag
                    refusals.append(f"{told.message_primary} {told.message_detail}")
            assert refusals[0] == refusals[1]
            assert BOB not in refusals[0]


def test_what_is_unique_is_so_for_each_user(filled: Filled) -> None:
    """Else an error would tell that somebody else has the same."""
    with filled.connected() as connection:
        rows = connection.execute(
            """
            SELECT t.relname, c.relname, array_agg(a.attname)
            FROM pg_index AS i
            JOIN pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_class AS t ON t.oid = i.indrelid
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
            WHERE i.indisunique AND t.relnamespace = 'remanence'::regnamespace
            GROUP BY 1, 2
            """
        ).fetchall()
    shared = {(table, index) for table, index, columns in rows if "user_id" not in columns}
    assert {table for table, _ in shared} == OF_NOBODY


@pytest.mark.parametrize("asker", TENANTS, ids=label)
def test_no_function_of_ones_own_is_shown_what_is_filtered_out(
    filled: Filled, asker: Asker
) -> None:
    """A condition that costs nothing is tried first, but not on rows that may not be seen."""
    shown: list[str] = []
    with filled.connected(asker.login) as connection, undone(connection):
        connection.add_notice_handler(lambda notice: shown.append(notice.message_primary or ""))
        connection.execute(
            "CREATE FUNCTION pg_temp.peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001"
            " AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$"
        )
        tables = parents_of(connection)
        asker.begin(connection)
        name_user(connection, ALICE)
        for table in tables:
            connection.execute(on("SELECT FROM {t} AS r WHERE pg_temp.peek(r::text)", table))
    assert len(shown) > len(tables)
    assert not any(BOB in each for each in shown)


@pytest.mark.parametrize("asker", TENANTS, ids=label)
def test_row_security_can_not_be_left_out(filled: Filled, asker: Asker) -> None:
    with filled.connected(asker.login) as connection, undone(connection):
        tables = tables_of(connection)
        asker.begin(connection)
        name_user(connection, ALICE)
        connection.execute("SET LOCAL row_security = off")
        assert [
            table for table in tables if not is_refused(connection, on("SELECT FROM {t}", table))
        ] == []
