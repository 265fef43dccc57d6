"""``remanence migrate``: the schema of a database, made or brought up to date."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from remanence.cli.database import Place, make_room, named
from remanence.cli.options import DatabaseOption
from remanence.cli.output import print_text
from remanence.errors import InputError, SchemaTooNewError

__all__ = ["migrate"]

_PARTITIONS = 16


class _Vectors(enum.StrEnum):
    AUTO = "auto"
    HALFVEC = "halfvec"
    BYTEA = "bytea"


def migrate(
    database: Annotated[
        str | None,
        typer.Argument(metavar="DATABASE", help="The database. Default: as for --db."),
    ] = None,
    *,
    db: DatabaseOption = None,
    partitions: Annotated[
        int | None,
        typer.Option(
            "--partitions",
            metavar="N",
            min=1,
            max=1_024,
            help="Into how many parts a server's tables are divided when they are made. It can't "
            f"be changed later. Default: {_PARTITIONS}.",
        ),
    ] = None,
    vectors: Annotated[
        _Vectors,
        typer.Option(
            "--vectors",
            help="What a server keeps vectors in, when its tables are made: halfvec of pgvector, "
            "bytea, or the former where it can be had.",
        ),
    ] = _Vectors.AUTO,
    grant: Annotated[
        list[str] | None,
        typer.Option(
            "--grant", metavar="ROLE", help="A role that is to work with it; several are possible."
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; exit with 1 if there is something to do."),
    ] = False,
) -> None:
    """Make the schema of a database, or bring it up to date.

    Doing so again changes nothing. On a server, whoever logs in becomes the owner of what is made,
    and needs CREATE on the database, and CREATEROLE or the roles remanence_app, remanence_worker
    and remanence_operator. Programs work as roles of their own, named with --grant.
    """
    if database is not None and db is not None:
        raise typer.BadParameter("name the database once, as DATABASE or with --db")
    place = named(database or db)
    roles = list(dict.fromkeys(grant or ()))
    if isinstance(place.location, Path):
        if partitions is not None or vectors is not _Vectors.AUTO or roles:
            raise InputError(
                "--db", f"names a file: {place}", "leave out --partitions, --vectors and --grant"
            )
        _migrate_file(place, check=check)
        return
    place.store()  # sees that what talks to a server is installed
    if check:
        _check_server(place.location, str(place), roles)
    else:
        _migrate_server(place.location, partitions or _PARTITIONS, vectors, roles)


def _tell(before: int, after: int, database: str) -> None:
    if before == after:
        print_text(f"{database} has schema version {after}: nothing was to be done.")
    elif before == 0:
        print_text(f"{database} has schema version {after} now; it had none before.")
    else:
        print_text(f"{database} went from schema version {before} to {after}.")


def _tell_check(before: int, newest: int, database: str, lacking: Sequence[str] = ()) -> None:
    """Say what is to be done; end with 1 if something is."""
    if before > newest:
        # A newer Remanence made it, in a way that this one can work with.
        print_text(f"{database} has schema version {before}, newer than the {newest} known here.")
    elif before == newest:
        print_text(f"{database} has schema version {newest}.")
    else:
        was = f"schema version {before}" if before else "no schema yet"
        print_text(f"{database} has {was}, and this Remanence needs {newest}: run migrate.")
    if lacking:
        print_text(f"Not granted yet: {', '.join(lacking)}")
    if before < newest or lacking:
        raise typer.Exit(1)


def _migrate_file(place: Place, *, check: bool) -> None:
    from remanence.store.sqlite.inspection import inspect

    path = place.file("only a file is looked at here")
    found = inspect(path, key=place.key()) if place.exists() else None
    before = 0 if found is None else found.schema
    if check:
        from remanence.store.sqlite.statements import migrations

        newest = migrations()[-1].version
        if before > newest:
            raise SchemaTooNewError(
                f"{path} has schema version {before}, this Remanence knows up to {newest}; "
                "upgrade the package: pip install --upgrade remanence"
            )
        _tell_check(before, newest, str(path))
        return
    make_room(place)
    asyncio.run(_open(place))
    _tell(before, inspect(path, key=place.key()).schema, str(path))


async def _open(place: Place) -> None:
    """Open a file, which brings it up to date."""
    store = place.store()
    await store.open()
    await store.aclose()


def _check_server(location: str, told: str, roles: Sequence[str]) -> None:
    from remanence.store.postgres.inspection import schema_at, ungranted

    schema, newest = schema_at(location)
    if schema.works_from > newest:
        raise SchemaTooNewError(
            f"{told} has schema version {schema.version}, which needs a Remanence that knows "
            f"{schema.works_from}; this one knows up to {newest}; upgrade the package: "
            "pip install --upgrade remanence"
        )
    _tell_check(schema.version, newest, told, ungranted(location, roles))


def _migrate_server(
    location: str, partitions: int, vectors: _Vectors, roles: Sequence[str]
) -> None:
    from remanence.store.postgres.connections import Address
    from remanence.store.postgres.inspection import unknown
    from remanence.store.postgres.migrating import migrate as migrate_server

    # Before anything is made: a schema can't be made anew with other partitions.
    if roles and (nobody := unknown(location, roles)):
        raise InputError(
            "--grant",
            f"names {', '.join(nobody)}: there is no role of that name",
            "create it first, or mend the name",
        )
    address = Address.of(location)
    before, after = migrate_server(
        address, partitions=partitions, vectors=vectors.value, grant=roles
    )
    _tell(before, after, address.shown)
    if roles:
        print_text(f"May work with it: {', '.join(roles)}")
