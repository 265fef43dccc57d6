"""The SQL of this folder's files, with placeholders as psycopg has them."""

from __future__ import annotations

import functools
import re

from remanence.store.relational import statements as of

__all__ = ["migrations", "statements"]

_PACKAGE = "remanence.store.postgres"

_PARAMETER = re.compile(r"(?<!:):([a-z]\w*)")

migrations = functools.partial(of.migrations, _PACKAGE)


@functools.cache
def statements() -> dict[str, str]:
    """Return the statements by name: ``:name`` becomes ``%(name)s``, but not in ``::type``."""
    found = of.statements(_PACKAGE)
    return {name: _PARAMETER.sub(r"%(\1)s", _without_remarks(sql)) for name, sql in found.items()}


def _without_remarks(sql: str) -> str:
    lines = (line for line in sql.splitlines() if not line.startswith("--"))
    return "\n".join(lines).strip().rstrip(";")
