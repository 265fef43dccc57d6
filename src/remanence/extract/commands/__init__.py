"""The words of instructions to agents, by language.

They are looked for in texts in lower case, in compatible and simplified characters, with one
blank, or one end of a line, between words.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence

from remanence.extract.commands import chinese, elsewhere, english, machine

__all__ = ["BEGINNINGS", "LANGUAGES", "PROGRAMS", "Commands", "Group"]


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Patterns that have some words in common.

    Attributes:
        words: What is in every text that one of the patterns is found in; quick to look for.
        patterns: The patterns.
    """

    words: re.Pattern[str]
    patterns: tuple[re.Pattern[str], ...]

    def found_in(self, text: str) -> Iterator[re.Match[str]]:
        """Yield where the patterns are found in a text."""
        if self.words.search(text):
            for pattern in self.patterns:
                yield from pattern.finditer(text)


@dataclasses.dataclass(frozen=True, slots=True)
class Commands:
    """The words of one language.

    Attributes:
        script: A character of it; a text without one has no words of the language.
        anywhere: What reads like an instruction wherever it stands.
        orders: What does where an order may begin; elsewhere it tells what is done.
    """

    script: re.Pattern[str]
    anywhere: tuple[Group, ...]
    orders: tuple[Group, ...]


def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern in which a blank may be the end of a line as well."""
    return re.compile(pattern.replace(" ", r"\s"))


def _groups(*groups: Sequence[str]) -> tuple[Group, ...]:
    """Return groups of patterns, each given after what its words are."""
    return tuple(Group(_compiled(words), tuple(map(_compiled, some))) for words, *some in groups)


_ANY = ""
"""In every text."""

PROGRAMS = Commands(re.compile(r"[<\[_:(#]|noted "), _groups((_ANY, *machine.ANYWHERE)), ())
"""What is no language: what programs write to models."""

LANGUAGES = (
    PROGRAMS,
    Commands(re.compile("[a-z#<]"), _groups(*english.ANYWHERE), _groups(*english.ORDERS)),
    Commands(
        re.compile("[\u3400-\u9fff]"),
        _groups((_ANY, *chinese.ANYWHERE)),
        _groups((_ANY, *chinese.ORDERS)),
    ),
    Commands(re.compile("[a-z]"), _groups(elsewhere.LATIN), _groups(elsewhere.LATIN_ORDERS)),
    Commands(re.compile("[\u0430-\u044f]"), _groups((_ANY, *elsewhere.CYRILLIC)), ()),
    Commands(re.compile("[\u3040-\u30ff]"), _groups((_ANY, *elsewhere.KANA)), ()),
    Commands(re.compile("[\uac00-\ud7a3]"), _groups((_ANY, *elsewhere.HANGUL)), ()),
)

_SIGNS = r"[.!?:;,\n\"'(\[{<>*#|`~。、【《「\u2013\u2014-]\s*"
BEGINNINGS = re.compile(
    f"(?:{'|'.join((_SIGNS, *english.BEGINNINGS, *chinese.BEGINNINGS, *elsewhere.BEGINNINGS))})\\Z"
)
"""What stands before an order: the end of a sentence or a clause, or whom it is for."""
