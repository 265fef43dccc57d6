"""One form for what is written in several: case, width, digits, simplified and traditional."""

from __future__ import annotations

import functools
import re
import unicodedata

from remanence.index.lists import lines

__all__ = ["bare", "fold"]

_MARKS_ON_LATIN = re.compile("(?<=[a-z])[\u0300-\u036f]+")
_PLAIN = str.maketrans(
    {"\u0131": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
"""Letters that Unicode does not take apart, as they are typed without their marks."""
_DIGITS = (0x0660, 0x1820)
"""Where living scripts have digits of their own, from Arabic to Mongolian."""
_SPELLINGS = {
    "\u0307": "",  # the dot that is left over from a Turkish capital I
    "\u2019": "'",
    "\u02bc": "'",
    "\u0640": "",  # the Arabic stroke that makes a word longer
    "\u093c": "",  # Hindi's dot below, often left out
    "\u0901": "\u0902",  # and its two signs of a nasal vowel
    "ß": "ss",
    "\u0451": "\u0435",  # Russian yo as ye, as it is mostly written
    "\u03c2": "\u03c3",  # the Greek sigma at a word's end
    # Arabic: alif without what it carries, final alif and Persian ye as ye, Persian kaf
    **dict.fromkeys("\u0622\u0623\u0625\u0671", "\u0627"),
    **dict.fromkeys("\u0649\u06cc", "\u064a"),
    "\u06a9": "\u0643",
}


@functools.cache
def _table() -> dict[int, str]:
    """Return what is replaced once Unicode's compatible forms are."""
    table = {ord(one): other for one, other in _SPELLINGS.items()}
    for code in range(*_DIGITS):
        digit = unicodedata.decimal(chr(code), None)
        if digit is not None:
            table[code] = str(digit)
    pairs = "".join(lines("han_simplified.txt"))
    for place in range(0, len(pairs), 2):
        table[ord(pairs[place])] = pairs[place + 1]
    return table


def fold(text: str) -> str:
    """Return a text in lower case, in Unicode's compatible forms, with one spelling of each sign.

    Letters keep their marks, which stemmers read; :func:`bare` takes them off. Folding what is
    folded changes nothing.
    """
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text.replace("\u2019", "'")).lower()
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text).translate(_table())
    return unicodedata.normalize("NFC", text)


def bare(word: str) -> str:
    """Return a folded word with plain Latin letters, without their marks."""
    if word.isascii():
        return word
    apart = unicodedata.normalize("NFD", word.translate(_PLAIN))
    return unicodedata.normalize("NFC", _MARKS_ON_LATIN.sub("", apart))
