"""Reads ReMe workspaces: the notes of days, digests, and the conversations that they come from."""

from __future__ import annotations

from remanence.moving.reme.reading import read_reme

__all__ = ["read_reme"]
