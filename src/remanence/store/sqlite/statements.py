"""The SQL of this folder's files, by name and by number."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import re

__all__ = ["Migration", "migrations", "statements"]

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
    """Return the statements of ``queries.sql`` by name."""
    text = (importlib.resources.files("remanence.store.sqlite") / "queries.sql").read_text("utf-8")
    parts = _NAME.split(text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


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
