"""How many tokens a text is, as the model counts or as it is estimated."""

from __future__ import annotations

from collections.abc import Callable

from remanence.recall.tokens import check_counter, estimate_tokens
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
        self._count = check_counter(count_tokens)
        self._faults = faults

    def __call__(self, text: str) -> int:
        """Return how many tokens a text is."""
        try:
            return self._count(text)
        except Exception as error:  # whoever counts, the reply goes on
            self._faults.record("count", error)
            return estimate_tokens(text)
