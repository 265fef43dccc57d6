"""What ``remanence doctor`` says of a server's database."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.filesize import decimal

from remanence.cli.database import Place
from remanence.cli.findings import Finding, about_jobs
from remanence.cli.output import counted
from remanence.errors import RemanenceError

if TYPE_CHECKING:
    from remanence.store.postgres.migrating import Schema
    from remanence.store.postgres.seen import Inspection, Isolation, Load, Login, Server

__all__ = ["look_at_server"]

_LONG_TRANSACTION = dt.timedelta(minutes=10)
_CLOCKS_APART = dt.timedelta(seconds=2)
_MANY_CONNECTIONS = 0.8
_MANY_DEAD = 10_000
_OLD_ROWS = 1_000_000_000
_MOST_NAMED = 5
_GRANTED = "let the database's owner run: remanence migrate"


def look_at_server(place: Place) -> list[Finding]:
    """Look at a database of a server; nothing is changed."""
    place.store()  # sees that what talks to a server is installed
    from remanence.store.postgres.inspection import inspect

    try:
        seen = inspect(str(place.location))
    except RemanenceError as error:
        return [Finding("error", "server", str(error))]
    findings = [
        *_about_server(seen.server),
        *_about_login(seen.login),
        *_about_schema(seen.schema, seen.newest_schema),
    ]
    if seen.schema is None or seen.schema.version == 0:
        return findings
    findings += _about_vectors(seen)
    if seen.isolation is not None:
        findings += _about_isolation(seen.isolation)
    findings += _about_load(seen.load)
    findings += _about_erasures(seen.unfinished)
    if seen.schema.version == seen.newest_schema and not seen.login.lacks:
        # Opening an older one would change it.
        findings += asyncio.run(about_jobs(place))
    return findings


def _about_server(server: Server) -> Iterator[Finding]:
    told = f"PostgreSQL {server.version}"
    if server.is_old:
        yield Finding("error", "server", f"{told} is too old", "use PostgreSQL 15 or newer")
    else:
        yield Finding("ok", "server", told)
    if not server.encrypted and not server.local:
        fix = "have it encrypted: add sslmode=verify-full and sslrootcert to the URL"
        yield Finding("warning", "connection", "what is sent to it is not encrypted", fix)
    if server.standby:
        fix = "name the primary, or several hosts with target_session_attrs=read-write"
        yield Finding("error", "writing", "it only reads: it follows another server", fix)
    elif server.read_only:
        fix = "set default_transaction_read_only to off for this database and this role"
        yield Finding("warning", "writing", "transactions only read unless they ask for more", fix)
    else:
        yield Finding("ok", "writing", f"allowed; {counted(server.replicas, 'server')} following")
    yield from _about_log(server.logged)
    yield from _about_clock(server.ahead)
    if server.hears is False:
        fix = (
            "none needed: workers look now and then instead; to have them hear at once, name a way "
            "to the server that keeps a session's connection"
        )
        found = "a notification does not get through, as behind a proxy that lends connections"
        yield Finding("warning", "notifications", found, fix)
    elif server.hears:
        yield Finding("ok", "notifications", "get through")


def _about_log(logged: Sequence[str]) -> Iterator[Finding]:
    if logged:
        fix = "set them otherwise for this database, as docs/postgresql.md says; erasing ends there"
        found = f"the server's log may keep what was said: {_listed(logged)}"
        yield Finding("warning", "log", found, fix)
    else:
        yield Finding("ok", "log", "keeps no statements")


def _about_clock(ahead: dt.timedelta) -> Iterator[Finding]:
    seconds = abs(ahead.total_seconds())
    if abs(ahead) <= _CLOCKS_APART:
        yield Finding("ok", "clocks", f"{seconds:.1f} seconds apart")
    else:
        which = "ahead of" if ahead > dt.timedelta(0) else "behind"
        fix = "keep the time by NTP on both: leases and the order of what is said rest on it"
        found = f"the server is {seconds:,.0f} seconds {which} this machine"
        yield Finding("warning", "clocks", found, fix)


def _about_login(login: Login) -> Iterator[Finding]:
    for role in login.unbound:
        fix = f"ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS"
        yield Finding("error", "roles", f"row-level security does not hold for {role}", fix)
    if login.lacks:
        found = f"{login.name} can't become {_listed(login.lacks)}"
        yield Finding("error", "roles", found, f"{_GRANTED} --grant {login.name}")
    elif not login.unbound:
        yield Finding("ok", "roles", f"{login.name} can become all roles that statements run as")
    powers = [
        name
        for name, has in (
            ("is a superuser", login.superuser),
            ("has BYPASSRLS", login.bypasses and not login.superuser),
            ("owns the schema", login.owns and not login.superuser),
        )
        if has
    ]
    if powers:
        found = (
            f"{login.name} {' and '.join(powers)}: that users are kept apart rests on the roles "
            "that statements switch to"
        )
        fix = "log in as a role of its own that owns nothing; grant: remanence migrate --grant NAME"
        yield Finding("warning", "login", found, fix)
    else:
        yield Finding("ok", "login", f"{login.name} owns nothing, and is bound by the policies")


def _about_schema(schema: Schema | None, newest: int) -> Iterator[Finding]:
    if schema is None:
        yield Finding("error", "schema", "may not be looked at", f"{_GRANTED} --grant NAME")
    elif schema.version == 0:
        yield Finding("error", "schema", "there is none yet", _GRANTED)
    elif schema.works_from > newest:
        found = f"version {schema.version} needs a Remanence that knows {schema.works_from}"
        fix = "upgrade the package: pip install --upgrade remanence"
        yield Finding("error", "schema", f"{found}; this one knows up to {newest}", fix)
    elif schema.version < newest:
        found = f"version {schema.version}, older than {newest}"
        yield Finding("warning", "schema", found, f"make a backup, then {_GRANTED}")
    else:
        yield Finding("ok", "schema", f"version {schema.version}")


def _about_vectors(seen: Inspection) -> Iterator[Finding]:
    extension = seen.vectors.pgvector
    version = "not installed" if extension is None else f"version {extension}"
    yield Finding("ok", "pgvector", f"{version}; vectors are kept as {seen.vectors.kept_as}")


def _about_isolation(isolation: Isolation) -> Iterator[Finding]:
    fix = "make it as the migrations do, in a copy of the database first; until then, keep it shut"
    wrong = (
        (isolation.unprotected, "row-level security is not enabled and forced on"),
        (isolation.unbounded, "the policy one_user is missing or another one on"),
        (isolation.widened, "other policies show rows to who works for one user:"),
    )
    for names, found in wrong:
        if names:
            yield Finding("error", "isolation", f"{found} {_listed(names)}", fix)
    if not isolation.tables:
        yield Finding("error", "isolation", "there are no tables of users", fix)
    elif not any(names for names, _ in wrong):
        found = f"forced on {isolation.tables} tables and partitions, each with its policy"
        yield Finding("ok", "isolation", found)


def _about_load(load: Load) -> Iterator[Finding]:
    used = f"{load.connections} of {load.most_connections} connections are used"
    if load.connections >= _MANY_CONNECTIONS * load.most_connections:
        fix = "open memories with fewer connections, put PgBouncer before it, or allow more"
        yield Finding("warning", "connections", used, fix)
    else:
        yield Finding("ok", "connections", used)
    seen = "" if load.sees_all else ", of those that this role may see"
    if load.oldest is not None and load.oldest > _LONG_TRANSACTION:
        found = f"{load.oldest_by} has been running for {_minutes(load.oldest)}{seen}"
        fix = "end it: what was deleted meanwhile can't be cleaned away"
        yield Finding("warning", "transactions", found, fix)
    else:
        yield Finding("ok", "transactions", f"none runs for long{seen}")
    if load.xid_age > _OLD_ROWS:
        found = f"the oldest row was frozen {load.xid_age:,} transactions ago"
        fix = "see that autovacuum runs; the server stops writing at two thousand million"
        yield Finding("warning", "vacuum", found, fix)
    full = [each for each in load.tables if each.dead > max(_MANY_DEAD, each.live // 2)]
    for each in full:
        found = f"{each.table} has {each.dead:,} dead rows beside {each.live:,}"
        fix = f"see that autovacuum keeps up, or run: VACUUM (ANALYZE) remanence.{each.table}"
        yield Finding("warning", "vacuum", found, fix)
    if not full:
        sizes = ", ".join(
            f"{each.table} {decimal(each.table_bytes)} with {each.dead:,} dead rows"
            for each in load.tables[:3]
        )
        yield Finding("ok", "vacuum", f"keeps up; largest are {sizes}")


def _about_erasures(unfinished: int | None) -> Iterator[Finding]:
    if unfinished is None:
        yield Finding("warning", "erasures", "can't be looked at", f"{_GRANTED} --grant NAME")
    elif unfinished:
        fix = "open the memory, as by 'remanence stats': they are then carried out"
        found = f"{counted(unfinished, 'erasure')} not carried out whole yet"
        yield Finding("error", "erasures", found, fix)
    else:
        yield Finding("ok", "erasures", "all carried out")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _minutes(time: dt.timedelta) -> str:
    return counted(round(time.total_seconds() / 60), "minute")
