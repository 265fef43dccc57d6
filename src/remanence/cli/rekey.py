"""``remanence rekey``: encryption, another key, or none any more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remanence.cli.database import existing, named
from remanence.cli.key import read_key
from remanence.cli.options import DatabaseOption
from remanence.cli.output import print_notice
from remanence.errors import InputError

__all__ = ["rekey"]


def rekey(
    *,
    new_key_file: Annotated[
        Path | None,
        typer.Option(
            "--new-key-file",
            metavar="FILE",
            help="Where the new key is: 64 hexadecimal digits, or a passphrase.",
        ),
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Decrypt it, and leave it like that.")
    ] = False,
    db: DatabaseOption = None,
) -> None:
    """Encrypt a database, or change its key, or decrypt it.

    Its present key, if it has one, is given before the command: remanence --key-file FILE rekey.
    The database may not be open anywhere meanwhile, and takes twice its space.
    """
    from remanence.store.sqlite.rekey import rekey as write_anew

    if (new_key_file is None) != plain:
        raise typer.BadParameter("give --new-key-file, or --plain: one of them")
    named(db).file("a server's disk is encrypted where it is")
    place = existing(db, "name the file of a memory or of an outbox")
    path, key = place.file("only a file has a key"), place.key()
    if plain and key is None:
        raise InputError(
            "--key-file",
            "is missing, and --plain decrypts",
            "give the present key before the command: remanence --key-file FILE rekey --plain",
        )
    new_key = None if new_key_file is None else read_key(new_key_file)
    write_anew(path, key=key, new_key=new_key)
    print_notice(
        f"{path} is {'not encrypted any more' if plain else 'encrypted with the new key'}."
    )
