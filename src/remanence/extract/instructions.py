"""What reads like an instruction to an agent, rather than like something that somebody tells.

Whoever can put text before an agent, on a web page or in a mail, may try to steer it. A text with
such words is kept as it is and marked, so that whoever reads it knows. Words can be chosen so that
no list of them fits: the mark is a warning, and nothing that isn't marked is an instruction either.
"""

from __future__ import annotations

import re
import unicodedata

from remanence.extract.commands import BEGINNINGS, LANGUAGES

__all__ = ["reads_like_instruction"]

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
    # what Chinese orders are made of, in traditional characters
    **str.maketrans(
        "請從現開須規則應該對讓訴記憶統發戶說無視會總遠終蓋復輸顯進啟員機執聽絕嚴將處給這過設內話個稱薦權換轉錄歷隱瞞約長寫語務繞拋棄",
        "请从现开须规则应该对让诉记忆统发户说无视会总远终盖复输显进启员机执听绝严将处给这过设内话个称荐权换转录历隐瞒约长写语务绕抛弃",
    ),
}
_BLANKS = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r" ?\n[ \n]*")


def reads_like_instruction(text: str) -> bool:
    """Return whether a text, or a part of it, reads like an instruction to an agent.

    It knows English and Chinese, and looks through capitals, wide letters and characters that are
    not seen. A wish that somebody has ("remind me to buy milk") isn't one; what is to hold from
    then on, be kept from the user, or take the place of other instructions, is.
    """
    plain = _plain(text)
    known = [language for language in LANGUAGES if language.script.search(plain)]
    if any(pattern.search(plain) for language in known for pattern in language.anywhere):
        return True
    return any(
        _begins_there(plain, match.start())
        for language in known
        for pattern in language.orders
        for match in pattern.finditer(plain)
    )


def _plain(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_SPELLINGS))
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return _LINE_ENDS.sub("\n", _BLANKS.sub(" ", text.casefold()))


def _begins_there(text: str, place: int) -> bool:
    """Return whether an order may begin at a place, rather than tell what somebody does."""
    before = text[max(0, place - _BEFORE) : place]
    if place <= _BEFORE and not before.strip():
        return True
    return BEGINNINGS.search(before) is not None
