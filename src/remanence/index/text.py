"""From a text to index terms.

Words are folded (:mod:`remanence.index.folding`), irregular English forms are mapped to their base,
and stems are taken by Snowball's stemmer for the text's language. Scripts written without spaces,
and Korean, become overlapping pairs of characters (:mod:`remanence.index.unspaced`).

Stop words and single characters of unspaced scripts are *weak* terms, marked by a leading ``_``:
they are kept, but don't count for a text's length.
"""

from __future__ import annotations

import re

from remanence.index.folding import bare, fold
from remanence.index.languages import ENGLISH, is_stop_word, language_of, seems_english
from remanence.index.question import Query, analyze_query, content_words
from remanence.index.terms import (
    UNMARKED,
    WEAK,
    is_korean,
    term_of,
    tokens,
    words,
    words_of_ascii,
)
from remanence.index.unspaced import content_pieces, has_kana, korean_stem, pairs, units
from remanence.store.analysis import Analysis

__all__ = [
    "ANALYZER_VERSION",
    "WEAK",
    "Query",
    "analyze",
    "analyze_query",
    "content_words",
    "term_of",
    "words",
]

ANALYZER_VERSION = 2
"""Raise it with every change that gives other terms: what is stored is then analysed anew."""

_MARKS = "?\uff1f\u061f\u037e\u2047\u2048\u2049"
_ASKS = re.compile(rf"[{_MARKS}][^\w{_MARKS}]*$")
_ASKS_UNMARKED = re.compile(
    "(?:[吗嗎呢么麼]|什么[呀啊]|(?:哪[里裡儿兒]?|[谁誰]|多[少久]|[没沒]有|怎[么麼][样樣办辦了])[了呀啊]?"
    "|(?:です|ます|した|せん|でしょう)か|니까|까요|나요|인가요|ไหม|มั้ย|หรือเปล่า|หรือยัง"
    r"|(?:อะไร|ที่ไหน|เมื่อไหร่|เมื่อไร|เท่าไหร่|ใคร)(?:ครับ|คะ)?)\W*$"
)
"""Ends of questions that are often written without a mark: Chinese, Japanese, Korean, Thai."""
_LONGEST_END = 40
"""How many characters at the end of a text are looked at for these."""


def analyze(text: str) -> Analysis:
    """Return what the index needs of a stored text."""
    folded = fold(text)
    asks = _ASKS.search(text) is not None
    if not folded.isascii():
        asks = asks or _ASKS_UNMARKED.search(text[-_LONGEST_END:]) is not None
        return Analysis(" ".join(_terms(folded)), asks, ANALYZER_VERSION)
    found = words_of_ascii(folded)
    if seems_english(found):
        terms = map(term_of, found)
    else:
        language = language_of(found)
        terms = [term_of(word, language) for word in found]
    return Analysis(" ".join(terms), asks, ANALYZER_VERSION)


def _terms(folded: str) -> list[str]:
    found = tokens(folded)
    language = language_of([word for _, word in found if word])
    japanese = has_kana(folded)
    terms: list[str] = []
    for run, word in found:
        if run:
            for piece in content_pieces(run, japanese=japanese):
                terms.extend(pairs(piece))
            terms.extend([WEAK + unit for unit in units(run)])
        elif is_korean(word):
            terms.extend(_korean_terms(word))
        else:
            term = term_of(word, language)
            terms.append(term)
            if language != ENGLISH and not term.startswith(WEAK) and (plain := bare(word)) != word:
                terms.append(UNMARKED + plain)
    return terms


def _korean_terms(word: str) -> list[str]:
    if is_stop_word(word, ENGLISH):
        return [WEAK + word]
    stemmed = korean_stem(word)
    return [*pairs(stemmed), *(WEAK + character for character in stemmed)]
