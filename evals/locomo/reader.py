"""Reads LoCoMo's conversations, as ``remanence import`` does.

The data set is LoCoMo (Maharana et al., ACL 2024), ``locomo10.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from remanence import Conversation
from remanence.cli.formats.locomo import read_locomo
from remanence.cli.formats.record import Defaults
from remanence.cli.gathering import gather

__all__ = ["read_conversations"]


def read_conversations(sample: Mapping[str, Any]) -> list[Conversation]:
    """Return a sample's sessions, earliest first.

    Args:
        sample: One element of the file's list.

    Returns:
        One conversation a session, of the user ``sample_id``. A message's ``dia_id`` is its ``id``,
        and the captions of shared pictures are part of its text.
    """
    reading = read_locomo(json.dumps([sample]), str(sample["sample_id"]), Defaults())
    return list(gather(reading.entries, skip_malformed=False).conversations)
