"""The SQL of this folder's files, with placeholders as psycopg has them."""

from __future__ import annotations

import functools
import re

from remanence.store.relational import statements as of

__all__ = ["insertions", "migrations", "statements"]

_PACKAGE = "remanence.store.postgres"

_PARAMETER = re.compile(r"(?<!:):([a-z]\w*)")
_INSERTION = re.compile(
    r"(INSERT INTO [^()]+\([^()]+\)\s+VALUES )(\((?:[^()]|%\(\w+\)s)+\))", re.DOTALL
)

migrations = functools.partial(of.migrations, _PACKAGE)


@functools.cache
def statements() -> dict[str, str]:
    """Return the statements by name: ``:name`` becomes ``%(name)s``, but not in ``::type``."""
    found = of.statements(_PACKAGE)
    return {name: _PARAMETER.sub(r"%(\1)s", _without_remarks(sql)) for name, sql in found.items()}


@functools.cache
def insertions() -> dict[str, tuple[str, str]]:
    """Return the statements that only insert a row, by name, in two parts: the last is the row."""
    found = {name: _INSERTION.fullmatch(sql) for name, sql in statements().items()}
    return {name: (match[1], match[2]) for name, match in found.items() if match is not None}


def _without_remarks(sql: str) -> str:
    lines = (line for line in sql.splitlines() if not line.startswith("--"))
    return "\n".join(lines).strip().rstrip(";")
