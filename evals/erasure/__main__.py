"""Erases one user among many, and looks for what is left: ``python -m evals.erasure``."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from evals.erasure.engine import Measured, measure
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


def main() -> None:
    """Run the measurement."""
    arguments = _arguments()
    report = Report("erasure", "numpy", "apsw")
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
    if arguments.json is not None:
        report.record |= {
            "before": measured.before,
            "deleted": measured.deleted,
            "after": measured.after,
            "seconds": measured.receipt.seconds,
            "bytes_rewritten": measured.receipt.bytes_rewritten,
            "store_bytes": measured.store_bytes,
            "changed": measured.changed,
            "others": measured.others,
        }
        report.write(arguments.json)
    failed = any(measured.after) or measured.changed or not measured.receipt.complete
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
