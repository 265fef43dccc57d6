"""The part of a long text that a question is about."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter

__all__ = ["CUT", "Passages"]

CUT = "…"
"""What stands where something of a text was left out."""

_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_LETTER = rf"[^\W{_UNSPACED}]"
_WORD = re.compile(rf"[{_UNSPACED}]|{_LETTER}+")
_SENTENCE = re.compile(
    r"[.!?]+[\"')\]]*\s+|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d\u2019\uff09]*|\n+"
)
_SPACE = re.compile(r"\s+")
_STEM = 5
"""Words that agree in so many first letters count as forms of one."""
_WORD_CHARS = 6
"""How long a word is, about, with the space after it."""
_LEAD = 0.35
"""How much of the room that the words of a question leave goes before them."""
_SLACK = 0.4
"""How much of a passage may be given up at either end for it to begin and end with a sentence."""
_EQUAL = 1e-9


class Passages:
    """A text that can be cut to the part that has the most of a question's words, close together.

    A word counts the more the fewer times the text has it: ``ln(1 + words / times)``, once a
    passage, with a word for every six characters. Where the text has none of them a passage is its
    beginning.

    Args:
        text: The text.
        query: The question or keywords; may be empty.
        ending: Take the text's end in any case, as where it is a question itself.
    """

    def __init__(self, text: str, query: str, *, ending: bool = False) -> None:
        """Find the question's words."""
        self._ending = ending
        self._text = text
        self._hits = [
            (found.start(), found.end(), found[0][:_STEM].casefold())
            for found in (_looked_for(query).finditer(text) if query and not ending else ())
        ]
        words = len(text) / _WORD_CHARS
        times = Counter(stem for _, _, stem in self._hits)
        self._weights = {stem: math.log(1 + words / number) for stem, number in times.items()}

    def cut(self, longest: int) -> str:
        """Return a passage of ``longest`` characters at most, 5 or more.

        It begins and ends with a sentence where that costs little, else with a word, and has ``…``
        where something is missing. A text that is no longer is returned as a whole.
        """
        text = self._text
        if len(text) <= longest:
            return text
        room = longest - 2 * (len(CUT) + 1)
        first, last = (len(text),) * 2 if self._ending else self._closest(room)
        start = max(0, first - int((room - (last - first)) * _LEAD))
        end = min(len(text), start + room)
        start = max(0, end - room)
        if start > 0:
            start = _later(text, start, min(first, start + int(room * _SLACK)))
        if end < len(text):
            end = _earlier(text, max(last, end - int(room * _SLACK), start + 1), end)
        before = f"{CUT} " if start > 0 else ""
        after = f" {CUT}" if end < len(text) else ""
        return f"{before}{text[start:end].strip()}{after}"

    def _closest(self, room: int) -> tuple[int, int]:
        """Return the span of at most ``room`` characters whose distinct words weigh the most.

        Of equal ones it is the shortest, then the first; (0, 0) if there are no words.
        """
        best, span = 0.0, (0, 0)
        inside: Counter[str] = Counter()
        weight, first = 0.0, 0
        for start, end, stem in self._hits:
            if not inside[stem]:
                weight += self._weights[stem]
            inside[stem] += 1
            begin, _, gone = self._hits[first]
            while begin < start and (end - begin > room or inside[gone] > 1):
                inside[gone] -= 1
                if not inside[gone]:
                    weight -= self._weights[gone]
                first += 1
                begin, _, gone = self._hits[first]
            shorter = end - begin < span[1] - span[0]
            if weight > best + _EQUAL or (shorter and weight > best - _EQUAL):
                best, span = weight, (begin, min(end, begin + room))
        return span


def _later(text: str, start: int, latest: int) -> int:
    """Return where to begin at or after ``start``: with a sentence, else with a word."""
    for boundary in (_SENTENCE, _SPACE):
        found = boundary.search(text, max(0, start - 1), latest)
        if found is not None:
            return max(start, found.end())
    return start


def _earlier(text: str, earliest: int, end: int) -> int:
    """Return where to end at or before ``end``: with a sentence, else with a word."""
    for boundary in (_SENTENCE, _SPACE):
        found = [each.end() for each in boundary.finditer(text, earliest, min(len(text), end + 1))]
        if found:
            return min(end, found[-1])
    return end


@functools.lru_cache(maxsize=64)
def _looked_for(query: str) -> re.Pattern[str]:
    """Return what finds the words of a question, each with its other forms."""
    forms: list[str] = []
    for word in dict.fromkeys(each[:_STEM] for each in _WORD.findall(query)):
        if re.match(f"[{_UNSPACED}]", word):
            forms.append(word)
        else:
            more = f"{_LETTER}*" if len(word) == _STEM else f"(?!{_LETTER})"
            forms.append(f"(?<!{_LETTER}){re.escape(word)}{more}")
    return re.compile("|".join(forms) or "(?!)", re.IGNORECASE)
