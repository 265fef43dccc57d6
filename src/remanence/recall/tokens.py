"""How many tokens a text is about, without a tokenizer.

A language model's tokenizer is a file of its own, that is seldom at hand. So the pieces of a text
are counted that tokenizers make one token of, more or less: six letters of a word, a digit, a sign,
a character of a script that is written without spaces, two letters of any other script, a line
break. A pictograph counts twice.

The estimate divided by what five tokenizers really count (OpenAI's cl100k and o200k, Qwen's,
DeepSeek's, and Claude 2's), lowest and highest of the five. English was measured on LoCoMo's
conversations 0 to 4 and on the 400 longest turns of the LongMemEval pool, the others on some
sentences each:

===============================  ============
English conversation, as noted   1.08 to 1.26
English, long and formatted      1.21 to 1.31
Chinese                          0.84 to 1.60
Japanese                         0.95 to 1.55
Korean                           0.76 to 1.22
German                           0.74 to 0.98
Russian                          0.91 to 1.78
JSON, code and addresses         1.21 to 1.31
===============================  ============

It is above the real number where text is English, and for the newer tokenizers (o200k, Qwen,
DeepSeek) in Chinese, Japanese and Korean as well. Where a limit is hard, give a real tokenizer.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from remanence.errors import InputError

__all__ = ["check_counter", "estimate_tokens"]

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai and Lao
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"  # Hangul
    "\u3040-\u30ff"  # Hiragana and Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # unified ideographs
    "\U00020000-\U0003fffd"  # their extensions
)
_ASCII_PIECES = re.compile(r"[A-Za-z]{1,6}|[^\sA-Za-z]|\n+")
_PIECES = re.compile(
    rf"[A-Za-z\u00c0-\u024f]{{1,6}}|[{_UNSPACED}]|[^\W\d_{_UNSPACED}]{{1,2}}|\d|[^\s\w]|_|\n+"
)
_PICTOGRAPHS = re.compile("[\U0001f000-\U0001faff]")


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text is; 0 for an empty one."""
    if text.isascii():
        return len(_ASCII_PIECES.findall(text))
    return len(_PIECES.findall(text)) + len(_PICTOGRAPHS.findall(text))


def check_counter(count_tokens: Callable[[str], int] | None) -> Callable[[str], int]:
    """Return a function that counts tokens; the estimate if there is none.

    Raises:
        InputError: It is no function, or returns no number.
    """
    if count_tokens is None:
        return estimate_tokens
    fix = "give a function from a text to a number, as lambda text: len(tokenizer.encode(text))"
    if not callable(count_tokens):
        raise InputError("count_tokens", f"is {type(count_tokens).__name__}", fix)
    counted = count_tokens("memory")
    if not isinstance(counted, int):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise InputError("count_tokens", f"returns {type(counted).__name__}", fix)
    return count_tokens
