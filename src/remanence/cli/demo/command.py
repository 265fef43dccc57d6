"""``remanence demo``."""

from __future__ import annotations

import asyncio
import enum
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from remanence.errors import MissingExtraError

__all__ = ["register"]


class _Stage(enum.StrEnum):
    TELL = "tell"
    ASK = "ask"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(demo)


def demo(
    db: Annotated[
        Path | None,
        typer.Option(help="Keep the demonstration's memory in this file, which must not exist."),
    ] = None,
    stage: Annotated[_Stage | None, typer.Option(hidden=True)] = None,
) -> None:
    """Show an agent that remembers: told in one process, asked in another."""
    console = Console()
    try:
        import agentscope as _agentscope  # noqa: F401  # pyright: ignore[reportUnusedImport] - to see that it is there
    except ImportError as error:
        raise MissingExtraError("agentscope", "The demonstration") from error
    if stage is not None and db is not None:
        _run_stage(stage, db, console)
        return
    from remanence.cli.demo.stages import model_in_words

    console.print(f"{model_in_words()}\n")
    with tempfile.TemporaryDirectory(prefix="remanence-demo-") as folder:
        path = db or Path(folder) / "alice.db"
        if path.exists():
            raise typer.BadParameter(f"{path} exists already; name a new file", param_hint="--db")
        for number, name in enumerate(_Stage, 1):
            console.rule(f"Process {number}: {name}")
            _run_process(name, path)
    if db is not None:
        console.print(f"The memory is in {db}: try remanence stats --db {db}")


def _run_process(stage: _Stage, path: Path) -> None:
    """Run a stage in an operating-system process of its own."""
    command = [sys.executable, "-m", "remanence", "demo", "--db", str(path), "--stage", stage]
    done = subprocess.run(command, check=False, env=os.environ)  # noqa: S603 - our own program
    if done.returncode:
        raise typer.Exit(done.returncode)


def _run_stage(stage: _Stage, path: Path, console: Console) -> None:
    from remanence.cli.demo.stages import ask, tell

    console.print(f"(operating-system process {os.getpid()})\n")
    if stage is _Stage.TELL:
        asyncio.run(tell(path, console))
    elif not asyncio.run(ask(path, console)):
        raise typer.Exit(1)
