"""The server store: PostgreSQL, which keeps the tenants apart itself."""

from remanence.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
