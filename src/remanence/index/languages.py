"""Which language a text is in, and the stems and stop words of that language.

Scripts that one stemmer serves (Cyrillic, Greek, Arabic, ...) tell the language by themselves. A
text in Latin script is in the language whose stop words it uses most, and in English when that is
not clearly another: short texts have too few words to tell, and English is what most are in.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Collection

import Stemmer

from remanence.index.folding import bare, fold
from remanence.index.lists import lines, sections

__all__ = [
    "ENGLISH",
    "is_asking_word",
    "is_stop_word",
    "language_of",
    "languages_of",
    "seems_english",
    "stem",
]

ENGLISH = "en"
_LATIN = {
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "pt": "portuguese",
    "nl": "dutch",
    "sv": "swedish",
    "da": "danish",
    "no": "norwegian",
    "fi": "finnish",
    "tr": "turkish",
    "id": "indonesian",
    "ro": "romanian",
    "hu": "hungarian",
    "pl": None,
}
"""The languages that are told from English and each other, with their stemmers' names."""
_SCRIPTS = {
    "CYRILLIC": ("russian", ("ru", "uk")),
    "GREEK": ("greek", ("el",)),
    "ARABIC": ("arabic", ("ar", "fa")),
    "DEVANAGARI": ("hindi", ("hi",)),
    "HEBREW": (None, ("he",)),
    "HANGUL": (None, ("ko",)),
    "ARMENIAN": ("armenian", ()),
    "TAMIL": ("tamil", ()),
}
"""For each script its stemmer, and the languages whose stop words are looked for in it."""
_LETTERS = {
    "ñ": ("es",),
    "ãõ": ("pt",),
    "ç": ("fr", "pt", "tr"),
    "é": ("fr", "es", "pt", "it", "hu"),
    "êëîïôûùœ": ("fr",),
    "àèìò": ("it", "fr"),
    "áíóú": ("es", "pt", "hu"),
    "ü": ("de", "tr", "hu"),
    "ö": ("de", "sv", "fi", "tr", "hu"),
    "ä": ("de", "fi", "sv"),
    "åæø": ("da", "no", "sv"),
    "ğş\u0131": ("tr",),
    "șțăâ": ("ro",),
    "őű": ("hu",),
    "łąęćśźż": ("pl",),
}
"""Marked letters, and the languages that write them most."""

_ARABIC_ARTICLE = re.compile("^(?:[\u0648\u0628\u0643\u0641]?\u0627\u0644|\u0644\u0644)(?=.{3})")
"""The article with a preposition or conjunction before it; the stemmer leaves it to short words."""

_TE_MARBUTA = "\u0629"
"""Arabic's feminine ending, which the stemmer leaves to short words, too."""

_VOTE_BITS = 16
"""Votes of all languages are summed in one number, each language having so many bits of it."""

_WORD_VOTES = 2
"""A word counts as much as so many marked letters."""

_LEAST_VOTES = 3
"""What another language needs where all its signs are words or letters that English has, too."""


@functools.cache
def _list(language: str, section: str) -> frozenset[str]:
    if language == ENGLISH:
        name = {"stop": "stopwords_en.txt", "asks": "questionwords_en.txt"}[section]
        return frozenset(lines(name))
    told = {fold(word) for word in sections(f"stopwords_{language}.txt")[section]}
    return frozenset(told | {bare(word) for word in told})


@functools.cache
def _script_list(script: str, section: str) -> frozenset[str]:
    languages = _SCRIPTS[script][1]
    return frozenset[str]().union(*(_list(language, section) for language in languages))


@functools.cache
def _script_of(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0]


def _script(word: str) -> str | None:
    """Return a word's script if it is one of :data:`_SCRIPTS`."""
    script = None if word.isascii() else _script_of(word[0])
    return script if script in _SCRIPTS else None


def _is_listed(word: str, language: str, section: str) -> bool:
    script = _script(word)
    return word in (_script_list(script, section) if script else _list(language, section))


def is_stop_word(word: str, language: str) -> bool:
    """Return whether a folded word carries no content, in a text of a language."""
    return _is_listed(word, language, "stop")


def is_asking_word(word: str, language: str) -> bool:
    """Return whether a folded word does no more than phrase a question of a language."""
    return _is_listed(word, language, "asks")


@functools.cache
def _signs() -> dict[str, int]:
    """Return for each stop word of another language than English the votes that it gives."""
    votes: dict[str, int] = {}
    for place, language in enumerate(_LATIN):
        for word in _list(language, "stop") | _list(language, "asks"):
            votes[word] = votes.get(word, 0) + (_WORD_VOTES << _VOTE_BITS * place)
    return votes


@functools.cache
def _letter_signs() -> dict[str, int]:
    """Return for each marked letter the votes that it gives."""
    places = {language: place for place, language in enumerate(_LATIN)}
    return {
        letter: sum(1 << _VOTE_BITS * places[language] for language in languages)
        for letters, languages in _LETTERS.items()
        for letter in letters
    }


@functools.cache
def _english() -> frozenset[str]:
    return _list(ENGLISH, "stop") | _list(ENGLISH, "asks")


@functools.cache
def _clear_signs() -> frozenset[str]:
    """Return the stop words of other languages that English texts don't use."""
    ambiguous = {word for line in lines("ambiguous_latin.txt") for word in line.split()}
    return frozenset(_signs()) - _english() - ambiguous


def seems_english(words: Collection[str]) -> bool:
    """Return whether words, all ASCII, speak for English and none clearly for another language."""
    return _clear_signs().isdisjoint(words) and not _english().isdisjoint(words)


def _votes(words: set[str]) -> tuple[int, dict[str, int]]:
    """Return the votes for English, and those for the other languages that have any."""
    signs, letter_signs = _signs(), _letter_signs()
    total = sum([signs[word] for word in words & signs.keys()])
    letters = letter_signs.keys() & {letter for word in words for letter in word if letter > "\x7f"}
    total += sum([letter_signs[letter] for letter in letters])
    most = (1 << _VOTE_BITS) - 1
    votes = {
        language: count
        for place, language in enumerate(_LATIN)
        if (count := total >> _VOTE_BITS * place & most)
    }
    return _WORD_VOTES * len(words & _english()), votes


def language_of(words: Collection[str]) -> str:
    """Return the language of a stored text's words, English when in doubt.

    Words and letters that English has, too, leave it in doubt unless there are several of them and
    not one English stop word: there is the odd café in English.
    """
    distinct = set(words)
    return _likeliest(distinct, *_votes(distinct))


def _likeliest(words: set[str], english: int, votes: dict[str, int]) -> str:
    if not votes:
        return ENGLISH
    likeliest = max(votes, key=votes.__getitem__)
    if _clear_signs().isdisjoint(words):
        foreign = not english and votes[likeliest] >= _LEAST_VOTES
    else:
        foreign = votes[likeliest] > english
    return likeliest if foreign else ENGLISH


def languages_of(words: Collection[str]) -> list[str]:
    """Return the languages that a question may be in, the likeliest first.

    English is always among them, and alone when nothing else is as likely. Where no word tells
    anything, it comes first and all others follow.
    """
    distinct = set(words)
    english, votes = _votes(distinct)
    if not english and not votes:
        return [ENGLISH, *_LATIN]
    first = _likeliest(distinct, english, votes)
    others = [language for language, count in votes.items() if count >= english]
    return list(dict.fromkeys([first, *sorted(others, key=lambda one: -votes[one]), ENGLISH]))


@functools.cache
def _stemmer(name: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(name, 0)  # its cache is not safe to share; the callers' is


def stem(word: str, language: str) -> str:
    """Return the stem of a folded word that is no stop word, in plain letters.

    Args:
        word: The word, with its marks.
        language: What the text is in, if the word's script leaves it open.
    """
    if word[0].isdigit():
        return bare(word) if not word.isdigit() else word
    script = _script(word)
    if script:
        name = _SCRIPTS[script][0]
        word = _ARABIC_ARTICLE.sub("", word)
        stemmed = _stemmer(name).stemWord(word) if name else word
        return stemmed.removesuffix(_TE_MARBUTA) or stemmed
    name = "english" if language == ENGLISH else _LATIN[language]
    return bare(_stemmer(name).stemWord(word)) if name else bare(word)
