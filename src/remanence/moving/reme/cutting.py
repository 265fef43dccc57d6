"""Cuts what a note says into statements that are understood by themselves.

A paragraph, and an item of a list with all that is indented under it, becomes a statement. Before
it stand the headings above it, and the line that introduces it, if that ends with a colon. What is
longer than a statement is to be is cut at the ends of lines, else of sentences, else of words.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence

__all__ = ["LONGEST", "Piece", "cut"]

LONGEST = 1_000
"""So many characters has a statement at most, with what stands before it."""

_LONGEST_PREFIX = 200
_DEEPEST = 8
"""Lists in lists are followed so far."""
_BETWEEN = " > "

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]|$)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*[ \t]*[:\uff1a]?$|__([^_]+)__[ \t]*[:\uff1a]?$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*$")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"( {0,3})([-*+]|\d{1,9}[.)])(?:[ \t]+|$)(.*)$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f\uff1b])")
_STOPS = ".!?\u3002\uff01\uff1f"
_BOLD_LEVEL, _INTRODUCTION = 7, 8
"""Of titles that no heading is: a line in bold, and one that ends with a colon."""


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """A statement of a note.

    Attributes:
        text: What it says, headings included.
        line: In which line it begins, counted from that of the first line.
        above: The titles that it stands under, the outermost first.
        words: What it says without the headings.
        is_title: Whether it is a title that nothing stands under.
    """

    text: str
    line: int
    above: tuple[str, ...]
    words: str = ""
    is_title: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class _Block:
    above: tuple[str, ...]
    lines: list[str]
    line: int
    is_item: bool = False
    is_title: bool = False


def cut(body: str, first_line: int = 1, *, title: str = "") -> list[Piece]:
    """Return the statements of a note, in order.

    Args:
        body: What it says.
        first_line: The number of its first line.
        title: What it is called: stands before statements that have no heading above them, and not
            all of its words in them.
    """
    words = title.casefold().split()
    return [
        dataclasses.replace(piece, text=f"{title}: {piece.text}")
        if words and not piece.above and not all(word in piece.text.casefold() for word in words)
        else piece
        for piece in _pieces(body.split("\n"), first_line, (), LONGEST - len(title) - 2, _DEEPEST)
    ]


def _pieces(
    lines: Sequence[str], line: int, above: tuple[str, ...], longest: int, deeper: int
) -> Iterator[Piece]:
    for block in _Reader(lines, line, above).blocks():
        prefix = _prefix(block.above)
        text = "\n".join(block.lines).strip()
        if len(prefix) + len(text) <= longest:
            yield Piece(prefix + text, block.line, block.above, text, block.is_title)
        elif block.is_item and deeper and (inner := _nested(block.lines)):
            head = " ".join(" ".join(block.lines[:inner]).split())
            if len(head) > _LONGEST_PREFIX:
                yield from _split(longest, prefix, head, block.line, block.above)
            under = (*block.above, head[:_LONGEST_PREFIX])
            below = _dedented(block.lines[inner:])
            yield from _pieces(below, block.line + inner, under, longest, deeper - 1)
        else:
            yield from _split(longest, prefix, text, block.line, block.above)


def _prefix(above: Sequence[str]) -> str:
    """Return what stands before a statement: the nearest headings, as many as are short enough."""
    told: list[str] = []
    for title in reversed(above):
        room = _LONGEST_PREFIX - sum(len(each) + len(_BETWEEN) for each in told)
        if told and len(title) > room:
            break
        told.insert(0, title[:room])
    return f"{_BETWEEN.join(told)}: " if told else ""


def _nested(lines: Sequence[str]) -> int:
    """Return at which line of an item a list in it begins, or 0."""
    for number, line in enumerate(lines[1:], start=1):
        if _ITEM.match(line.lstrip()):
            return number
    return 0


def _dedented(lines: Sequence[str]) -> list[str]:
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return [line[margin:] for line in lines]


def _split(
    longest: int, prefix: str, text: str, line: int, above: tuple[str, ...]
) -> Iterator[Piece]:
    """Yield a long text in parts, each of which has what stands before it."""
    room = longest - len(prefix)
    part = ""
    begins = line
    passed = 0
    for portion in _portions(text, room):
        if part and len(part) + len(portion) > room:
            if part.strip():
                yield Piece(prefix + part.strip(), begins, above, part.strip())
            part, begins = "", line + passed
        part += portion
        passed += portion.count("\n")
    if part.strip():
        yield Piece(prefix + part.strip(), begins, above, part.strip())


def _portions(text: str, room: int) -> Iterator[str]:
    """Yield a text in portions of at most so many characters that are best not cut."""
    for line in text.splitlines(keepends=True):
        if len(line) <= room:
            yield line
            continue
        start = 0
        for end in (*(match.end() for match in _SENTENCE_ENDS.finditer(line)), len(line)):
            while end - start > room:
                space = line.rfind(" ", start + 1, start + room)
                middle = start + room if space < 0 else space + 1
                yield line[start:middle]
                start = middle
            if end > start:
                yield line[start:end]
            start = end


@dataclasses.dataclass(slots=True)
class _Title:
    level: int
    text: str
    line: int
    written: str
    has_something: bool = False


class _Reader:
    """Tells the blocks of a text apart."""

    def __init__(self, lines: Sequence[str], line: int, above: tuple[str, ...]) -> None:
        self._lines = [_with_spaces(each) for each in lines]
        self._first = line
        self._above = above
        self._titles: list[_Title] = []
        self._at = 0

    def blocks(self) -> Iterator[_Block]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip():
                self._at += 1
            elif heading := _HEADING.match(line):
                title = line[heading.end() :].strip()
                if title.endswith(" " + "#" * (len(title) - len(title.rstrip("#")))):
                    title = title.rstrip("#")
                yield from self._enter(len(heading[1]), title, self._at + 1)
            elif _RULE.match(line):
                yield from self._leave(_INTRODUCTION)
                self._at += 1
            elif fence := _FENCE.match(line):
                yield self._block(self._fenced(fence[1]))
            elif item := _ITEM.match(line):
                block = self._block(self._item_end(len(item[1])), is_item=True)
                block.lines[0] = item[3]
                if any(each.strip() for each in block.lines):
                    yield block
            elif line.lstrip().startswith("|"):
                yield self._block(self._table_end())
            else:
                yield from self._leave(_INTRODUCTION)
                yield from self._paragraph()
        yield from self._leave(0)

    def _block(self, end: int, *, is_item: bool = False) -> _Block:
        above = (*self._above, *(title.text for title in self._titles))
        block = _Block(above, self._lines[self._at : end], self._first + self._at, is_item)
        self._at = end
        for title in self._titles:
            title.has_something = True
        return block

    def _enter(self, level: int, title: str, end: int, written: str = "") -> Iterator[_Block]:
        yield from self._leave(level)
        plain = " ".join(title.replace("**", "").split()).rstrip(":\uff1a")
        if plain:
            line = self._first + self._at
            self._titles.append(_Title(level, plain, line, written or plain))
        self._at = end

    def _leave(self, level: int) -> Iterator[_Block]:
        """End what a title of a level ends; yield those that nothing came under."""
        while self._titles and self._titles[-1].level >= level:
            title = self._titles.pop()
            if not title.has_something:
                for each in self._titles:
                    each.has_something = True
                above = (*self._above, *(each.text for each in self._titles))
                yield _Block(above, [title.written], title.line, is_title=True)

    def _fenced(self, fence: str) -> int:
        for number in range(self._at + 1, len(self._lines)):
            line = self._lines[number].strip()
            if line.startswith(fence) and not line.strip(fence[0]):
                return number + 1
        return len(self._lines)

    def _item_end(self, indent: int) -> int:
        blank = False
        for number in range(self._at + 1, len(self._lines)):
            line = self._lines[number]
            if not line.strip():
                blank = True
                continue
            indented = len(line) - len(line.lstrip()) > indent
            if not indented and (blank or _begins_something(line)):
                return number
            blank = False
        return len(self._lines)

    def _table_end(self) -> int:
        number = self._at
        while number < len(self._lines) and self._lines[number].lstrip().startswith("|"):
            number += 1
        return number

    def _paragraph(self) -> Iterator[_Block]:
        end = self._at + 1
        while end < len(self._lines) and not self._ends(self._lines[end]):
            end += 1
        text = "\n".join(self._lines[self._at : end]).strip()
        is_short = end == self._at + 1 and len(text) <= _LONGEST_PREFIX
        if is_short and text[-1] not in _STOPS and self._is_underlined(end):
            yield from self._enter(1 if "=" in self._lines[end] else 2, text, end + 1)
        elif is_short and (bold := _BOLD.match(text)):
            yield from self._enter(_BOLD_LEVEL, bold[1] or bold[2], end, text)
        elif is_short and text.endswith((":", "\uff1a")):
            yield from self._enter(_INTRODUCTION, text, end, text)
        else:
            yield self._block(end)

    def _is_underlined(self, end: int) -> bool:
        return end < len(self._lines) and _UNDERLINE.match(self._lines[end]) is not None

    def _ends(self, line: str) -> bool:
        return (
            not line.strip()
            or _begins_something(line)
            or _UNDERLINE.match(line) is not None
            or line.lstrip().startswith("|")
        )


def _begins_something(line: str) -> bool:
    return any(each.match(line) for each in (_HEADING, _ITEM, _FENCE, _RULE))


def _with_spaces(line: str) -> str:
    """Return a line that is indented by spaces."""
    inner = line.lstrip(" \t")
    return line[: len(line) - len(inner)].expandtabs(4) + inner
