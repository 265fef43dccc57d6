"""One file that holds all of one user's memory: to keep, to look into, to take in elsewhere.

A zip file with four members, each of which any tool can read::

    manifest.json    what this is: format and version, whose, when, and what the others hold
    sessions.jsonl   where something was said, one session a line
    episodes.jsonl   what was said, one message a line, in the order it was recorded
    facts.jsonl      what is known, one statement a line, in the order it was recorded

Nothing in here knows a store: :mod:`remanence.archive.writing` writes what it is handed, and
:mod:`remanence.archive.reading` hands out what it has checked.
"""

from __future__ import annotations

from remanence.archive.outcome import Exported, Imported, ReadOut

__all__ = ["Exported", "Imported", "ReadOut"]
