"""The ``remanence`` command: what it is made of, and how it fails."""

from __future__ import annotations

import io
import sys
from typing import Annotated, Any

import typer
import typer.core

from remanence._version import __version__
from remanence.cli.audit import audit
from remanence.cli.copy import copy
from remanence.cli.demo.command import register as register_demo
from remanence.cli.doctor import doctor
from remanence.cli.expire import expire
from remanence.cli.export import export
from remanence.cli.extract import extract
from remanence.cli.facts import facts
from remanence.cli.forget import forget
from remanence.cli.importing import import_file
from remanence.cli.key import use_key_file
from remanence.cli.migrate import migrate
from remanence.cli.options import KeyFileOption
from remanence.cli.outbox import outbox
from remanence.cli.output import print_error
from remanence.cli.recall import recall
from remanence.cli.rekey import rekey
from remanence.cli.show import show
from remanence.cli.stats import stats
from remanence.errors import RemanenceError

__all__ = ["app", "main"]


class _Commands(typer.core.TyperGroup):
    """Commands whose expected failures end in one line and exit code 1, not in a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the context names."""
        try:
            return super().invoke(ctx)
        except RemanenceError as error:
            print_error(str(error))
            raise typer.Exit(1) from error


app = typer.Typer(
    name="remanence",
    cls=_Commands,
    help="Long-term memory for AI agents, in one file or in PostgreSQL.",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # so that paragraphs of help are filled to the terminal's width
    # A traceback of a bug must not show what is remembered.
    pretty_exceptions_show_locals=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"remanence {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction] - typer calls it
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    key_file: KeyFileOption = None,
) -> None:
    """Long-term memory for AI agents, in one file or in PostgreSQL."""
    use_key_file(key_file)


app.command("import")(import_file)
app.command("export")(export)
app.command("recall")(recall)
app.command("extract")(extract)
app.command("facts")(facts)
app.command("show")(show)
app.command("stats")(stats)
app.command("forget")(forget)
app.command("expire")(expire)
app.command("audit")(audit)
app.add_typer(outbox, name="outbox")
app.command("rekey")(rekey)
app.command("copy")(copy)
app.command("migrate")(migrate)
app.command("doctor")(doctor)
register_demo(app)


def main() -> None:
    """Run the command line with the arguments of this process."""
    for stream in (sys.stdout, sys.stderr):
        # What is remembered may be in any script; a narrower terminal shows "?" for it.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app(prog_name="remanence")
