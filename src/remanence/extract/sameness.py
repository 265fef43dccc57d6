"""What is the same in other letters: statements, attributes, and how many words two texts share."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["attribute_key", "overlap", "statement_key", "words_of"]

_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Characters of scripts that are written without spaces between words."""
_BLANK_BESIDE_UNSPACED = re.compile(rf"(?<=[{_UNSPACED}]) | (?=[{_UNSPACED}])")
_FINAL = " .,;:!?\u3001\u3002\u00b7\"'"
_SPELLINGS = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"', "\uff61": "\u3002"}
)
_SIGNS = re.compile(r"(?:[^\w+#]|_)+")
_ARTICLE = re.compile(r"\A(?:the|a|an) (?=.)")
_POSSESSIVE = re.compile(r"(?<=\w)'s (?=\w)|(?<=s)' (?=\w)|(?<=\w)(?<!目)的(?=\w)")
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:'[^\W_{_UNSPACED}]+)*")
_EMPTY_WORDS = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "been", "by", "did", "do", "does", "for"),
        *("from", "had", "has", "have", "he", "her", "his", "in", "is", "it", "its", "of", "on"),
        *("or", "she", "that", "the", "their", "they", "this", "to", "was", "were", "will"),
        *("with", "的", "了", "是", "在", "和", "与", "于", "着", "过", "也", "都", "就"),
    )
)


def statement_key(text: str) -> str:
    """Return what is equal for the same statement, whoever writes it how.

    Case, width, compatible characters, spaces and the punctuation at the end don't matter. Spaces
    next to a character of Chinese don't matter either.
    """
    folded = _folded(text)
    return _close(folded.rstrip(_FINAL) or folded)


def attribute_key(text: str) -> str:
    """Return an attribute as it is compared and stored, as ``maria: home city``.

    Whose it is comes first, before a colon: ``Maria's home_city`` and ``玛丽的 居住地`` are taken
    apart where they have none. Case, width, articles, signs and spaces don't matter. The key of a
    key is that key; one of nothing but signs is empty.
    """
    folded = _close(_folded(text).strip(_FINAL))
    if ":" not in folded and (marks := list(_POSSESSIVE.finditer(folded))):
        folded = f"{folded[: marks[-1].start()]}:{folded[marks[-1].end() :]}"
    whose, colon, what = folded.partition(":")
    parts = [_plain(part) for part in ((whose, what) if colon else (folded,))]
    key = ": ".join(part for part in parts if part)
    return key if key == text else attribute_key(key)  # signs that went may have hidden others


def overlap(one: str, other: str) -> float:
    """Return which part of the words of the shorter text the other one has too, 0 to 1.

    Words that every sentence has are left out, and a character of a script without spaces counts
    as a word. 0 if one of the two has no other words.
    """
    words, others = words_of(one), words_of(other)
    fewer = min(len(words), len(others))
    return len(words & others) / fewer if fewer else 0.0


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).translate(_SPELLINGS).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _close(text: str) -> str:
    return unicodedata.normalize("NFKC", _BLANK_BESIDE_UNSPACED.sub("", text))


def _plain(part: str) -> str:
    plain = _close(_SIGNS.sub(" ", part).strip())
    while (shorter := _ARTICLE.sub("", plain)) != plain:
        plain = shorter
    return plain


def words_of(text: str) -> set[str]:
    """Return the words of a text but for those that every sentence has, in one spelling."""
    words = {word.removesuffix("'s") for word in _WORD.findall(_folded(text))}
    return words - _EMPTY_WORDS
