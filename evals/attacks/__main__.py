"""Attacks on a memory: ``python -m evals.attacks``.

Each is carried out through an agent; then a new agent is asked, and what its model is told is
looked at. Ends with 1 if any reaches a prompt outside the fence, becomes an instruction, or does
anything else that it must not.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from evals.attacks.attack import Attack, attacks
from evals.attacks.places import PLACES, opened
from evals.attacks.running import Outcome, run
from evals.attacks.tables import NOTE, attack_rows, columns, family_rows, summary_columns
from evals.perf.mem0.bare import be_quiet
from evals.report import Report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.attacks", description=__doc__)
    parser.add_argument(
        "--places", nargs="+", choices=PLACES, default=PLACES, help="all by default"
    )
    parser.add_argument("--family", type=int, help="only the attacks of this family")
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    return parser.parse_args()


async def _outcomes(name: str, some: Sequence[Attack], folder: Path) -> list[Outcome] | None:
    async with opened(name, folder) as place:
        return None if place is None else [each async for each in run(some, place)]


def main() -> int:
    """Run the evaluation; return what the process ends with."""
    arguments = _arguments()
    some = [each for each in attacks() if arguments.family in (None, each.family)]
    report = Report("attacks", "agentscope", "mem0ai", "apsw")
    report.heading()
    outcomes: dict[str, list[Outcome]] = {}
    with tempfile.TemporaryDirectory() as folder:
        be_quiet(Path(folder))
        for name in arguments.places:
            began = time.monotonic()
            found = asyncio.run(_outcomes(name, some, Path(folder)))
            if found is None:
                report.note(f"{name}: this framework has none")
                continue
            outcomes[name] = found
            report.note(f"{name}: {len(found)} attacks in {time.monotonic() - began:.0f} s")
    report.table("What became of each attack", columns(outcomes), attack_rows(some, outcomes))
    report.table("By family", summary_columns(outcomes), family_rows(some, outcomes))
    report.note(NOTE)
    report.record["outcomes"] = {
        name: [dataclasses.asdict(each) for each in told] for name, told in outcomes.items()
    }
    if arguments.json is not None:
        report.write(arguments.json)
    return int(any(each.problems for told in outcomes.values() for each in told))


if __name__ == "__main__":
    sys.exit(main())
