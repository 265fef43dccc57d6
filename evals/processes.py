"""Runs a module of the evaluations in a process of its own."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["ONE_THREAD", "in_process", "write_result"]

ONE_THREAD: Mapping[str, str] = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""What keeps numpy's products on one thread, if set before numpy is loaded."""


def in_process(
    module: str, arguments: Sequence[str], *, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run a module that takes ``--out``, and return what it wrote there.

    Args:
        module: Its name.
        arguments: Its other arguments.
        environment: Variables to set for it.

    Raises:
        CalledProcessError: It failed; it has said why.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        subprocess.run(
            [sys.executable, "-m", module, *arguments, "--out", str(out)],
            check=True,
            env={**os.environ, **(environment or {})},
        )
        return json.loads(out.read_text(encoding="utf-8"))


def write_result(path: Path, result: Any) -> None:
    """Write a dataclass as JSON, for the process that is waiting for it."""
    path.write_text(json.dumps(dataclasses.asdict(result)), encoding="utf-8")
