"""From a question to what is looked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from remanence.index.folding import bare, fold
from remanence.index.languages import is_asking_word, languages_of
from remanence.index.terms import UNMARKED, WEAK, is_korean, term_of, tokens
from remanence.index.unspaced import (
    content_pieces,
    has_kana,
    is_ideographic,
    korean_stem,
    pairs,
    units,
)

__all__ = ["Query", "analyze_query", "content_words"]

_PAIR_WEIGHT = 0.2
_NAME_LENGTHS = range(2, 9)


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """What is looked for.

    Attributes:
        terms: Distinct index terms, in order.
        words: The folded words, stop words included, for recognising names; of what is written
            without spaces, every stretch of two to eight characters.
        variants: For some of the terms, others that stand for the same word: its stems in the
            languages that the question may be in. A turn that uses any of them uses the term.
        weights: For some of the terms, how much they count; the others count 1.
    """

    terms: tuple[str, ...]
    words: frozenset[str]
    variants: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict[str, tuple[str, ...]]
    )
    weights: Mapping[str, float] = dataclasses.field(default_factory=dict[str, float])


def analyze_query(text: str) -> Query:
    """Return what to look for: content terms, or weak ones when there are no others.

    Question words, and words that merely phrase a question put to a memory, are dropped as well
    ("what did I *say* about ..."), unless nothing else is left.

    A word in ideographs is looked for by its characters, each a term, and by their pairs, which
    tell ``故事`` from ``事故`` but count a fifth: ``拔智齿`` shares a character with ``拔牙``, but
    no pair.
    """
    folded = fold(text)
    found = tokens(folded)
    asked = _Asked(found, japanese=has_kana(folded))
    terms = tuple(dict.fromkeys(asked.strong or asked.phrasing or asked.weak))
    return Query(terms, frozenset(_names(found)), asked.variants, asked.weights)


def content_words(text: str) -> int:
    """Return how many words of a question say what it is about.

    Where a script writes words together, two characters count as one.
    """
    folded = fold(text)
    asked = _Asked(tokens(folded), japanese=has_kana(folded))
    return len(asked.spaced) + sum((len(units(piece)) + 1) // 2 for piece in asked.pieces)


def _names(found: list[tuple[str, str]]) -> list[str]:
    """Return what of a question may be a name."""
    names: list[str] = []
    for run, word in found:
        names.append(run or bare(word))
        if unspaced := run or (word if is_korean(word) else ""):
            for length in _NAME_LENGTHS:
                starts = range(len(unspaced) - length + 1)
                names.extend([unspaced[start : start + length] for start in starts])
    return names


class _Asked:
    """A question taken apart.

    Attributes:
        strong: The terms that say what it is about.
        phrasing: Those that only phrase it.
        weak: Stop words.
        spaced: Those of the strong terms that stand for a word.
        pieces: The stretches of characters that the others stand for.
        variants: As :attr:`Query.variants`.
        weights: As :attr:`Query.weights`.
    """

    def __init__(self, found: list[tuple[str, str]], *, japanese: bool) -> None:
        self.strong: list[str] = []
        self.phrasing: list[str] = []
        self.weak: list[str] = []
        self.spaced: set[str] = set()
        self.pieces: list[str] = []
        self.variants: dict[str, tuple[str, ...]] = {}
        self.weights: dict[str, float] = {}
        self._languages = languages_of([word for _, word in found if word])
        for run, word in found:
            if word:
                self._add_word(word)
            else:
                for piece in content_pieces(run, japanese=japanese, asked=True):
                    self._add_piece(piece)
                self.weak.extend([WEAK + unit for unit in units(run)])

    def _add_piece(self, piece: str) -> None:
        self.pieces.append(piece)
        characters = [WEAK + unit for unit in units(piece)]
        if len(characters) == 1:
            self.strong.extend(characters)
        elif is_ideographic(piece):
            self.strong.extend(characters)
            self.strong.extend(pairs(piece))
            self.weights.update(dict.fromkeys(pairs(piece), _PAIR_WEIGHT))
        else:
            self.strong.extend(pairs(piece))

    def _add_word(self, word: str) -> None:
        term = term_of(word, self._languages[0])
        if is_asking_word(word, self._languages[0]):
            self.phrasing.append(term)
        elif term.startswith(WEAK):
            self.weak.append(term)
        elif is_korean(word):
            self._add_piece(korean_stem(word))
        else:
            self.strong.append(term)
            self.spaced.add(term)
            if word[0].isalpha() and word[0] < "\u0370":
                self._add_variants(term, word)

    def _add_variants(self, term: str, word: str) -> None:
        """Add how a word in Latin letters may stand in the index otherwise."""
        plain = bare(word)
        forms = {term_of(form, language) for language in self._languages for form in {word, plain}}
        stems = {form for form in forms if form != term and not form.startswith(WEAK)}
        self.variants[term] = (*sorted(stems), UNMARKED + plain)
