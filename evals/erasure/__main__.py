"""Erases one user among many, and looks for what is left: ``python -m evals.erasure``."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from evals.erasure.engine import Measured, measure
from evals.erasure.mem0 import Mem0Measured, measure_mem0
from evals.report import Report

_COLUMNS = ("files", "sentences", "stems", "vectors")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.erasure", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000, help="how many users")
    parser.add_argument("--episodes", type=int, default=100_000, help="how many episodes, in all")
    parser.add_argument(
        "--erased", type=int, default=2_000, help="how many of them are of the user who is erased"
    )
    parser.add_argument("--sample", type=int, default=1_000, help="how many texts to look for")
    parser.add_argument(
        "--mem0-memories",
        type=int,
        default=1_000,
        help="how many memories of the user who is erased mem0 has; 0 leaves mem0 out",
    )
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    arguments = parser.parse_args()
    if arguments.users < 2 or arguments.episodes < arguments.erased + arguments.users:
        parser.error("measure two users at least, with an episode each")
    return arguments


def _print(report: Report, measured: Measured) -> None:
    receipt = measured.receipt
    rows = [
        ("before", *measured.before),
        ("rows deleted, log emptied (secure_delete)", *measured.deleted),
        ("forget_user", *measured.after),
    ]
    report.table(
        f"Found in the files, of {measured.looked_for[0]:,} parts of sentences, "
        f"{measured.looked_for[1]:,} stems, {measured.looked_for[2]:,} parts of vectors",
        _COLUMNS,
        [(name, *(f"{count:,}" for count in counts)) for name, *counts in rows],
    )
    report.note(
        f"{measured.episodes:,} episodes of {measured.users:,} users, "
        f"{measured.store_bytes / 1e6:,.0f} MB. Erased: "
        + ", ".join(f"{count:,} {name}" for name, count in receipt.places.items())
        + f"; {receipt.seconds:.2f} s, {receipt.bytes_rewritten:,} bytes overwritten."
    )
    for check in receipt.checks:
        report.note(f"{'passed' if check.passed else 'FAILED'}: {check.name} ({check.told})")
    report.note(
        f"Recalls of other users that changed: {measured.changed} of {measured.others} "
        "(ids, scores and order)."
    )


def _print_mem0(report: Report, measured: Mem0Measured) -> None:
    rows = [
        ("before", *measured.before),
        (f"mem0's delete_all ({measured.own_seconds:.1f} s)", *measured.own),
        (f"forget_user of the backend ({measured.receipt.seconds:.1f} s)", *measured.after),
    ]
    report.table(
        f"Found in mem0's folder, of {measured.looked_for[0]:,} sentences and "
        f"{measured.looked_for[1]:,} vectors",
        ("files", "sentences", "vectors"),
        [(name, *(f"{count:,}" for count in counts)) for name, *counts in rows],
    )
    report.note(
        f"{measured.memories:,} memories of {measured.users} users, "
        f"{measured.store_bytes / 1e6:,.1f} MB. Erased: "
        + ", ".join(f"{count:,} {name}" for name, count in measured.receipt.places.items())
        + f"; {measured.receipt.bytes_rewritten:,} bytes rewritten."
    )
    for check in measured.receipt.checks:
        report.note(f"{'passed' if check.passed else 'FAILED'}: {check.name} ({check.told})")
    report.note(f"Recalls of other users that changed: {measured.changed} of {measured.others}.")


def main() -> None:
    """Run the measurement."""
    arguments = _arguments()
    report = Report("erasure", "numpy", "apsw", "mem0ai", "qdrant-client")
    report.heading()
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(
            Path(folder),
            users=arguments.users,
            episodes=arguments.episodes,
            erased=arguments.erased,
            sample=arguments.sample,
        )
    _print(report, measured)
    outcomes: list[Measured | Mem0Measured] = [measured]
    if arguments.mem0_memories:
        of_mem0 = measure_mem0(users=10, erased=arguments.mem0_memories, share=100)
        _print_mem0(report, of_mem0)
        outcomes.append(of_mem0)
    if arguments.json is not None:
        report.record |= {
            type(each).__module__.rpartition(".")[2]: {
                "before": each.before,
                "after": each.after,
                "seconds": each.receipt.seconds,
                "bytes_rewritten": each.receipt.bytes_rewritten,
                "store_bytes": each.store_bytes,
                "changed": each.changed,
                "others": each.others,
            }
            for each in outcomes
        }
        report.write(arguments.json)
    failed = any(any(each.after) or each.changed or not each.receipt.complete for each in outcomes)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
