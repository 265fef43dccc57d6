"""The section about what each term adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.ablation.records import Weighed
from evals.ablation.tables import COLUMNS, NOTE, weighed_rows
from evals.benchmarks.markdown import by_depth, conditions, table
from evals.retrieval.engines.choosing import ENGINES

__all__ = ["ablation_section"]


def ablation_section(record: Mapping[str, Any]) -> str:
    """Return the section about what each term of the ranking adds."""
    weighed = [Weighed(**by_depth(kept)) for kept in record["weighed"]]
    parts = ["## What each term adds\n", NOTE + "\n", conditions(record)]
    for engine in dict.fromkeys(each.engine for each in weighed):
        parts += [f"{ENGINES[engine].label}:\n", table(COLUMNS, weighed_rows(weighed, engine))]
    return "\n".join(parts)
