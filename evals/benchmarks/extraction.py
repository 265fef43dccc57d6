"""The section about facts that are drawn from what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.benchmarks.markdown import bullets, by_depth, conditions, table
from evals.extraction.beside import Beside
from evals.extraction.pipeline import Pipeline
from evals.extraction.tables import (
    BECAME_COLUMNS,
    BESIDE_COLUMNS,
    BESIDE_NOTE,
    FOUND_COLUMNS,
    NOTES,
    TOOK_COLUMNS,
    became_rows,
    beside_rows,
    found_rows,
    took_rows,
)
from evals.retrieval.scores import Score

__all__ = ["extraction_section"]


def extraction_section(record: Mapping[str, Any]) -> str:
    """Return the section about drawn facts."""
    found = [Score(**by_depth(kept)) for kept in record["found"]]
    took = [Pipeline(**kept) for kept in record["took"]]
    beside = [Beside(**kept) for kept in record["beside"]]
    sizes = {"earlier": beside[0].earlier, "stored": beside[0].stored}
    return "\n".join(
        [
            "## Facts drawn from conversations\n",
            conditions(record),
            "LoCoMo, evidence found, percent:\n",
            table(["", *FOUND_COLUMNS], found_rows(found)),
            "What became of LoCoMo's observations:\n",
            table(["", *BECAME_COLUMNS], became_rows(took)),
            "What drawing them took:\n",
            table(["", *TOOK_COLUMNS], took_rows(took)),
            bullets(NOTES),
            f"Turns while {sizes['earlier']:,} earlier ones are read for facts:\n",
            table(["", *BESIDE_COLUMNS], beside_rows(beside)),
            BESIDE_NOTE.format(**sizes) + "\n",
        ]
    )
