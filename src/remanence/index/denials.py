"""Terms of replies that tell nothing: "I don't know", "you haven't told me"."""

from __future__ import annotations

import functools

from remanence.index.lists import sections
from remanence.index.terms import WEAK, term_of

__all__ = ["MOST_TERMS", "negates", "speaks_of_knowing"]

MOST_TERMS = 10
"""A reply with more different content terms tells something, whatever else it says."""


@functools.cache
def _terms(section: str) -> frozenset[str]:
    return frozenset(_term(word) for word in sections("denials.txt")[section])


def _term(word: str) -> str:
    if word.isascii():
        return term_of(word)
    return WEAK + word if len(word) == 1 else word


def negates(term: str) -> bool:
    """Return whether an index term is a negation."""
    return term in _terms("negation")


def speaks_of_knowing(term: str) -> bool:
    """Return whether an index term is about knowing, remembering or telling."""
    return term in _terms("knowledge")
