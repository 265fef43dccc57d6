"""What keeps tenants apart is in force on all of the schema, and nothing leads around it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg import sql

from evals.serving.databases import Databases
from tests.postgres.databases import APPLICATION, OWNER
from tests.postgres.isolation import (
    ALICE,
    BOB,
    GROUPS,
    OF_NOBODY,
    OTHERS,
    TENANTS,
    Asker,
    Filled,
    columns_of,
    is_refused,
    label,
    name_user,
    on,
    partitions_of,
    relations,
    secret_of,
    two_users,
    undone,
)


@pytest.fixture(scope="module")
def filled(server: Databases, templates: dict[str, str]) -> Iterator[Filled]:
    with two_users(server, templates.get("halfvec", templates["bytea"])) as filled:
        yield filled


def test_roles_own_nothing_and_bypass_nothing(filled: Filled) -> None:
    with filled.connected() as connection:
        roles = connection.execute(
            "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolreplication"
            " FROM pg_roles WHERE rolname = ANY (%s) ORDER BY rolname",
            ([*GROUPS, APPLICATION, OWNER],),
        ).fetchall()
        owned = connection.execute(
            "SELECT DISTINCT r.rolname"
            " FROM pg_shdepend AS d JOIN pg_roles AS r ON r.oid = d.refobjid"
            " WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o'"
            " AND r.rolname = ANY (%s)",
            ([*GROUPS, APPLICATION],),
        ).fetchall()
    assert len(roles) == 5
    for name, logs_in, *above_others in roles:
        assert logs_in == (name not in GROUPS), name
        assert not any(above_others), name
    assert owned == []


def test_row_security_is_forced_on_every_table_of_users(filled: Filled) -> None:
    with filled.connected() as connection:
        rows = connection.execute(
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
            " WHERE relnamespace = 'remanence'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchall()
    without = {name for name, enabled, forced in rows if not (enabled and forced)}
    assert without == OF_NOBODY


def test_nobody_else_has_a_right_to_anything(filled: Filled) -> None:
    """Not even those roles to a partition, which shows less than its table would."""
    with filled.connected() as connection:
        rows = connection.execute(
            """
            SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), x.privilege_type
            FROM pg_class AS c
            CROSS JOIN LATERAL (
                SELECT * FROM aclexplode(c.relacl)
                UNION ALL
                SELECT e.* FROM pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS e
                WHERE a.attrelid = c.oid
            ) AS x
            LEFT JOIN pg_roles AS r ON r.oid = x.grantee
            WHERE c.relnamespace = 'remanence'::regnamespace AND x.grantee <> c.relowner
            """
        ).fetchall()
        partitions = partitions_of(connection)
        schema = connection.execute(
            "SELECT DISTINCT coalesce(r.rolname, 'PUBLIC'), x.privilege_type"
            " FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS x"
            " LEFT JOIN pg_roles AS r ON r.oid = x.grantee"
            " WHERE n.nspname = 'remanence' AND x.grantee <> n.nspowner ORDER BY 1"
        ).fetchall()
    assert {role for _, role, _ in rows} == set(GROUPS)
    assert {table for table, _, _ in rows}.isdisjoint(partitions)
    assert {right for _, _, right in rows} == {"SELECT", "INSERT", "UPDATE", "DELETE", "USAGE"}
    assert schema == [(role, "USAGE") for role in sorted(GROUPS)]


def test_sequences_only_count(filled: Filled) -> None:
    with filled.connected(APPLICATION) as connection:
        sequences = relations(connection, "S")
        assert sequences
        for role in GROUPS:
            for name in sequences:
                with undone(connection):
                    connection.execute("SELECT set_config('role', %s, true)", (role,))
                    assert is_refused(connection, on("SELECT last_value FROM {t}", name))
                    setting = sql.SQL("SELECT setval({}, 1)").format(
                        sql.Literal(f"remanence.{name}")
                    )
                    assert is_refused(connection, setting)


def test_functions_and_views_run_as_who_asks(filled: Filled) -> None:
    with filled.connected() as connection:
        functions = connection.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'remanence'::regnamespace"
            " AND (prosecdef OR proleakproof)"
        ).fetchall()
        views = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'remanence'::regnamespace"
            " AND (relkind = 'm' OR (relkind = 'v' AND NOT"
            " coalesce('security_invoker=true' = ANY (reloptions), false)))"
        ).fetchall()
        triggers = connection.execute(
            "SELECT tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
            " WHERE c.relnamespace = 'remanence'::regnamespace"
        ).fetchall()
        keys = connection.execute(
            "SELECT conname FROM pg_constraint"
            " WHERE connamespace = 'remanence'::regnamespace AND contype = 'f'"
        ).fetchall()
    # A foreign key is checked without row security, so it would tell what others have.
    assert (functions, views, triggers, keys) == ([], [], [], [])


@pytest.mark.parametrize("asker", [*TENANTS, *OTHERS], ids=label)
def test_statistics_show_nothing_of_anybody(filled: Filled, asker: Asker) -> None:
    with filled.connected() as connection:
        counted = "SELECT count(*) FROM pg_stats WHERE schemaname = 'remanence'"
        assert connection.execute(counted).fetchall()[0][0] > 0
    with filled.connected(asker.login) as connection, undone(connection):
        asker.begin(connection)
        for named in (None, ALICE):
            if named is not None:
                name_user(connection, named)
            for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
                tables = connection.execute(
                    sql.SQL(
                        "SELECT DISTINCT tablename FROM {} WHERE schemaname = 'remanence'"
                    ).format(sql.Identifier(view))
                ).fetchall()
                assert {table for (table,) in tables} <= OF_NOBODY
            assert is_refused(
                connection, sql.SQL("SELECT FROM {}").format(sql.Identifier("pg_statistic"))
            )


@pytest.mark.parametrize("role", GROUPS)
def test_the_statements_of_others_are_not_shown(filled: Filled, role: str) -> None:
    with filled.connected(APPLICATION) as other, filled.connected(APPLICATION) as connection:
        other.execute(sql.SQL("SELECT {}").format(sql.Literal(secret_of(BOB))))
        with undone(connection):
            connection.execute("SELECT set_config('role', %s, true)", (role,))
            shown = connection.execute("SELECT query FROM pg_stat_activity").fetchall()
    assert all(secret_of(BOB) not in str(query) for (query,) in shown)


def test_tables_of_nobody_hold_nothing_of_anybody(filled: Filled) -> None:
    with filled.connected() as connection:
        every = set(relations(connection, "rpvmf"))
        assert every >= OF_NOBODY
        for table in OF_NOBODY:
            assert "user_id" not in columns_of(connection, table)
            rows = connection.execute(on("SELECT r::text FROM {t} AS r", table)).fetchall()
            assert not any(user in row for (row,) in rows for user in (ALICE, BOB))
        for table in every - OF_NOBODY:
            assert "user_id" in columns_of(connection, table)
