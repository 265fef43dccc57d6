"""``remanence extract``: let a model note facts of conversations."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Annotated

import typer

from remanence.cli.database import (
    create_or_open,
    named,
    nothing_stored,
    open_existing,
    stores_nothing,
)
from remanence.cli.drawing import Drawn, Portion, draw
from remanence.cli.formats import Defaults, Format
from remanence.cli.gathering import Gathered
from remanence.cli.items import json_fields, speaker_of
from remanence.cli.model import model_for_reading, required_settings
from remanence.cli.options import DatabaseOption, JsonOption
from remanence.cli.output import counted, print_error, print_json, print_notice
from remanence.cli.reading import (
    FORMATS,
    FormatOption,
    RecordAgentOption,
    RecordSessionOption,
    SkipMalformedOption,
    in_words,
    read_file,
)
from remanence.cli.telling import print_fact
from remanence.config import OpenAISettings
from remanence.types import Conversation, Filter

__all__ = ["extract"]


def extract(
    file: Annotated[
        Path | None, typer.Argument(help=f"{FORMATS} Without one, what the database holds is read.")
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be noted of the file.")
    ] = False,
    db: DatabaseOption = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user",
            metavar="NAME",
            help="Whose memories; with a file, where a record names no user.",
        ),
    ] = None,
    agent: RecordAgentOption = None,
    session: RecordSessionOption = None,
    format_: FormatOption = Format.AUTO,
    skip_malformed: SkipMalformedOption = False,
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="SECONDS",
            min=0,
            help="For how long a model that can't be reached is tried again.",
        ),
    ] = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Let a model read conversations, and note facts with their dates and sources.

    The model is OpenAI's, or one of a service that is compatible: OPENAI_API_KEY has the key,
    and, if set, OPENAI_BASE_URL the service's address and OPENAI_MODEL the model's name.

    With a file, its messages are imported and read; with --dry-run nothing is kept of that.
    Without one, what the database holds of the user and nobody has read yet is read.

    Each fact is printed with the messages that it rests on, and with the facts that it puts an end
    to. The exit code is 1 if something could not be read.
    """
    if file is None and dry_run:
        raise typer.BadParameter("--dry-run needs a file")
    if file is not None:
        defaults = Defaults(user, agent, session)
        what = read_file(file, format_, defaults, skip_malformed=skip_malformed)
        amount = in_words(what)
    elif user is not None:
        what = Filter(user, agent, session)
        amount = "what nobody had read yet"
        if asyncio.run(_is_empty(db, user)):
            print_notice(nothing_stored(user))
            return
    else:
        raise typer.BadParameter("name a file, or only with --user whose memories are to be read")
    settings = required_settings()
    with _place(db, dry_run=dry_run) as place:
        drawn = asyncio.run(_draw(place, what, settings, patience))
    _print(drawn, as_json=as_json)
    _print_summary(drawn, amount, dry_run=dry_run)
    for trouble in drawn.troubles:
        print_error(trouble)
    if drawn.troubles:
        if not dry_run:
            print_notice(
                "What was not read waits: see 'remanence outbox list', and run 'remanence extract' "
                "again."
            )
        raise typer.Exit(1)


@contextlib.contextmanager
def _place(db: str | None, *, dry_run: bool) -> Generator[str | None]:
    """Return the database to work on: for a dry run, one that is gone afterwards."""
    if not dry_run:
        yield db
        return
    with tempfile.TemporaryDirectory(prefix="remanence-extract-") as folder:
        yield str(Path(folder) / "memory.db")


async def _is_empty(db: str | None, user: str) -> bool:
    async with open_existing(db) as memory:
        return await stores_nothing(memory, user)


async def _draw(
    place: str | None, what: Gathered | Filter, settings: OpenAISettings, patience: float
) -> Drawn:
    """Read the messages of a file, or what the database holds of somebody."""
    opened = open_existing if isinstance(what, Filter) else create_or_open
    async with model_for_reading(settings) as model, opened(place) as memory:
        if isinstance(what, Filter):
            portions = [Portion((what,))]
        else:
            await memory.observe_all(what.conversations)
            portions = _portions(what)
        await memory.extract_with(model)
        return await draw(
            memory,
            named(place),
            portions,
            patience=patience,
            address=settings.base_url,
        )


def _portions(gathered: Gathered) -> list[Portion]:
    """Return the sessions of a file, so that those of one user are read one after the other.

    A later session may put an end to what an earlier one told.
    """
    of_user: dict[str, list[Conversation]] = {}
    for conversation in gathered.conversations:
        of_user.setdefault(conversation.scope.user_id, []).append(conversation)
    return [
        Portion(
            places=tuple(conversation.scope for conversation in together if conversation),
            messages=sum(len(conversation.messages) for conversation in together if conversation),
        )
        for together in itertools.zip_longest(*of_user.values())
    ]


def _print(drawn: Drawn, *, as_json: bool) -> None:
    for fact in drawn.facts:
        replaced = [old for old in drawn.replaced if old.superseded_by == fact.id]
        sources = [drawn.sources[id_] for id_ in fact.sources if id_ in drawn.sources]
        if not as_json:
            print_fact(fact, replaced=replaced, sources=sources)
            continue
        print_json(
            {
                **json_fields(fact),
                "supersedes": [
                    {"id": old.id, "text": old.text, "ending": old.ending} for old in replaced
                ],
                "quotes": [
                    {"at": each.at.isoformat(), "speaker": speaker_of(each), "text": each.content}
                    for each in sources
                ],
            }
        )


def _print_summary(drawn: Drawn, amount: str, *, dry_run: bool) -> None:
    over = sum(fact.superseded_at is not None for fact in drawn.facts)
    ended = f", {over:,} of them superseded by others" if over else ""
    print_notice(
        f"From {amount}: {counted(len(drawn.facts), 'fact')}{ended}. "
        f"{counted(drawn.calls, 'call')} of the model, {drawn.input_tokens:,} tokens given and "
        f"{drawn.output_tokens:,} answered.{' Nothing was kept.' if dry_run else ''}"
    )
