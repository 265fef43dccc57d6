"""What a memory is asked before a reply.

That is what the user said. "What about it?" finds nothing by itself, so where a message refers back
to the turns before, or has no words of its own to look for, those turns are asked for as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentscope.message import Msg

from remanence.index.text import content_words
from remanence.middleware.placing import is_note
from remanence.middleware.spoken import spoken_text

__all__ = ["LONGEST_QUESTION", "question_of"]

LONGEST_QUESTION = 2_000
_LONGEST_TURN = 200
_TURNS = 2
"""How many turns before are asked for: what was asked last, and what was answered."""
_MOST_REFERRING = 2
"""More content words than this are enough to search for, whatever they refer to."""

_BACK = re.compile(
    r"\b(it|its|itself|that|this|these|those|they|them|theirs?|he|him|his|himself|she|hers?|herself|"
    r"there|then|one|ones|same|both|n?either|former|latter|such)\b",
    re.IGNORECASE,
)
_BACK_CHINESE = re.compile(r"[它他她这其那]|上述|呢\W*$")
_GOES_ON = re.compile(
    r"^\W*(and|but|or|so|also|then|what about|how about|what else|who else|anything else|why|"
    r"how come|really|go on|tell me more)\b",
    re.IGNORECASE,
)


def question_of(heard: str, context: Sequence[Msg]) -> str:
    """Return what to search for, 2,000 characters at most.

    Args:
        heard: What the reply was given, as one text.
        context: The turns before it; what was heard may be among them, at the end.

    Returns:
        The question; empty if nothing was heard.
    """
    heard = heard.strip()
    if not heard:
        return ""
    asked = heard[-LONGEST_QUESTION:]
    if not _refers_back(asked):
        return asked
    before = [spoken_text(message) for message in context if not is_note(message)]
    before = [text.strip() for text in before if text.strip() and text.strip() not in heard]
    room = LONGEST_QUESTION - len(asked) - _TURNS
    turns = [text[:_LONGEST_TURN] for text in before[-_TURNS:]]
    told = "\n".join(turns)[: max(room, 0)]
    return f"{told}\n{asked}" if told else asked


def _refers_back(text: str) -> bool:
    number = content_words(text)
    if number == 0:
        return True
    if number > _MOST_REFERRING:
        return False
    return any(form.search(text) for form in (_GOES_ON, _BACK, _BACK_CHINESE))
