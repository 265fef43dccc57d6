"""Chat models: what the engine asks to read conversations."""

from __future__ import annotations

from remanence.llm.agentscope import AgentScopeChatModel
from remanence.llm.protocol import ChatModel, Completion, Question, Usage

__all__ = ["AgentScopeChatModel", "ChatModel", "Completion", "Question", "Usage"]
