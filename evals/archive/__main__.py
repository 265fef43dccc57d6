"""Whether LoCoMo recalls the same after a round trip: ``python -m evals.archive --data FILE``."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
import tempfile
from pathlib import Path

from evals.archive.tripping import Trip, trip
from evals.locomo.cases import locomo_cases
from evals.minilm import LABEL, minilm
from evals.report import Report
from remanence.embed.protocol import Embedder
from remanence.errors import RemanenceError

_COLUMNS = (
    *("searched by", "users", "sessions", "episodes", "facts", "questions", "same ids, in order"),
    *("same scores", "archives, MB", "of content, MB", "export, s", "import, s", "vectors, s"),
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.archive", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's locomo10.json")
    parser.add_argument("--conversations", type=int, default=10, help="how many; all by default")
    parser.add_argument("--words", action="store_true", help="by words only, without the model")
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    arguments = parser.parse_args()
    if not arguments.data.is_file():
        parser.error(f"--data: there is no file {arguments.data}")
    return arguments


def _row(name: str, done: Trip) -> list[str]:
    return [
        name,
        f"{done.users}",
        f"{done.sessions:,}",
        f"{done.episodes:,}",
        f"{done.facts:,}",
        f"{done.questions:,}",
        f"{done.same_ids:,}",
        f"{done.same_scores:,}",
        f"{done.file_bytes / 1e6:.2f}",
        f"{done.content_bytes / 1e6:.2f}",
        f"{done.export_seconds:.2f}",
        f"{done.import_seconds:.2f}",
        f"{done.vector_seconds:.1f}",
    ]


def _model(report: Report) -> Embedder | None:
    """Return the evaluations' embedder, if it is installed."""
    try:
        return minilm()
    except (ImportError, RemanenceError, FileNotFoundError) as error:
        report.note(f"Without vectors: {error}")
        return None


def main() -> None:
    """Run the round trip by words, and with vectors if the model is there."""
    arguments = _arguments()
    report = Report("archive", "onnxruntime")
    report.heading()
    samples = json.loads(arguments.data.read_text(encoding="utf-8"))
    cases = locomo_cases(samples[: arguments.conversations])
    embedder = None if arguments.words else _model(report)
    done: dict[str, Trip] = {}
    for name, chosen in (("words", None), (LABEL, embedder)):
        if name == "words" or chosen is not None:
            with tempfile.TemporaryDirectory() as folder:
                done[name] = asyncio.run(trip(Path(folder), cases, chosen))
    report.table(
        "LoCoMo, exported, forgotten and imported: 50 recollections of each question",
        _COLUMNS,
        [_row(name, each) for name, each in done.items()],
    )
    report.record["results"] = {name: dataclasses.asdict(each) for name, each in done.items()}
    if arguments.json is not None:
        report.write(arguments.json)
    sys.exit(any(each.same_ids < each.questions for each in done.values()))


if __name__ == "__main__":
    main()
