"""From a text to the tokens that the grammar reads."""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata

from remanence.recall.when.lexicon import NUMERALS, WESTERN, Western, eastern, western

__all__ = ["READ_CHARS", "Token", "folded", "speaks_of_time", "tokens"]

READ_CHARS = 2000
"""How much of a text is read: a question is shorter, and a long text names many times."""

_UNSPACED = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
_LATIN = "A-Za-zÀ-ÖØ-öø-ÿŒœ"
_WORD = re.compile("[a-zß-öø-ÿœ]+")
_DIGITS = re.compile(r"\d{4}|\ds\b|\d[-/.]\d|\bq[1-4]\b")
_EASTERN = re.compile(f"[{_UNSPACED}]")
_VALUES = {character: value for value, character in enumerate("零一二三四五六七八九")} | {
    "〇": 0,  # noqa: RUF001 - it is no O
    "两": 2,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """A word or sign of a text.

    Attributes:
        kind: Its part in the grammar; ``other`` when it has none, ``none`` beyond the text.
        value: Its number, or 0.
        name: Its name, or what was written.
        most: The upper end of a vague number, else the value.
        text: What was written.
    """

    kind: str
    value: int
    name: str
    most: int
    text: str

    @property
    def lower(self) -> bool:
        """Whether it is written with small letters."""
        return self.text[:1].islower()


def folded(text: str) -> str:
    """Return the part of a text that is read, with plain forms of characters, case kept."""
    text = text[:READ_CHARS]
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text).replace("\u2019", "'")


@functools.cache
def _all_telling() -> frozenset[str]:
    return frozenset[str]().union(*(western(language).telling for language in WESTERN))


@functools.cache
def _known(language: str) -> frozenset[str]:
    return western(language).marks | western(language).phrases.keys()


def speaks_of_time(text: str) -> str | None:
    """Return the language that a folded text may name a time in; ``None`` when it names none."""
    lower = text.lower()
    words = frozenset(_WORD.findall(lower))
    told = words & _all_telling()
    unspaced = not text.isascii() and _EASTERN.search(text) is not None
    if not told and not _DIGITS.search(lower):
        translated = text.translate(eastern().variants) if unspaced else ""
        return "en" if unspaced and eastern().telling.search(translated) else None
    if told <= western("en").telling and len(words & _known("en")) * 2 >= len(words):
        return "en"
    return max(WESTERN, key=lambda language: len(words & _known(language)))


@functools.cache
def _pattern(unspaced: bool) -> re.Pattern[str]:
    parts = [
        r"(?P<date>(?<![\d/.\-])(?:19|20)\d\d([-/.])\d{1,2}\2\d{1,2}(?![\d/]|[-.]\d))",
        r"(?P<month>(?<![\d/.\-])(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?![\d/]|[-.]\d))",
        r"(?P<numeric>(?<![\d/.\-])\d{1,2}([/.\-])\d{1,2}\5(?:19|20)\d\d(?![\d/]|[-.]\d))",
        rf"(?P<ordinal>(?<![\d/.{_LATIN}])\d{{1,2}}(?:st|nd|rd|th|er)\b)",
        rf"(?P<decade>(?<![\d/.{_LATIN}$€£])(?:(?:19|20)?\d0)'?s\b)",
        r"(?P<quarter>\b[Qq][1-4]\b)",
        rf"(?P<refused>[$€£¥#%]\s?\d[\d.,]*|[{_LATIN}]+\d[\w.]*|\d{{1,3}}(?:,\d{{3}})+(?!\d)"
        rf"|\d+[.:/]\d[\d.:/]*|\d+[{_LATIN}%€$£°]+\w*)",
        r"(?P<number>\d+)",
        r"(?P<possessive>'s\b)",
        rf"(?P<word>[{_LATIN}]+)",
        r"(?P<sign>\S)",
    ]
    if unspaced:
        parts.insert(-1, f"(?P<phrase>{eastern().pattern})")
        parts.insert(-1, f"(?P<numeral>[{NUMERALS}]+)")
    return re.compile("|".join(parts))


def _numeral(written: str) -> int:
    """Return the number that Chinese numerals write, or -1."""
    if "百" in written:
        return -1
    if "十" not in written:
        if len(written) > 1 and len(written) not in {2, 4}:
            return -1
        return int("".join(str(_VALUES[character]) for character in written))
    tens, _, ones = written.partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return -1
    return 10 * (_VALUES[tens] if tens else 1) + (_VALUES[ones] if ones else 0)


def _plain(group: str, written: str) -> Token:
    """Return the token of anything but a word."""
    value = 0
    if group == "number":
        group, value = ("number", int(written)) if len(written) <= 4 else ("other", 0)
    elif group == "numeral":
        value = _numeral(written)
        group = "number" if value >= 0 else "other"
    elif group == "ordinal":
        value = int(written[:-2])
    elif group == "decade":
        number = int(written.rstrip("s").rstrip("'"))
        value = number if number >= 1900 else number + (2000 if number <= 20 else 1900)
    elif group == "quarter":
        value = int(written[1])
    elif group not in {"date", "month", "numeric", "possessive", "sign"}:
        group = "other"
    return Token("iso" if group == "month" else group, value, written, value, written)


def _unspaced(written: str) -> Token:
    meaning = eastern().phrases[written]
    return Token(f"{meaning.kind}*", meaning.value, meaning.name, meaning.most, written)


def tokens(text: str, language: str) -> list[Token]:
    """Return the tokens of a folded text, read in a language; Chinese and Japanese are always read.

    The kinds of Chinese and Japanese words end with ``*``.
    """
    unspaced = not text.isascii() and _EASTERN.search(text) is not None
    if unspaced:
        text = text.translate(eastern().variants)
        text = eastern().stops.sub(lambda match: "〓" * len(match.group()), text)
    pieces: list[tuple[str, str]] = []
    for match in _pattern(unspaced).finditer(text):
        group, written = str(match.lastgroup), match.group()
        pieces.append(("other" if group == "sign" and written.isalpha() else group, written))
    return _meant(pieces, western(language))


def _meant(pieces: list[tuple[str, str]], language: Western) -> list[Token]:
    lower = [written.lower() for _, written in pieces]
    found: list[Token] = []
    place = 0
    while place < len(pieces):
        group, written = pieces[place]
        length = 1
        if group == "phrase":
            found.append(_unspaced(written))
        else:
            token = _plain(group, written)
            for phrase, meaning in language.phrases.get(lower[place], ()):
                if tuple(lower[place : place + len(phrase)]) == phrase:
                    length = len(phrase)
                    token = Token(meaning.kind, meaning.value, meaning.name, meaning.most, written)
                    break
            found.append(token)
        place += length
    return found
