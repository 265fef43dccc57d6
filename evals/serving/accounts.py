"""The account that a server runs as: PostgreSQL and PgBouncer refuse to be root."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from evals.serving.errors import ServingError

__all__ = ["Account", "check_reach", "server_account"]

Account = pwd.struct_passwd
"""An entry of the list of users."""

_UNPRIVILEGED = ("postgres", "nobody")


def server_account() -> Account | None:
    """Return the account for servers: another than root, or ``None`` for the one that asks.

    Raises:
        ServingError: Root asks, and there is no other account.
    """
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServingError(
        "a server must not run as root, and there is no account "
        f"{' or '.join(_UNPRIVILEGED)}: make one (useradd --system nobody), or be another user"
    )


def check_reach(account: Account | None, path: Path) -> None:
    """Check that an account can reach a path.

    A mode is never changed for it: other processes close their folders again, as every session of
    pytest does with those for its temporary files.

    Args:
        account: The account, or ``None`` for the one that asks.
        path: A file or folder, which need not exist, in a folder that does.

    Raises:
        ServingError: It is below a folder that the account can't enter.
    """
    if account is None:
        return
    for folder in path.resolve().parents:
        if not _enters(account, folder.stat()):
            raise ServingError(
                f"{path} can't be reached by the account {account.pw_name}, which the server runs "
                f"as because root must not run it: {folder} is closed to it. Name another folder, "
                "or none, for a temporary one"
            )


def _enters(account: Account, status: os.stat_result) -> bool:
    if status.st_uid == account.pw_uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.pw_gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
