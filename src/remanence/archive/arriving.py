"""Checks of items that come in without an archive: each by itself, and all of them together."""

from __future__ import annotations

from collections.abc import Iterable

from remanence.archive.lines import episode_of, fact_of, line_of
from remanence.errors import InputError, RecordError
from remanence.store.archive import ArchivedEnding, ArchivedEpisode, ArchivedFact, ArchivedItem
from remanence.validation import check_at, check_identifier

__all__ = ["checked_endings", "checked_items"]

_FIX = "give it as an archive has it"


def checked_items(items: Iterable[object]) -> list[ArchivedItem]:
    """Return items as they are stored.

    Raises:
        RecordError: One is not acceptable; the error names its place and the field.
    """
    checked: list[ArchivedItem] = []
    ids: set[str] = set()
    messages: set[tuple[str | None, str | None, str]] = set()
    last: dict[tuple[str | None, str | None], int] = {}
    for place, given in enumerate(items):
        where = f"items[{place}]"
        item = _checked(given, where)
        if item.id in ids:
            raise RecordError(where, "id", f"{item.id} is there twice", "give each item once")
        ids.add(item.id)
        if isinstance(item, ArchivedEpisode):
            session = (item.agent_id, item.session_id)
            if item.position <= last.get(session, -1):
                raise RecordError(
                    where, "position", "is not after the one before in its session", "count on"
                )
            last[session] = item.position
            if item.message_id is not None:
                if (*session, item.message_id) in messages:
                    raise RecordError(
                        where,
                        "message_id",
                        f"{item.message_id!r} is there twice in its session",
                        "give each message once",
                    )
                messages.add((*session, item.message_id))
        checked.append(item)
    _check_lines(checked)
    return checked


def checked_endings(endings: Iterable[object]) -> list[ArchivedEnding]:
    """Return endings as they are stored.

    Raises:
        RecordError: One is not acceptable; the error names its place and the field.
    """
    checked: list[ArchivedEnding] = []
    for place, given in enumerate(endings):
        where = f"endings[{place}]"
        if not isinstance(given, ArchivedEnding):
            raise RecordError(
                where, "ending", f"is {type(given).__name__}", "give an ArchivedEnding"
            )
        try:
            _check_ending(given)
        except InputError as error:
            raise RecordError(where, error.field, error.problem, error.fix) from None
        checked.append(given)
    return checked


def _check_ending(given: ArchivedEnding) -> None:
    check_identifier("fact", given.fact)
    if given.superseded_by is not None:
        check_identifier("superseded_by", given.superseded_by)
    check_at("superseded_at", given.superseded_at)
    if given.valid_until is not None:
        check_at("valid_until", given.valid_until)
    if given.ending not in ("ended", "corrected"):
        raise InputError("ending", "is unknown", "use 'ended' or 'corrected'")
    if given.fact == given.superseded_by:
        raise InputError("superseded_by", "names the fact itself", "name another")


def _checked(given: object, where: str) -> ArchivedItem:
    """Return an item that survives being written as a line of an archive and read again."""
    if not isinstance(given, ArchivedEpisode | ArchivedFact):
        raise RecordError(
            where, "item", f"is {type(given).__name__}", "give an ArchivedEpisode or ArchivedFact"
        )
    read = episode_of if isinstance(given, ArchivedEpisode) else fact_of
    try:
        return read(line_of(given), where)
    except RecordError as error:
        raise RecordError(where, error.field, error.problem, _FIX) from None
    except (TypeError, ValueError, AttributeError, RecursionError):
        raise RecordError(where, "item", "has a field of another type", _FIX) from None


def _check_lines(items: Iterable[ArchivedItem]) -> None:
    """Refuse facts that supersede one another in a circle.

    Raises:
        RecordError: They do.
    """
    by = {item.id: item.superseded_by for item in items if isinstance(item, ArchivedFact)}
    sound: set[str] = set()
    for first in by:
        line: set[str] = set()
        following: str | None = first
        while following in by and following not in sound:
            if following in line:
                raise RecordError(
                    f"item {first}", "superseded_by", "leads back to the fact itself", "name none"
                )
            line.add(following)
            following = by[following]
        sound |= line
