"""Gives readers of files what nobody wrote: ``python -m evals.fuzz --target archive``.

Needs what ``requirements/fuzz.in`` names; ``make fuzz`` sets it up. What is found, an input that
makes something else than an error of Remanence's come out, or takes too long, is kept in the folder
that is told, and run again by naming it: ``--again FILE``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from evals.report import Report

_TARGETS = ("archive", "formats")
_PROGRESS = re.compile(r"^#(\d+)\s+.*?cov: (\d+) ft: (\d+) corp: (\d+)/", re.MULTILINE)
_LEAST_SECONDS = 10
_LARGEST_INPUT = 16_384


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m evals.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--target", nargs="+", choices=_TARGETS, default=_TARGETS)
    parser.add_argument(
        "--seconds", type=int, default=600, help="how long for each; 600 by default"
    )
    parser.add_argument("--input-seconds", type=int, default=10, help="how long an input may take")
    parser.add_argument(
        "--folder", type=Path, default=Path("build/fuzz"), help="where to keep inputs"
    )
    parser.add_argument("--again", type=Path, help="run one input again")
    return parser.parse_args()


def _run(target: str, arguments: argparse.Namespace) -> tuple[int, str]:
    """Run a target; return its exit code, and what the fuzzer said of its progress."""
    folder = arguments.folder / target
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "evals.fuzz.run", target]
    if arguments.again is not None:
        command += [str(folder / "again"), str(arguments.again)]
    else:
        command += [
            str(folder / "inputs"),
            f"-max_total_time={arguments.seconds}",
            f"-timeout={arguments.input_seconds}",
            f"-max_len={_LARGEST_INPUT}",
            "-len_control=20",
            "-use_value_profile=1",
            f"-artifact_prefix={folder}/",
            "-print_final_stats=1",
        ]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    (folder / "log.txt").write_text(done.stderr, encoding="utf-8")
    return done.returncode, done.stderr


def main() -> None:
    """Run the targets one after another, and tell what came."""
    arguments = _arguments()
    report = Report("fuzz", "atheris")
    report.heading()
    rows: list[list[str]] = []
    failed = False
    for target in arguments.target:
        code, log = _run(target, arguments)
        failed |= code != 0
        progress = _PROGRESS.findall(log)
        runs, edges, features, inputs = map(int, progress[-1] if progress else (0, 0, 0, 0))
        found = "nothing" if code == 0 else f"see {arguments.folder / target / 'log.txt'}"
        rows.append(
            [
                target,
                f"{arguments.seconds}",
                f"{runs:,}",
                f"{edges:,}",
                f"{features:,}",
                f"{inputs:,}",
                found,
            ]
        )
        if code != 0:
            report.note("\n".join(log.splitlines()[-60:]))
    columns = ["target", "seconds", "runs", "edges", "features", "inputs kept", "found"]
    report.table("What nobody wrote, read", columns, rows)
    sys.exit(failed)


if __name__ == "__main__":
    main()
