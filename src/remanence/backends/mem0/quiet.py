"""mem0, imported so that it tells nobody, starts nothing and writes nothing to the user's home."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path

from remanence.backends.folders import make_folder
from remanence.config import mem0_defaults, mem0_telemetry
from remanence.errors import MissingExtraError

__all__ = ["import_mem0"]

_importing = threading.Lock()


def import_mem0(folder: Path) -> None:
    """Import mem0, with its telemetry off unless ``$MEM0_TELEMETRY`` turns it on.

    mem0 reads the environment when it is imported. Where somebody has done that already, its
    telemetry is turned off in its modules, which turns it off in the whole process.

    Args:
        folder: Where it keeps its own settings, if it is imported here; created if missing.

    Raises:
        MissingExtraError: mem0 is not installed.
        InputError: The folder can't be created.
    """
    make_folder("data_dir", folder)
    with _importing:
        try:
            with mem0_defaults(folder):
                import mem0  # noqa: F401  # pyright: ignore[reportUnusedImport] - for what that does
        except ImportError as error:
            raise MissingExtraError("mem0", "mem0 as a memory service") from error
        if not mem0_telemetry():
            _silence()


def _silence() -> None:
    """Turn telemetry off where it is on, and end its threads."""
    telemetry = sys.modules.get("mem0.memory.telemetry")
    if telemetry is None or not getattr(telemetry, "MEM0_TELEMETRY", False):
        return
    for name in ("mem0.memory.telemetry", "mem0.memory.main"):
        if (module := sys.modules.get(name)) is not None:
            setattr(module, "MEM0_TELEMETRY", False)  # noqa: B010 - no type knows this module
    for name in ("client_telemetry", "_oss_telemetry_instance"):
        sender = getattr(telemetry, name, None)
        if sender is not None:
            # A sender that can't be closed must not keep a memory from being opened.
            with contextlib.suppress(Exception):
                sender.close()
