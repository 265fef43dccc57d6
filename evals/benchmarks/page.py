"""Writes the page from what the evaluations kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.benchmarks.ablation import ablation_section
from evals.benchmarks.extraction import extraction_section
from evals.benchmarks.plots import draw_recall
from evals.benchmarks.retrieval import locomo_section, pool_section, threshold_section
from evals.benchmarks.speed import cells_of, perf_section, scale_section
from evals.locomo.cases import HELD_OUT
from evals.scale.plot import draw_cells

__all__ = ["write_page"]

_ORDER = ("locomo", "extraction", "longmemeval_pool", "ablation", "threshold", "perf", "scale")
_OPENING = """\
# Benchmarks

Written by `make benchmarks`, which runs everything here; don't edit it. Each section says on which
machine and with which versions it was run. The evaluations are in `evals/`, use the public
interfaces only, and are run on their own with `python -m evals.locomo`, `evals.extraction`,
`evals.longmemeval_pool`, `evals.ablation`, `evals.threshold`, `evals.perf` and `evals.scale`.
"""


def write_page(results: Path, page: Path) -> list[str]:
    """Write the page and its plots; return the names of the evaluations that are missing.

    Args:
        results: The folder with the JSON of each evaluation.
        page: The Markdown file; plots go into a folder of its name.
    """
    records = {file.stem: _read(file) for file in sorted(results.glob("*.json"))}
    plots = page.with_suffix("")
    sections = [_OPENING]
    missing: list[str] = []
    for name in _ORDER:
        if name not in records:
            missing.append(name)
            continue
        sections.append(_section(name, records[name], plots))
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(sections), encoding="utf-8")
    return missing


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _section(name: str, record: Mapping[str, Any], plots: Path) -> str:
    if name == "locomo":
        draw_recall(record["results"][0], HELD_OUT, plots / "recall.svg")
        plot = f"\n![Recall against latency]({plots.name}/recall.svg)\n"
        return locomo_section(record) + plot
    if name == "scale":
        draw_cells(cells_of(record), plots / "scale.svg")
        return scale_section(record, f"{plots.name}/scale.svg")
    plain = {
        "longmemeval_pool": pool_section,
        "ablation": ablation_section,
        "extraction": extraction_section,
        "threshold": threshold_section,
        "perf": perf_section,
    }
    return plain[name](record)
