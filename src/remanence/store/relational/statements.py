"""The SQL beside a store's code, by name and by number."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import re

__all__ = ["Migration", "migrations", "statements"]

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Migration:
    """One step of a schema.

    Attributes:
        version: The schema's version after it, from 1.
        name: What it is about.
        sql: Its statements.
    """

    version: int
    name: str
    sql: str


@functools.cache
def statements(package: str) -> dict[str, str]:
    """Return the statements in a package's SQL files, by name.

    Raises:
        ValueError: Two of them have the same name.
    """
    found: dict[str, str] = {}
    for file in importlib.resources.files(package).iterdir():
        if not file.name.endswith(".sql"):
            continue
        parts = _NAME.split(file.read_text("utf-8"))[1:]
        for name, sql in zip(parts[::2], parts[1::2], strict=True):
            if name in found:
                raise ValueError(f"{file.name}: the statement {name!r} is there twice")
            found[name] = sql
    return found


@functools.cache
def migrations(package: str) -> tuple[Migration, ...]:
    """Return a package's migrations, by version."""
    found: list[Migration] = []
    for file in (importlib.resources.files(package) / "migrations").iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, file.read_text("utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.version))
