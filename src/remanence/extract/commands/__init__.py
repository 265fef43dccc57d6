"""The words of instructions to agents, by language.

They are looked for in texts in lower case, in compatible and simplified characters, with one
blank, or one end of a line, between words.
"""

from __future__ import annotations

import dataclasses
import re

from remanence.extract.commands import chinese, elsewhere, english, machine

__all__ = ["BEGINNINGS", "LANGUAGES", "PROGRAMS", "Commands"]


@dataclasses.dataclass(frozen=True, slots=True)
class Commands:
    """The words of one language.

    Attributes:
        script: A character of it; a text without one has no words of the language.
        anywhere: What reads like an instruction wherever it stands.
        orders: What does where an order may begin; elsewhere it tells what is done.
    """

    script: re.Pattern[str]
    anywhere: tuple[re.Pattern[str], ...]
    orders: tuple[re.Pattern[str], ...]


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    """Return patterns in which a blank may be the end of a line as well."""
    return tuple(re.compile(pattern.replace(" ", r"\s")) for pattern in patterns)


PROGRAMS = Commands(re.compile(r"[<\[_:(#]|noted "), _compiled(*machine.ANYWHERE), ())
"""What is no language: what programs write to models."""

LANGUAGES = (
    PROGRAMS,
    Commands(re.compile("[a-z#<]"), _compiled(*english.ANYWHERE), _compiled(*english.ORDERS)),
    Commands(
        re.compile("[\u3400-\u9fff]"), _compiled(*chinese.ANYWHERE), _compiled(*chinese.ORDERS)
    ),
    Commands(re.compile("[a-z]"), _compiled(*elsewhere.LATIN), _compiled(*elsewhere.LATIN_ORDERS)),
    Commands(re.compile("[\u0430-\u044f]"), _compiled(*elsewhere.CYRILLIC), ()),
    Commands(re.compile("[\u3040-\u30ff]"), _compiled(*elsewhere.KANA), ()),
    Commands(re.compile("[\uac00-\ud7a3]"), _compiled(*elsewhere.HANGUL), ()),
)

_SIGNS = r"[.!?:;,\n\"'(\[{<>*#|`~。、【《「\u2013\u2014-]\s*"
BEGINNINGS = re.compile(
    f"(?:{'|'.join((_SIGNS, *english.BEGINNINGS, *chinese.BEGINNINGS, *elsewhere.BEGINNINGS))})\\Z"
)
"""What stands before an order: the end of a sentence or a clause, or whom it is for."""
