"""Lets a fuzzer that watches what code is reached choose the inputs of one target."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris  # pyright: ignore[reportMissingModuleSource] - it is in an environment of its own

__all__ = ["TARGETS"]

with atheris.instrument_imports(include=["remanence", "zipfile", "json.decoder"]):
    from evals.fuzz.archives import Archives
    from evals.fuzz.formats import Formats

TARGETS = {target.name: target for target in (Archives, Formats)}


def main() -> None:
    """Run the target that the first argument names; the second is the folder of its inputs."""
    name, folder, *options = sys.argv[1:]
    target = TARGETS[name]()
    corpus = Path(folder)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], folder, *options], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
