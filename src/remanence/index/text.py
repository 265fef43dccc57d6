"""From a text to index terms.

Words are folded (Unicode NFKC, lower case, plain apostrophes, Latin letters without their marks),
irregular English forms are mapped to their base, and stems are taken by Snowball's stemmer for the
word's script. Chinese, Japanese and Thai, written without spaces, become overlapping pairs of
characters.

Stop words and single characters of unspaced scripts are *weak* terms, marked by a leading ``_``:
they are kept, but count neither for a text's length nor for a query that has anything better.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import re
import unicodedata

import Stemmer

from remanence.store.protocol import Analysis

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

ANALYZER_VERSION = 1
"""Raise it with every change that gives other terms: what is stored is then analysed anew."""

WEAK = "_"
"""The mark in front of weak terms; no word starts with it."""

_UNSPACED = (
    "\u0e00-\u0e7f"  # Thai
    "\u3005-\u3007\u3031-\u3035"  # ideographic repetition marks and zero
    "\u3040-\u30ff"  # Hiragana and Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # unified ideographs
    "\U00020000-\U0003fffd"  # their extensions
)
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
    "\u0900-\u0963\u0966-\u0dff"  # the Indic scripts, without their full stops
)
"""Characters that belong to the word they stand in, though they are no letters of their own."""

_LETTER = rf"(?:(?![{_UNSPACED}])[^\W_]|[{_MARKS}])"
_TOKEN = re.compile(rf"([{_UNSPACED}]+)|({_LETTER}+(?:'{_LETTER}+)*)")
_ASCII_WORD = re.compile("[a-z0-9]+(?:'[a-z0-9]+)*")  # the same, four times as fast
_LATIN_MARKS = re.compile("(?<=[a-z])[\u0300-\u036f]+")
_QUESTION_MARKS = "?\uff1f\u061f"
_ASKS = re.compile(rf"[{_QUESTION_MARKS}][^\w{_QUESTION_MARKS}]*$")
_SCRIPTS = (
    ("CYRILLIC", "russian"),
    ("GREEK", "greek"),
    ("ARABIC", "arabic"),
    ("DEVANAGARI", "hindi"),
    ("ARMENIAN", "armenian"),
    ("TAMIL", "tamil"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """What is looked for.

    Attributes:
        terms: Distinct index terms, in order.
        words: The folded words, stop words included, for recognising names.
    """

    terms: tuple[str, ...]
    words: frozenset[str]


def _lines(name: str) -> list[str]:
    text = (importlib.resources.files("remanence.index") / "words" / name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@functools.cache
def _stop_words() -> frozenset[str]:
    return frozenset(_lines("stopwords_en.txt"))


@functools.cache
def _question_words() -> frozenset[str]:
    return frozenset(_lines("questionwords_en.txt"))


@functools.cache
def _irregular() -> dict[str, str]:
    mappings: dict[str, str] = {}
    for line in _lines("irregular_en.txt"):
        form, base = line.split()
        mappings[form] = base
    return mappings


@functools.cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(language, 0)  # its cache is not safe to share; ours is below


@functools.lru_cache(maxsize=65_536)
def term_of(word: str) -> str:
    """Return the index term of a folded word, a stop word's marked as weak."""
    if word in _stop_words():
        return WEAK + word
    word = word.removesuffix("'s")
    word = _irregular().get(word, word)
    if word.isascii():
        return word if word.isdigit() else _stemmer("english").stemWord(word)
    script = unicodedata.name(word[0], "")
    for prefix, language in _SCRIPTS:
        if script.startswith(prefix):
            return _stemmer(language).stemWord(word)
    return _stemmer("english").stemWord(word)


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text).replace("\u2019", "'").lower().replace("ß", "ss")
    return unicodedata.normalize("NFC", _LATIN_MARKS.sub("", text))


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return runs without spaces and words, in order: of each pair one is empty."""
    folded = _fold(text)
    if folded.isascii():
        return [("", word) for word in _ASCII_WORD.findall(folded)]
    return _TOKEN.findall(folded)


def _unspaced_terms(run: str) -> list[str]:
    pairs = [run[i : i + 2] for i in range(len(run) - 1)]
    return [*pairs, *(WEAK + character for character in run)]


def words(text: str) -> list[str]:
    """Return the folded words of a text, in order; a run without spaces counts as one word."""
    return [run or word for run, word in _tokens(text)]


def analyze(text: str) -> Analysis:
    """Return what the index needs of a stored text."""
    terms: list[str] = []
    for run, word in _tokens(text):
        if word:
            terms.append(term_of(word))
        else:
            terms.extend(_unspaced_terms(run))
    return Analysis(" ".join(terms), _ASKS.search(text) is not None, ANALYZER_VERSION)


def analyze_query(text: str) -> Query:
    """Return what to look for: content terms, or weak ones when there are no others.

    Question words, and words that merely phrase a question put to a memory, are dropped as well
    ("what did I *say* about ..."), unless nothing else is left.
    """
    phrasing: list[str] = []
    weak: list[str] = []
    strong = _content(_tokens(text), phrasing, weak)
    terms = strong or phrasing or weak
    return Query(tuple(dict.fromkeys(terms)), frozenset(words(text)))


def content_words(text: str) -> int:
    """Return how many words of a question say what it is about.

    Where a script writes words together, two characters count as one.
    """
    tokens = _tokens(text)
    spaced = _content([("", word) for _, word in tokens if word], [], [])
    return len(set(spaced)) + sum(len(run) for run, _ in tokens) // 2


def _content(tokens: list[tuple[str, str]], phrasing: list[str], weak: list[str]) -> list[str]:
    """Return the content terms of a question; add the others to their lists."""
    strong: list[str] = []
    for run, word in tokens:
        if run:
            pairs = [run[i : i + 2] for i in range(len(run) - 1)]
            strong.extend(pairs or [WEAK + run])
        elif word in _question_words():
            phrasing.append(term_of(word))
        else:
            term = term_of(word)
            (weak if term.startswith(WEAK) else strong).append(term)
    return strong
