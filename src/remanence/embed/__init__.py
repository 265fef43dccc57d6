"""What gives texts their vectors: one on this machine, AgentScope's models, or one's own."""

from __future__ import annotations

from remanence.embed.agentscope import AgentScopeEmbedder
from remanence.embed.local import LocalEmbedder
from remanence.embed.protocol import Embedder

__all__ = ["AgentScopeEmbedder", "Embedder", "LocalEmbedder"]
