"""Runs every evaluation, and writes the page: ``python -m evals.benchmarks``.

What each evaluation keeps stays in a folder, so that one alone can be run again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from evals.benchmarks.page import write_page

_EVALUATIONS = (
    "locomo",
    "longmemeval_pool",
    "ablation",
    "threshold",
    "extraction",
    "perf",
    "scale",
)

_DATA = {
    "locomo": ("locomo",),
    "longmemeval_pool": ("pool",),
    "ablation": ("locomo", "pool"),
    "threshold": ("locomo",),
    "extraction": ("locomo",),
}
"""The options that tell where an evaluation's data are."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.benchmarks", description=__doc__)
    parser.add_argument("--locomo", type=Path, help="LoCoMo's locomo10.json")
    parser.add_argument("--pool", type=Path, help="the folder of LongMemEval's pool")
    parser.add_argument(
        "--only",
        nargs="*",
        choices=_EVALUATIONS,
        default=_EVALUATIONS,
        help="which to run; all by default, none if no name follows",
    )
    parser.add_argument(
        "--results", type=Path, default=Path("build/eval/benchmarks"), help="where JSON is kept"
    )
    parser.add_argument(
        "--page", type=Path, default=Path("docs/benchmarks.md"), help="what is written"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, to see that everything works"
    )
    return parser.parse_args()


def _command(name: str, told: argparse.Namespace) -> list[str]:
    """Return an evaluation's arguments."""
    commands: dict[str, list[str]] = {
        "locomo": ["--data", str(told.locomo), "--all"],
        "longmemeval_pool": ["--data", str(told.pool), "--all"],
        "ablation": ["--locomo", str(told.locomo), "--pool", str(told.pool)],
        "threshold": ["--data", str(told.locomo), "--engines", "lexical", "embedder"],
        "extraction": ["--data", str(told.locomo)],
        "perf": [],
        "scale": [],
    }
    quick: dict[str, list[str]] = {
        "locomo": ["--data", str(told.locomo), "--engines", "lexical", "bm25"],
        "longmemeval_pool": ["--data", str(told.pool), "--engines", "lexical", "bm25"],
        "threshold": ["--data", str(told.locomo)],
        "extraction": [
            *("--data", str(told.locomo), "--words-alone", "--conversations", "1"),
            *("--earlier", "200", "--stored", "500", "--turns", "20", "--repeats", "1"),
        ],
        "perf": ["--sizes", "1000", "--mem0-items", "200", "--repeats", "1", "--questions", "30"],
        "scale": ["--episodes", "1000", "10000", "--users", "1", "100"],
    }
    return quick.get(name, commands[name]) if told.quick else commands[name]


def main() -> None:
    """Run, then write."""
    told = _arguments()
    for name in told.only:
        if any(getattr(told, data) is None for data in _DATA.get(name, ())):
            sys.exit(f"{name} needs its data: give {' and '.join(f'--{e}' for e in _DATA[name])}")
    for name in told.only:
        print(f"== {name}", file=sys.stderr, flush=True)
        kept = told.results / f"{name}.json"
        command = [sys.executable, "-m", f"evals.{name}", *_command(name, told)]
        subprocess.run([*command, "--json", str(kept)], check=True)
    missing = write_page(told.results, told.page)
    print(f"wrote {told.page}" + (f", without {', '.join(missing)}" if missing else ""))


if __name__ == "__main__":
    main()
