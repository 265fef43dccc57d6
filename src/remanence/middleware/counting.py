"""How many tokens a text is, as the model counts or as it is estimated."""

from __future__ import annotations

from collections.abc import Callable

from remanence.errors import InputError
from remanence.recall.tokens import estimate_tokens
from remanence.telemetry import Faults

__all__ = ["MOST_TOKENS", "TokenCounter"]

MOST_TOKENS = 10_000_000
"""The largest budget that can be set."""


class TokenCounter:
    """Counts the tokens of texts; called with a text, it returns their number.

    Args:
        count_tokens: Counts them as the model does; ``None`` to estimate them.
        faults: Where it is counted under ``count`` if that fails; then they are estimated.

    Raises:
        InputError: ``count_tokens`` is no function, or returns no number.
    """

    def __init__(self, count_tokens: Callable[[str], int] | None, faults: Faults) -> None:
        """Try the function once."""
        self._count = _checked(count_tokens)
        self._faults = faults

    def __call__(self, text: str) -> int:
        """Return how many tokens a text is."""
        try:
            return self._count(text)
        except Exception as error:  # whoever counts, the reply goes on
            self._faults.record("count", error)
            return estimate_tokens(text)


def _checked(count_tokens: Callable[[str], int] | None) -> Callable[[str], int]:
    """Return a function that counts tokens; the estimate if there is none.

    Raises:
        InputError: It returns no number.
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
