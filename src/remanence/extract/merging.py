"""One draft of what was told several times."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

from remanence.extract.drafts import Draft
from remanence.extract.sameness import statement_key
from remanence.extract.trust import distrust

__all__ = ["merged"]


def merged(drafts: Iterable[Draft]) -> list[Draft]:
    """Return drafts with those that tell the same as one, where the first of them was.

    It has the sources of all that are trusted as much as the most trusted one, is as sure as the
    surest of these, and has what any of these tells. The others are its ``repeated_by``: their
    words neither change it nor lower its trust. What happened at different times isn't the same.
    """
    groups: dict[tuple[str, dt.datetime | None], list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(_key(draft), []).append(draft)
    return [_one(group) for group in groups.values()]


def _key(draft: Draft) -> tuple[str, dt.datetime | None]:
    happened = draft.valid_from if draft.kind in {"event", "plan"} else None
    return statement_key(draft.statement), happened


def _one(group: Sequence[Draft]) -> Draft:
    most = min(map(distrust, group))
    equals = [draft for draft in group if distrust(draft) == most]
    others = [draft for draft in group if distrust(draft) != most]
    first = equals[0]
    dated = next((d for d in equals if d.valid_from or d.valid_until), first)
    return dataclasses.replace(
        first,
        sources=tuple(dict.fromkeys(source for draft in equals for source in draft.sources)),
        at=max(draft.at for draft in equals),
        attribute=next((draft.attribute for draft in equals if draft.attribute), None),
        valid_from=dated.valid_from,
        valid_until=dated.valid_until,
        begins_by=dated.begins_by,
        confidence=max(draft.confidence for draft in equals),
        change=next((draft.change for draft in equals if draft.change != "states"), "states"),
        repeated_by=tuple(draft.sources for draft in others),
    )
