"""What pages are made of: quotes that wrap, titles, and where something comes from."""

from __future__ import annotations

import datetime as dt
import re
import time
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from remanence import Memory, Message, Scope
from remanence.archive.markdown.quoting import quote
from remanence.archive.markdown.words import LINE_ENDS, file_name, inline, shown
from remanence.moving.arrivals import Gathering, Place
from remanence.moving.moving import move_in
from tests.archive.test_markdown import headings, html, links, pages, parsed, quotes, words

MAY = dt.datetime(2026, 5, 1, 9, 30, tzinfo=dt.UTC)
CONVERSATION = "6789abcd-0000"


def test_prose_is_in_no_fence_and_its_lines_end_where_they_did() -> None:
    assert quote("One *long* line.\nAnother.\n\n- a\n  - b\n\n\n2. c\n").splitlines() == [
        "> One \\*long\\* line.  ",
        "> Another.",
        ">",
        "> \\- a  ",
        "> &nbsp;&nbsp;\\- b",
        ">",
        "> \\",
        "> 2\\. c",
    ]
    breaks = [each.type for token in parsed(quote("a\nb")) for each in token.children or ()]
    assert breaks == ["text", "hardbreak", "text"]


def test_code_and_what_is_aligned_is_in_a_fence_within_the_quote() -> None:
    code = "```python\nif x:\n    y = '````'\n\n```"
    table = "| a | b |\n| - | - |\n| 1   | 2 |"
    page = quote(f"See *this*:\n{code}\nand\n{table}\n\tx\nso ```\n```open")
    fences = [token.content for token in parsed(page) if token.type == "fence"]
    assert fences == [f"{code}\n", f"{table}\n\tx\n"]
    assert all(line.startswith(">") for line in page.splitlines())
    (told,) = quotes(page)
    assert told.startswith("See *this*:\n")
    assert told.endswith("so ```\n```open\n")


def test_fences_that_never_end_take_no_time() -> None:
    began = time.monotonic()
    quote("```a\n~~~~b\n" * 100_000)
    quote("\n".join("`" * length + "a" for length in range(800, 2, -1)))
    assert time.monotonic() - began < 10


def test_what_cannot_be_seen_is_told_by_its_number() -> None:
    text = "a\u202eb\u200bc\u2066d\u00ade\x1bf\U000e0041"
    family = "\U0001f468\u200d\U0001f469"
    for made in (quote(text + family), inline(text + family), quote(f"\t{text}{family}")):
        assert "a⟨U+202E⟩b⟨U+200B⟩c⟨U+2066⟩d⟨U+00AD⟩e⟨U+001B⟩f⟨U+E0041⟩" in made
        assert family in made


async def test_a_title_that_all_messages_tell_is_the_sessions(
    memory: Memory, tmp_path: Path
) -> None:
    def said(content: str, title: Any, session: str) -> tuple[Message, Scope]:
        metadata = {} if title is None else {"title": title}
        message = Message("user", content, at=MAY, metadata=metadata)
        return message, Scope("alice", "clerk" if session == "two" else None, session)

    titled = "Bees & *hives* " + "x" * 200
    for message, scope in (
        said("1", titled, CONVERSATION),
        said("2", "Bees", "two"),
        said("3", titled, CONVERSATION),
        said("4", "Bees", "two"),
        said("5", "Bees", "three"),
        said("6", None, "three"),
        said("7", "蜜蜂", "four"),
        said("8", 8, "five"),
    ):
        await memory.observe(message, scope=scope)
    await memory.export_markdown(tmp_path / "alice", user_id="alice")
    told = pages(tmp_path / "alice")
    shortened = inline(titled[:99] + "…")
    names = [name.removeprefix("sessions/") for name in told if name.startswith("sessions/")]
    (bees, hives) = sorted(name for name in names if "bees" in name)
    assert hives.startswith("2026-05-01-bees-hives-xxx")
    assert bees == f"{file_name(MAY, 'clerk', 'two', 'Bees')}.md"
    assert len(hives) < 100
    assert {"2026-05-01-three.md", "2026-05-01-five.md"} <= set(names)
    assert f"{file_name(MAY, None, 'four', '蜜蜂')}.md" in names
    assert told[f"sessions/{hives}"].startswith(f"# {shortened} (session {CONVERSATION})\n")
    assert headings(told[f"sessions/{bees}"])[0] == "Bees (session two, agent clerk)"
    assert f"| [{shortened}](sessions/{hives}) (session {CONVERSATION}) | 2 |" in told["README.md"]
    assert (
        f"| [蜜蜂](sessions/{file_name(MAY, None, 'four', '蜜蜂')}.md) (session four) | 1 |"
        in (told["README.md"])
    )
    assert "| [three](sessions/2026-05-01-three.md) | 2 |" in told["README.md"]
    assert set(links(told["README.md"])) == {"facts.md", *(f"sessions/{name}" for name in names)}


async def test_where_something_comes_from_is_named(memory: Memory, tmp_path: Path) -> None:
    for source, metadata in (
        ("chatgpt", {"source": {"from": "chatgpt"}}),
        ("mem0", {"source": {"from": "mem0"}}),
        ("reme", {"source": {"from": "reme"}}),
        ("other", {"source": {"from": "a *forum*"}}),
        ("none", {"source": "reme"}),
    ):
        gathering = Gathering(source, MAY)
        place = Place("alice", None, source)
        for key in ("a", "b"):
            gathering.message(
                place, key, where="1", role="user", content=key, at=MAY, metadata=metadata
            )
        gathering.statement(place, "f", where="2", text=source, at=MAY, metadata=metadata)
        await move_in(gathering.arrivals(), memory)
    heard = Message("user", "Said here.", at=MAY, metadata={"source": {"from": "mem0"}})
    await memory.observe(heard, scope=Scope("alice", session_id="here"))
    await memory.export_markdown(tmp_path / "alice", user_id="alice")
    told = pages(tmp_path / "alice")
    for session, source in (
        ("chatgpt", "ChatGPT"),
        ("mem0", "mem0"),
        ("reme", "ReMe"),
        ("other", "a file"),
        ("none", "a file"),
    ):
        page = told[f"sessions/2026-05-01-{session}.md"]
        assert headings(page)[2:] == [f"09:30:00+00:00 user, from {source}"] * 2
        assert f"</a>{session}  \n  *noted 2026-05-01; from {source}*" in told["facts.md"]
    assert headings(told["sessions/2026-05-01-here.md"])[2] == "09:30:00+00:00 user"


def visible(text: str) -> str:
    """Return a text in which nothing is unseen but its line ends."""
    return "\n".join(map(shown, LINE_ENDS.split(text)))


ANYTHING = st.text(
    alphabet=st.one_of(
        st.sampled_from("`~#-+*_=<>|[]()!&\\$:. \t\n\r1a"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    min_size=1,
)


@example("a\n\n\n\nb\n    c\n\td\n- e\n  - f\n1. g\n===\n:--\n%%h%% ==i==\n> j\n\\")
@example("```python\nif x:\n    y\n```\nand ``` on\n~~~\n| a |   b |\n| - | - |\n````")
@example("---\n***\n___\n+ a\n[x]: http://e.org\n<!--\n&amp;\n$$\n#\n  #\n    #")
@given(ANYTHING)
def test_anything_stays_within_its_quote(text: str) -> None:
    page = f"before\n\n{quote(text)}\n### after\n"
    (content,) = quotes(page)
    assert words(content) == words(visible(text))
    assert headings(page) == ["after"]
    kinds = {token.type for token in parsed(quote(text))}
    assert kinds <= {
        "blockquote_open",
        "blockquote_close",
        "paragraph_open",
        "paragraph_close",
        "inline",
        "fence",
    }
    assert list(html(page)) == []
    assert links(page) == []
    ends = {token.type for each in parsed(page) for token in each.children or ()}
    assert ends <= {"text", "text_special", "hardbreak"}


@example("`a`")
@example("- 1. <b>[a](b)</b> *c* _d_ |e| ~f~ &amp; \\")
@given(ANYTHING)
def test_anything_stays_within_its_line(text: str) -> None:
    page = f'- <a id="x"></a>{inline(text)}  \n  *end*\n'
    kinds = [token.type for token in parsed(page)]
    assert kinds == [
        "bullet_list_open",
        "list_item_open",
        "paragraph_open",
        "inline",
        "paragraph_close",
        "list_item_close",
        "bullet_list_close",
    ]
    inner = next(token for token in parsed(page) if token.type == "inline").children or []
    tags = [each.type for each in inner if each.type not in ("text", "text_special")]
    assert set(tags) <= {"html_inline", "hardbreak", "em_open", "em_close"}
    assert tags.count("em_open") == 1
    seen = "".join(each.content for each in inner if each.type in ("text", "text_special"))
    assert words(seen) == words(f"{visible(text.strip())}end")
    assert all(
        each.content in ('<a id="x">', "</a>", "<br>")
        for each in inner
        if each.type == "html_inline"
    )


@example("`a`")
@example("- 1. <b>[a](b)</b> *c* _d_ |e| ~f~ &amp; \\")
@given(ANYTHING)
def test_anything_stays_within_its_heading_and_its_cell(text: str) -> None:
    page = f"# {inline(text)}\n\n| a | b |\n| - | - |\n| [{inline(text)}](x.md) | 1 |\n"
    kinds = [token.type for token in parsed(page)]
    assert kinds.count("heading_open") == 1
    assert (kinds.count("tr_open"), kinds.count("td_open")) == (2, 2)
    assert links(page) == ["x.md"]


def test_names_of_files_are_told() -> None:
    assert file_name(MAY, None, "monday") == "2026-05-01-monday"
    assert file_name(MAY, None, None).startswith("2026-05-01-unnamed-")
    assert re.fullmatch("2026-05-01-[0-9a-f]{8}", file_name(MAY, None, "星期一"))
