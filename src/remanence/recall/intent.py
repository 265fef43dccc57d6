"""What kind of answer a question asks for, as far as its wording tells: English and Chinese."""

from __future__ import annotations

import dataclasses
import re
from typing import Literal

__all__ = ["Intent", "intent_of"]

_WHEN = re.compile(
    r"\bwhen\b|\bhow (?:long|recent(?:ly)?)\b|\bhow many (?:days|weeks|months|years)\b"
    r"|\b(?:what|which) (?:date|day|week|month|season|year)\b|\b(?:first|order)\b"
    "|什么时候|什麼時候|何时|何時|几时|幾時|哪[一]?[天年月周週]|几[月号年]|幾[月號年]|多久|多长时间|多長時間"
)
_CURRENT = re.compile(
    r"\b(?:now|nowadays|current(?:ly)?|still|latest|newest|most recent(?:ly)?|so far|lately"
    r"|any ?more|up to date|as of today)\b"
    r"|\b(?:these days|at the moment|right now|at present)\b"
    "|现在|現在|目前|如今|当前|當前|眼下|最新|最近一次|还在|還在|仍然|至今"
)
_USER = re.compile(r"\b(?:i|me|my|mine|myself|i'(?:m|d|ve|ll))\b|我|俺")
_ASSISTANT = re.compile(
    r"\b(?:did|had|were) you\b"
    r"|\byou(?:'(?:d|ve))? (?:(?:had|have|just|once|also|already|first|then) )?"
    r"(?:said|told|gave|wrote|made|chose|meant|found|showed|taught|drew|put|(?!need|feed)\w{2,}ed)\b"
    r"|\byour (?:\w+ )?(?:answer|advice|suggestion|recommendation|recipe|list|reply|explanation"
    r"|example|instruction|tip)s?\b"
    r"|\b(?:our|previous|earlier|last) (?:\w+ )?(?:chat|conversation|discussion)s?\b"
    r"|\bremind me\b"
    "|[你您](?:[之上]?[前次]|当时|當時|刚才|剛才|昨天|曾)?(?:说|說|讲|講|推荐|推薦|建议|建議|告诉|告訴|提到|写|寫|给|給)"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Intent:
    """What a question asks for.

    Attributes:
        when: A time.
        said_by: Who must have said what answers, where the question tells: ``user`` for "where did
            I park?" and for "can you recommend me a film?", which depends on what the user likes;
            ``assistant`` for "what did you recommend?".
        current: How things are now, so that of two answers the later one counts.
    """

    when: bool
    said_by: Literal["user", "assistant"] | None
    current: bool


def intent_of(text: str) -> Intent:
    """Return what a question asks for; nothing in particular where it doesn't tell."""
    asked = text.lower().replace("\u2019", "'")
    return Intent(
        when=_WHEN.search(asked) is not None,
        said_by=_said_by(asked),
        current=_CURRENT.search(asked) is not None,
    )


def _said_by(asked: str) -> Literal["user", "assistant"] | None:
    if _ASSISTANT.search(asked):
        return "assistant"
    return "user" if _USER.search(asked) else None
