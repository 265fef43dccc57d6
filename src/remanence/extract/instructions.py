"""What reads like an instruction to an agent, rather than like something that somebody tells.

Whoever can put text before an agent, on a web page or in a mail, may try to steer it. A text with
such words is kept as it is and marked, so that whoever reads it knows. Words can be chosen so that
no list of them fits: the mark is a warning, and nothing that isn't marked is an instruction either.
"""

from __future__ import annotations

import html
import re
import unicodedata

from remanence.extract.commands import BEGINNINGS, LANGUAGES, PROGRAMS, Commands
from remanence.unseen import without_unseen

__all__ = ["folded", "imitates_a_program", "reads_like_instruction"]

_BEFORE = 40
"""So many characters before an order tell whether it is one."""
_TAGS = {code: code - 0xE0000 for code in range(0xE0020, 0xE007F)}
"""Characters that nobody sees, and models read as the ASCII that they stand for."""
_SPELLINGS = {
    **_TAGS,
    **dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]),  # variants, unseen as well
    0x2018: "'",
    0x2019: "'",
    0x201C: '"',
    0x201D: '"',
    **dict.fromkeys(map(ord, "\u2039\u226e\u2329\u27e8\u3008"), "<"),
    **dict.fromkeys(map(ord, "\u203a\u226f\u232a\u27e9\u3009"), ">"),
    # what Chinese orders are made of, in traditional characters
    **str.maketrans(
        "請從現開須規則應該對讓訴記憶統發戶說無視會總遠終蓋復輸顯進啟員機執聽絕嚴將處給這過設內話個稱薦權換轉錄歷隱瞞約長寫語務繞拋棄",
        "请从现开须规则应该对让诉记忆统发户说无视会总远终盖复输显进启员机执听绝严将处给这过设内话个称荐权换转录历隐瞒约长写语务绕抛弃",
    ),
}
_LOOKALIKES = str.maketrans("аеорсухіјѕһԁԛԝαικνορτυχ", "aeopcyxijshdqwaiknoptux")
"""Cyrillic and Greek letters that look like Latin ones."""
_MIXED = re.compile(
    "[a-z]+[\u0370-\u058f][a-z\u0370-\u058f]*|[\u0370-\u058f]+[a-z][a-z\u0370-\u058f]*"
)
"""Words with letters of more than one alphabet."""
_HIDING = re.compile(
    "[\u00ad\u034f\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e001f\U000e0080-\U000e0fff]{8}"
    "|[\u202d\u202e\ufff9-\ufffb]"
)
"""What is not seen, in a row; and what turns text around, or hides it behind other text."""
_ENDS = re.compile("[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"[^\S\n]+|\u2800+")
_LINE_ENDS = re.compile(r" ?\n[ \n]*")


def reads_like_instruction(text: str) -> bool:
    """Return whether a text, or a part of it, reads like an instruction to an agent.

    It knows English and Chinese, the commonest words of some other languages, and what programs
    write to models. It looks through capitals, wide letters, letters of another alphabet that look
    the same, and characters that are not seen; a row of these hides something, whatever it is. A
    wish that somebody has ("remind me to buy milk") isn't one; what is to hold from then on, be
    kept from the user, or take the place of other instructions, is.
    """
    if _HIDING.search(text):
        return True
    plain = folded(text)
    known = [language for language in LANGUAGES if language.script.search(plain)]
    if any(_finds(language, plain) for language in known):
        return True
    return any(
        _begins_there(plain, match.start())
        for language in known
        for group in language.orders
        for match in group.found_in(plain)
    )


def imitates_a_program(text: str) -> bool:
    """Return whether a text has in it what programs write to models, and nobody says.

    That are tokens between turns, calls of tools, and what a memory tells.
    """
    plain = folded(text)
    return bool(PROGRAMS.script.search(plain)) and _finds(PROGRAMS, plain)


def _finds(language: Commands, text: str) -> bool:
    """Return whether something that may stand anywhere is found in a text."""
    return any(match for group in language.anywhere for match in group.found_in(text))


def folded(text: str) -> str:
    """Return a text in the one form in which it is looked through, whatever letters it hides in."""
    if "&" in text:
        text = html.unescape(text)
    text = _ENDS.sub("\n", text)
    if not text.isascii():
        text = without_unseen(text.translate(_SPELLINGS))
        text = unicodedata.normalize("NFKC", text)
        text = "".join(c for c in text if unicodedata.category(c) != "Cf").casefold()
        text = _MIXED.sub(lambda word: word[0].translate(_LOOKALIKES), text)
    else:
        text = without_unseen(text).casefold()
    return _LINE_ENDS.sub("\n", _BLANKS.sub(" ", text))


def _begins_there(text: str, place: int) -> bool:
    """Return whether an order may begin at a place, rather than tell what somebody does."""
    before = text[max(0, place - _BEFORE) : place]
    if place <= _BEFORE and not before.strip():
        return True
    return BEGINNINGS.search(before) is not None
