"""How much of the evidence is found in LongMemEval's pool.

``python -m evals.longmemeval_pool --data longmemeval_pool``
"""

from __future__ import annotations

import argparse
from pathlib import Path

from evals.longmemeval_pool.cases import MAIN_GROUPS, pool_case, scattered
from evals.retrieval.command import add_options, chosen, evaluate, new_report
from evals.retrieval.tables import print_notes

_VARIANTS = ("as-it-is", "scattered")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.longmemeval_pool", description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="the folder with pool_turns.jsonl and pool_queries.json",
    )
    parser.add_argument(
        "--variants", nargs="+", choices=_VARIANTS, default=_VARIANTS, help="both by default"
    )
    add_options(parser, facts=False)
    arguments = parser.parse_args()
    for name in ("pool_turns.jsonl", "pool_queries.json"):
        if not (arguments.data / name).is_file():
            parser.error(f"--data: there is no file {arguments.data / name}")
    return arguments


def main() -> None:
    """Run the evaluation."""
    arguments = _arguments()
    whole = pool_case(arguments.data)
    names = chosen(arguments)
    report = new_report("longmemeval_pool", names)
    cases = {
        "as-it-is": ("the pool", whole),
        "scattered": ("the pool, scattered", scattered(whole)),
    }
    report.record["results"] = [
        evaluate(
            report,
            names,
            [case],
            data_set="longmemeval_pool",
            title=title,
            main=MAIN_GROUPS,
        )
        for title, case in (cases[variant] for variant in arguments.variants)
    ]
    turns = sum(1 for _ in whole.turns())
    report.record |= {"turns": turns, "sessions": len(whole.sessions)}
    report.note()
    report.note(
        f"The pool: {turns:,} turns of many users in {len(whole.sessions):,} sessions, as one "
        "memory; its figures are not those published for LongMemEval. A question's now is its date."
    )
    report.note(
        "Half A: the questions with even places in the file, seen while the ranking was made; half "
        "B: the others. Scattered: every "
        "evidence turn is put, with its own time, at a random place of a random session that it "
        "has nothing to do with."
    )
    print_notes(report)
    if arguments.json is not None:
        report.write(arguments.json)


if __name__ == "__main__":
    main()
