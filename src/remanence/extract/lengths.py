"""How much of a text a model is shown.

Lengths are in tokens, as estimated from the characters alone: a quarter of a token for a letter of
ASCII and for a blank, a half for other signs of ASCII and for letters of alphabets, one for any
other character, two beyond the basic plane. That is above what the tokenizers of current models
count for most texts, and it needs none of them.
"""

from __future__ import annotations

__all__ = ["shown"]

_QUARTERS = tuple(1 if chr(code).isalpha() or chr(code) == " " else 2 for code in range(128))
"""Of each character of ASCII."""
_END_OF_ALPHABETS = 0x1100
_END_OF_PLANE = 0x10000


def shown(text: str, tokens: int) -> tuple[str, int]:
    """Return the beginning of a text that is at most so many tokens, and how many that are.

    Args:
        text: All of it.
        tokens: At most; 1 or more.

    Returns:
        The text as it is if it isn't longer, and its tokens, rounded up; 0 for an empty one.
    """
    most, spent = tokens * 4, 0
    for place, character in enumerate(text):
        quarters = _quarters_of(character)
        if spent + quarters > most:
            return text[:place], -(-spent // 4)
        spent += quarters
    return text, -(-spent // 4)


def _quarters_of(character: str) -> int:
    code = ord(character)
    if code < len(_QUARTERS):
        return _QUARTERS[code]
    if code < _END_OF_ALPHABETS:
        return 2
    return 4 if code < _END_OF_PLANE else 8
