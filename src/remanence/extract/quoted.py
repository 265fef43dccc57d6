"""What somebody quotes rather than says: a mail passed on, a page pasted, an attachment's name.

A message is its sender's, and not every word in it is. That matters where only the sender's own
word counts. Quotation is recognised by its signs; what is pasted without any can't be told apart.
"""

from __future__ import annotations

import re

from remanence.extract.sameness import words_of

__all__ = ["is_quoted", "parted"]

_QUOTED = re.compile(
    r"\[attachment [^\[\]\n]*\]"
    r"|^```[^\n]*\n.*?(?:^```|\Z)|^~~~[^\n]*\n.*?(?:^~~~|\Z)"
    r"|^[ \t]*>[^\n]*$"
    r"|^[ \t]*(?:-{3,} ?(?:original|forwarded) message\b|begin forwarded message:"
    r"|-{3,} ?(?:转发邮件|原始邮件|转发的邮件)|"
    r"(?:from|von|de|发件人|寄件者)[:\uff1a] ?[^\n]+\n[ \t]*"
    r"(?:to|sent|date|subject|an|gesendet|betreff|收件人|日期|主题)[:\uff1a]).*"
    r"|<(html|body|article|div|blockquote|document|system|email)\b[^<>\n]*>.*?(?:</\1>|\Z)"
    '|\u201c[^\u201c\u201d]{12,}\u201d|"[^"\n]{24,}"|\u300c[^\u300c\u300d]{6,}\u300d'
    "|\u00ab[^\u00ab\u00bb]{12,}\u00bb",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_MUCH = 0.25
"""So much of a statement's words is not there by accident."""


def parted(text: str) -> tuple[str, str]:
    """Return what a message says by itself, and what it quotes; either may be empty."""
    quoted = [match[0] for match in _QUOTED.finditer(text)]
    return _QUOTED.sub(" ", text).strip(), "\n".join(quoted)


def is_quoted(statement: str, text: str) -> bool:
    """Return whether a statement was found in what a message quotes, rather than in the rest.

    It is if more than a quarter of its words are only there, or if there is no rest.
    """
    own, quoted = parted(text)
    if not quoted:
        return False
    told = words_of(statement)
    return not own or len(told & words_of(quoted) - words_of(own)) > _MUCH * len(told)
