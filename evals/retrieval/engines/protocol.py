"""What an engine has to do to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from evals.retrieval.cases import Case, Question

__all__ = ["Engine", "Facts"]

Facts = Literal["none", "told", "drawn"]
"""Whether an engine has the statements of cases as facts: none of them, stored explicitly, or drawn
from the turns by a stand-in for a chat model that knows them.
"""


class Engine(Protocol):
    """Holds the turns of cases, and finds them again."""

    async def ingest(self, cases: Sequence[Case]) -> None:
        """Take in all turns, until they can be found; this is timed."""
        ...

    async def find(self, case: Case, question: Question, limit: int) -> list[str]:
        """Return the ids of at most ``limit`` turns of a case, best first; this is timed."""
        ...

    async def aclose(self) -> None:
        """Let go of everything."""
        ...
