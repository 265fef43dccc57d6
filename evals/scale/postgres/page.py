"""Puts the tables into a page whose text is written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.benchmarks.markdown import conditions, table
from evals.scale.postgres.sections import sections

__all__ = ["renew", "replaced"]


def renew(page: Path, record: Mapping[str, Any]) -> None:
    """Write the page's tables anew from what was kept."""
    blocks = {name: table(each.columns, each.rows) for name, each in sections(record).items()}
    blocks["conditions"] = conditions(record)
    page.write_text(replaced(page.read_text(encoding="utf-8"), blocks), encoding="utf-8")


def replaced(text: str, blocks: Mapping[str, str]) -> str:
    """Return a text with what is between ``<!-- name -->`` and ``<!-- /name -->`` replaced.

    Raises:
        ValueError: A block that the text has no place for.
    """
    for name, block in blocks.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        head, found, rest = text.partition(begin)
        _, ended, tail = rest.partition(end)
        if not found or not ended:
            raise ValueError(f"the page has no place for the table {name!r}: add {begin}{end}")
        text = f"{head}{begin}\n{block}\n{end}{tail}"
    return text
