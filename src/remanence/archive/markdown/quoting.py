"""What was said, as a block quote: word for word, in lines that wrap, and unable to leave it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from remanence.archive.markdown.words import LINE_ENDS, SPECIAL, shown

__all__ = ["quote"]

_BEGINS = re.compile(r"[-+=:]|\d{1,9}(?=[.)])")
"""What a block may begin with, besides what is special everywhere."""

_PAIRS = re.compile(r"==|%%")
"""What some programs take for a mark, or for a remark that is not to be shown."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_TICKS = re.compile(r"`+")
_MOST_INDENT = 8
_ALIGNED = re.compile(rf"\t|^ {{{_MOST_INDENT + 1},}}|\S {{3,}}\S|^ *\|.*\|$")
"""A line in which blanks are more than room between words, as in a table."""


def quote(text: str) -> str:
    """Return a text as a block quote.

    Its lines end where they ended. What would be Markdown or HTML is escaped; code, and lines that
    are aligned by blanks, stand in a fence within the quote. What can't be seen is told by number.
    """
    lines = [shown(line).rstrip(" \t") for line in LINE_ENDS.split(text)]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return "".join(f"> {line}\n" if line else ">\n" for line in _quoted(lines or [""]))


def _quoted(lines: Sequence[str]) -> Iterator[str]:
    at = 0
    for start, end in _codes(lines):
        yield from _prose(lines[at:start])
        yield from _fenced(lines[start:end])
        at = end
    yield from _prose(lines[at:])


def _codes(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where code begins and ends: what has its own fences, and lines that are aligned."""
    unclosed: dict[str, int] = {}
    at = 0
    while at < len(lines):
        start = at
        at += 1
        if opened := _FENCE.match(lines[start]):
            fence = opened[1]
            if len(fence) >= unclosed.get(fence[0], len(fence) + 1):
                continue
            end = _closing(lines, at, fence)
            if end is None:
                unclosed[fence[0]] = len(fence)
                continue
            at = end
            yield start, at
        elif _ALIGNED.search(lines[start]):
            while at < len(lines) and _ALIGNED.search(lines[at]):
                at += 1
            yield start, at


def _closing(lines: Sequence[str], at: int, fence: str) -> int | None:
    """Return the line after the one that closes a fence; ``None`` if none does."""
    for number in range(at, len(lines)):
        line = lines[number].strip()
        if line.startswith(fence) and not line.strip(fence[0]):
            return number + 1
    return None


def _fenced(lines: Sequence[str]) -> Iterator[str]:
    longest = max((len(ticks) for line in lines for ticks in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}text"
    yield from lines
    yield fence


def _prose(lines: Sequence[str]) -> Iterator[str]:
    for line, before, following in zip(lines, ("", *lines), (*lines[1:], ""), strict=False):
        if line:
            # Two blanks at its end have a line end where it does.
            yield f"{_escaped(line)}  " if following else _escaped(line)
        else:
            # Of several empty lines only the first ends a paragraph; of the others a break is left.
            yield "\\" if following and not before else ""


def _escaped(line: str) -> str:
    """Return a line that begins no block, with the blanks that it begins with."""
    told = line.lstrip(" ")
    indent = "&nbsp;" * (len(line) - len(told))
    escaped = SPECIAL.sub(r"\\\1", told)
    escaped = _PAIRS.sub(lambda pair: f"\\{pair[0][0]}\\{pair[0][1]}", escaped)
    begin = _BEGINS.match(escaped)
    if begin is None:
        return indent + escaped
    if begin[0].isdigit():
        return f"{indent}{begin[0]}\\{escaped[begin.end() :]}"
    return f"{indent}\\{escaped}"
