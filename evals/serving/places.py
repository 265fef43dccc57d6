"""Where a server of one's own can be: folders that nobody has, and ports."""

from __future__ import annotations

import os
import random
import secrets
import socket
import tempfile
from pathlib import Path

from evals.serving.accounts import Account

__all__ = ["free_port", "own_folder", "short_path"]

# The path of a Unix socket must not exceed 103 bytes on some systems, and 107 on others.
_LONGEST_TEMPORARY = 50

# Below the ports that systems give to outgoing connections, so that a port stays free while the
# server that has it restarts.
_PORTS = range(20_000, 32_000)


def short_path() -> Path:
    """Return a path for a temporary folder that nobody has, short enough for a socket in it."""
    temporary = Path(tempfile.gettempdir()).resolve()
    if len(os.fsencode(temporary)) > _LONGEST_TEMPORARY:
        temporary = Path("/tmp")  # noqa: S108 - nobody guesses the name that follows
    return temporary / f"remanence-{secrets.token_hex(8)}"


def own_folder(folder: Path, account: Account | None) -> None:
    """Make a folder that only an account may enter, unless it exists.

    Args:
        folder: The folder, in one that exists.
        account: The account, or ``None`` for the one that asks.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody listens on now."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
