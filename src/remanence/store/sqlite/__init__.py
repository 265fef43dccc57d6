"""The embedded store: one SQLite file."""

from remanence.store.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
