"""The SQL of this folder's files, by name and by number."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import re

__all__ = ["Migration", "migrations", "statements"]

_FILES = (
    "queries.sql",
    "archive.sql",
    "erasing.sql",
    "facts.sql",
    "jobs.sql",
    "orders.sql",
    "vectors.sql",
)
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema.

    Attributes:
        version: The schema's version after it, from 1.
        name: What it is about.
        sql: Its statements.
    """

    version: int
    name: str
    sql: str


@functools.cache
def statements() -> dict[str, str]:
    """Return the statements of the files that are not migrations, by name.

    Raises:
        ValueError: Two of them have the same name.
    """
    folder = importlib.resources.files("remanence.store.sqlite")
    found: dict[str, str] = {}
    for file in _FILES:
        parts = _NAME.split((folder / file).read_text("utf-8"))[1:]
        for name, sql in zip(parts[::2], parts[1::2], strict=True):
            if name in found:
                raise ValueError(f"{file}: the statement {name!r} is there twice")
            found[name] = sql
    return found


@functools.cache
def migrations() -> tuple[Migration, ...]:
    """Return the migrations, by version."""
    folder = importlib.resources.files("remanence.store.sqlite") / "migrations"
    found: list[Migration] = []
    for file in folder.iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, file.read_text("utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.version))
