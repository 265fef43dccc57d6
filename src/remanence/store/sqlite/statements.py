"""The SQL of this folder's files."""

from __future__ import annotations

import functools

from remanence.store.relational import statements as of

__all__ = ["migrations", "statements"]

_PACKAGE = "remanence.store.sqlite"

statements = functools.partial(of.statements, _PACKAGE)
migrations = functools.partial(of.migrations, _PACKAGE)
