"""What the commands of the data sets have in common."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from evals.minilm import LABEL
from evals.report import Report
from evals.retrieval.cases import Case
from evals.retrieval.engines.choosing import ENGINES
from evals.retrieval.running import run_engines
from evals.retrieval.scores import Cost, Score, cost, scores
from evals.retrieval.tables import keep, print_tables

__all__ = ["add_options", "chosen", "evaluate", "new_report"]

_PACKAGES = ("numpy", "apsw", "PyStemmer")


def add_options(parser: argparse.ArgumentParser, *, facts: bool) -> None:
    """Add the options ``--engines`` and ``--json``.

    Args:
        parser: Where to.
        facts: Whether the data set has statements that can be remembered.
    """
    names = [name for name, kind in ENGINES.items() if facts or not kind.facts]
    parser.add_argument(
        "--engines",
        nargs="+",
        choices=names,
        default=["lexical", "bm25"],
        metavar="NAME",
        help=f"which rows: {', '.join(names)}, or all; lexical and bm25 by default, which need no "
        "model",
    )
    parser.add_argument("--all", action="store_true", help="all rows")
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    parser.set_defaults(every_engine=names)


def chosen(arguments: argparse.Namespace) -> list[str]:
    """Return the names of the engines that were chosen."""
    return list(arguments.every_engine if arguments.all else dict.fromkeys(arguments.engines))


def new_report(name: str, names: Sequence[str]) -> Report:
    """Return a report with the versions of what engines are made of, its heading printed."""
    embeds = any(ENGINES[each].embeds for each in names)
    packages = [*_PACKAGES, *(ENGINES[each].package for each in names)]
    if embeds:
        packages.append("onnxruntime")
    report = Report(name, *(each for each in dict.fromkeys(packages) if each != "remanence"))
    report.heading()
    if embeds:
        report.record["embedder"] = LABEL
        report.note(f"embedder: {LABEL}")
    return report


def evaluate(
    report: Report,
    names: Sequence[str],
    cases: Sequence[Case],
    *,
    data_set: str,
    title: str,
    main: Sequence[str],
) -> Mapping[str, object]:
    """Run engines over cases, and print what came of it.

    Args:
        report: Where to print.
        names: Which engines.
        cases: What they are given and asked.
        data_set: What the vectors are kept under.
        title: What the data set is called in tables.
        main: The groups that get a table of all engines.

    Returns:
        What to keep as JSON.
    """
    found: list[Score] = []
    costs: list[Cost] = []
    for row in run_engines(names, cases, data_set):
        found += scores(row, cases)
        costs.append(cost(row))
    print_tables(report, title, found, costs, main)
    return keep(title, found, costs)
