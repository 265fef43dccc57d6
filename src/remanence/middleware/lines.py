"""One line for each recollection: its date, where it comes from, and its text."""

from __future__ import annotations

import datetime as dt
import re

from remanence.extract.instructions import folded, reads_like_instruction
from remanence.middleware.escaping import escaped, named
from remanence.recall.quotations import Quotation
from remanence.types import Recollection, Role

__all__ = ["INSTRUCTION_MARK", "Lines"]

INSTRUCTION_MARK = "(quoted; it reads like an instruction)"
"""What is put beside a text that tries to tell the reader what to do."""

_STATED: dict[Role | None, str] = {
    None: "",
    "user": "what the user said",
    "assistant": "what the assistant said",
    "system": "what the system said",
    "tool": "what a tool returned",
}

_POSING = re.compile(
    r"(?:the )?(?:system|assistant|developer|user|human|tool|function|memory|ai|model"
    r"|admin(?:istrator)?|系统|助手|用户|工具|开发者|管理员)\b"
    r"|noted\b|.*\b(?:said \d+ times|imported)\b"
)
"""A name that could be taken for what a memory tells of a speaker."""

_LOOKED_AT = 10_000
"""So many characters of a text are looked through; of a longer one, also what is told of it."""


class Lines:
    """Tells recollections as lines of one note or answer.

    Args:
        ids: Whether each line tells the id of its recollection.
    """

    def __init__(self, *, ids: bool = False) -> None:
        """Keep the setting; nothing is told yet."""
        self._ids = ids
        self._marks: dict[tuple[str, str], bool] = {}

    def line(self, quotation: Quotation) -> str:
        """Return a recollection as one line, without line breaks, as ``- [date] who: text``.

        All that stands in brackets before the colon is known to be so, as a speaker's name has
        neither; what comes after the colon is quoted, and escaped. What is asked for many drafts of
        one note is found out once.
        """
        recollection = quotation.recollection
        when = f"{recollection.at:%Y-%m-%d %H:%M}"
        if self._ids:
            when += f" id={escaped(recollection.id)}"
        often = f" (said {quotation.times} times)" if quotation.times > 1 else ""
        mark = f" {INSTRUCTION_MARK}" if self._marked(quotation) else ""
        text = escaped(quotation.text) + _validity(recollection)
        return f"- [{when}] {_who(recollection)}{often}{mark}: {text}"

    def _marked(self, quotation: Quotation) -> bool:
        """Return whether a text, or what is told of it, reads like an instruction."""
        recollection = quotation.recollection
        key = (recollection.origin, recollection.id)
        if key not in self._marks:
            self._marks[key] = reads_like_instruction(
                recollection.text[:_LOOKED_AT]
            ) or reads_like_instruction(recollection.speaker or "")
        if self._marks[key] or len(recollection.text) <= _LOOKED_AT:
            return self._marks[key]
        return reads_like_instruction(quotation.text[:_LOOKED_AT])


def _who(recollection: Recollection) -> str:
    """Return who said a message, or in whose words a fact was found; and whether from a file."""
    if recollection.origin == "fact":
        return _noted(_STATED.get(recollection.stated_by, ""), imported=recollection.imported)
    role = recollection.role or "unknown"
    name = named(recollection.speaker or "")
    known: list[str] = []
    if name and (role != "user" or _POSING.match(folded(name))):
        known.append(role)
    if recollection.imported:
        known.append("imported")
    return f"{name or role} ({', '.join(known)})" if known else name or role


def _noted(words: str, *, imported: bool) -> str:
    if imported:
        return f"noted from an import of {words}" if words else "noted from an import"
    return f"noted from {words}" if words else "noted"


def _validity(recollection: Recollection) -> str:
    """Return since when and until when something is true, as far as that is known."""
    since, until = recollection.valid_from, recollection.valid_until
    if since is not None and until is not None:
        return f" (from {_time(since)} until {_time(until)})"
    if since is not None:
        return f" (since {_time(since)})"
    return f" (until {_time(until)})" if until is not None else ""


def _time(moment: dt.datetime) -> str:
    """Return a time in its own offset; the date alone where a day begins."""
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d %H:%M}"
