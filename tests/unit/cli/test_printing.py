import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import Result

from remanence.cli import output
from remanence.cli.printable import on_one_line, printable

Run = Callable[..., Result]
Write = Callable[..., Path]
Listed = Callable[..., list[dict[str, Any]]]

MARKUP = "[bold]Don't[/bold] [link=https://example.org]press[/] :warning: [/nothing] \\[x]"
HOSTILE = "before\x1b[2J\x1b]0;title\x07\x1b[31mred\x9b0m\x08\x7f\u202eafter"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        (HOSTILE, "beforeredafter"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bc\x1b(0\x1b", ""),
        ("Grüße 🎈 日本語", "Grüße 🎈 日本語"),
    ],
)
def test_what_a_terminal_would_obey_is_left_out(stored: str, shown: str) -> None:
    assert printable(stored) == shown


def test_one_line() -> None:
    assert on_one_line(" a\n\n b\tc\x1b[0m ") == "a b c"


@pytest.fixture
def stored(remanence: Run, write_lines: Write, listed: Listed) -> dict[str, Any]:
    """Something nasty, as the database has it."""
    said = f"Balloons. {MARKUP} {HOSTILE}\nSecond line."
    record = {"role": "user", "content": said, "name": "[red]Al[/red]", "user_id": "alice"}
    remanence("import", write_lines(record), "--session", "[s]")
    (item,) = listed("alice")
    assert item["content"] == said  # kept verbatim all the same
    return item


def test_stored_text_is_neither_markup_nor_a_command(
    remanence: Run, stored: dict[str, Any]
) -> None:
    for command in (
        ("recall", "balloons"),
        ("show",),
        ("show", stored["id"]),
        ("forget", stored["id"]),
    ):
        answer = "n\n" if command[0] == "forget" else None
        printed = remanence(
            *command, "--user", "alice", code=1 if answer else 0, answer=answer
        ).output
        assert MARKUP[:60] in printed
        assert "[red]Al[/red]" in printed
        assert not any(mark in printed for mark in ("\x1b", "\x9b", "\x08", "\u202e"))
    for line in ("recall", "balloons"), ("show",):
        printed = remanence(*line, "--user", "alice").output
        assert MARKUP in printed
        assert "beforeredafter" in printed


def test_json_is_exact_and_holds_no_control_character(
    remanence: Run, stored: dict[str, Any]
) -> None:
    line = remanence("show", stored["id"], "--user", "alice", "--json").stdout
    assert json.loads(line)["content"] == stored["content"]
    assert not any(mark in line[:-1] for mark in ("\x1b", "\x9b", "\x7f", "\u202e", "\n"))


def test_errors_print_markup_as_it_is(remanence: Run, write_lines: Write) -> None:
    file = write_lines({"role": "user", "content": "x", "[bold]": 1})
    assert "[bold]: is no field" in remanence("import", file, code=1).stderr


def test_a_terminal_gets_a_wrapped_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def narrow(**options: Any) -> Console:
        return Console(force_terminal=True, no_color=True, width=40, **options)

    monkeypatch.setattr(output, "Console", narrow)
    output.print_table(("score", "text"), [("0.50", f"{MARKUP} {HOSTILE}")])
    printed = capsys.readouterr().out
    assert max(map(len, printable(printed).splitlines())) <= 40
    assert "[bold]Don't[/bold]" in printed
    assert "\x1b]0" not in printed
    assert "\x1b[2J" not in printed
    # Elsewhere a row is a line, however long, and the columns are still below one another.
    monkeypatch.undo()
    output.print_table(("score", "text"), [("日本", "a\nb"), ("0.50", "x" * 300)])
    assert capsys.readouterr().out == f"score  text\n日本   a b\n0.50   {'x' * 300}\n"
