"""The words of instructions to agents, by language.

They are looked for in texts in lower case, in compatible and simplified characters, with one
blank, or one end of a line, between words.
"""

from __future__ import annotations

import re

from remanence.extract.commands import chinese, english

__all__ = ["ANYWHERE", "BEGINNINGS", "ORDERS"]


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    """Return patterns in which a blank may be the end of a line as well."""
    return tuple(re.compile(pattern.replace(" ", r"\s")) for pattern in patterns)


ANYWHERE = _compiled(*english.ANYWHERE, *chinese.ANYWHERE)
"""What reads like an instruction wherever it stands."""

ORDERS = _compiled(*english.ORDERS, *chinese.ORDERS)
"""What reads like an instruction where an order may begin; elsewhere it tells what is done."""

_SIGNS = r"[.!?:;,\n\"'(\[{<>*#|`~。、【《「\u2013\u2014-]\s*"
BEGINNINGS = re.compile(f"(?:{'|'.join((_SIGNS, *english.BEGINNINGS, *chinese.BEGINNINGS))})\\Z")
"""What stands before an order: the end of a sentence or a clause, or whom it is for."""
