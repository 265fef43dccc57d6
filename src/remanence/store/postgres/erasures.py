"""What is to be erased in a PostgreSQL database: its rows; the rest is the server's."""

from __future__ import annotations

from remanence.store.erasing import Scrub
from remanence.store.postgres.database import Database
from remanence.store.relational.erasure_store import RelationalErasures

__all__ = ["PostgresErasures"]

_TOLD = (
    "what the server keeps of rows that are gone: pages until its vacuum has been there, its log, "
    "and standbys and backups for as long as its operator has it so"
)


class PostgresErasures(RelationalErasures):
    """Erases rows; see :class:`remanence.store.erasing.ErasureStore`."""

    async def overwrite(self, number: int) -> Scrub:
        """Note that nothing is left to do here; see the protocol."""
        del number
        await self._write(_note)
        return Scrub(clean=False, log_empty=False, told=_TOLD, reachable=False)


def _note(database: Database) -> None:
    database.across()
    database.run("erasures_scrubbed", {})
