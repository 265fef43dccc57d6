"""Reads the data export of ChatGPT: what was said in its conversations."""

from __future__ import annotations

from remanence.moving.chatgpt.reading import read_chatgpt

__all__ = ["read_chatgpt"]
