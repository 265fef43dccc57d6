"""The roles that statements run as, and the settings that make a transaction about one user."""

from __future__ import annotations

__all__ = ["APP", "GROUPS", "OPERATOR", "WORKER"]

APP = "remanence_app"
"""Sees one user at a time."""

WORKER = "remanence_worker"
"""Sees the jobs of all users, and of the rest names, ids and numbers."""

OPERATOR = "remanence_operator"
"""Reads how much there is of whom, and no content."""

GROUPS = (APP, WORKER, OPERATOR)
