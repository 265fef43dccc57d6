"""ReMe behind two middlewares, side by side: ``python -m evals.reme``.

Ours and AgentScope's own have the same prepared workspace, the same scripted models, and the same
questions. AgentScope's needs a release of reme-ai that has all steps that it asks for; where it
does not start, its row says why. Nothing is judged.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import logging
import sys
import tempfile
from pathlib import Path

from evals.reme.kinds import KINDS
from evals.reme.measuring import Measured, measure
from evals.report import Report

_COLUMNS = (
    "",
    "recalled in the prompt",
    "memory notes in the context",
    "found after kills",
    "found after an outage",
    "pages as memories",
    "a search, ms",
    "after a pause, ms",
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.reme", description=__doc__)
    parser.add_argument("--notes", type=int, default=1_000, help="how many there are beforehand")
    parser.add_argument("--replies", type=int, default=20, help="of how many each figure is")
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace, report: Report, folder: Path) -> None:
    notes, replies = arguments.notes, arguments.replies
    rows: list[list[str]] = []
    record: dict[str, object] = {}
    for number, kind in enumerate(KINDS):
        found = await measure(kind, folder / str(number), notes=notes, replies=replies)
        if not isinstance(found, Measured):
            rows.append([f"{kind} does not start: {found}", *["-"] * (len(_COLUMNS) - 1)])
            record[kind] = {"does not start": found}
            continue
        counts = (found.reached, found.notes, found.after_kill, found.after_outage, found.pages)
        rows.append([kind, *map(str, counts), f"{found.search_ms:.1f}", f"{found.paused_ms:.1f}"])
        record[kind] = dataclasses.asdict(found)
    report.table(f"{replies} replies, over a workspace of {notes:,} notes", _COLUMNS, rows)
    report.note(
        "recalled in the prompt: replies of one model call to whose prompt the note that answers "
        "was added; memory notes in the context: after as many turns of one agent, each with a "
        "tool's call in between; found after kills: exchanges that a search finds again whose "
        "process was killed right after the reply; found after an outage: as well where the "
        "extracting model had failed four times at each; pages as memories: searches that returned "
        "a day's list of notes; a search: by the tool that both offer, one right after the "
        "other, the median of 100; after a pause: of 1.5 s before each"
    )
    report.record["kinds"] = record


def main() -> int:
    """Run the evaluation; return what the process ends with."""
    arguments = _arguments()
    # What fails is counted and reported.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger("as").setLevel(logging.CRITICAL)
    report = Report("reme", "agentscope", "reme-ai")
    report.heading()
    out = None if arguments.json is None else arguments.json.absolute()
    # ReMe writes its log into the working folder, where AgentScope's own has it do that.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        asyncio.run(_run(arguments, report, Path(folder)))
    if out is not None:
        report.write(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
