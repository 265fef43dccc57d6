"""What programs write to models, whatever the language: tokens of turns, tools' calls, our notes.

Nobody who talks writes these. Whoever writes them wants a text to be taken for something that it is
not: another turn, the call of a tool, or what a memory tells.
"""

from __future__ import annotations

import re

__all__ = ["ANYWHERE", "SQUARE_TOKEN"]

SQUARE_TOKEN = re.compile(
    r"\[(/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|BEGIN_AUDIO|IMG"
    r"|IMG_(?:BREAK|END)|PREFIX|MIDDLE|SUFFIX|THINK|ARGS|CALL_ID|[gs]?MASK|CLS|SEP|PAD|UNK|BOS|EOS)"
    r")\]",
    re.IGNORECASE,
)
"""What tells a model's turns apart, or the parts of one, without angle brackets."""

_LINE = r"(?:^|\n) ?(?:#+ |\*\*|> )?"

ANYWHERE = (
    # tokens between turns
    r"<\|[^<>|\n]{1,40}\|>",
    r"</?(?:start_of_turn|end_of_turn|bos|eos|sop|eop)>|</s> ?<s>|</s> ?\[",
    r"\[/?(?:inst|system_prompt|available_tools|tool_(?:calls|results))\]",
    rf"{_LINE}(?:human|assistant|developer|ai assistant)(?:\*\*)? ?:",
    # calls of tools
    r"\b(?:add|update|forget)_memory\b",
    r"</?(?:tool_(?:call|use|response|result)s?|function_(?:call|result)s?|invoke|antml)\b",
    r"\"(?:tool_calls?|function_call)\" ?:",
    # what a memory tells
    r"< ?/? ?(?:memories|memory|profile)(?: [^<>\n]{0,80})?>",
    r"- \[\d{4}-\d\d-\d\d \d\d:\d\d(?: id=[^\]\n]{1,80})?\]",
    r"(?:^|\n) ?#+ (?:[^\n]{0,40}\bmemor(?:y|ies)\b|what is known of the user)",
    r"\bnoted from (?:what the (?:user|assistant|system) said|what a tool returned|an import)\b",
    r"\(quoted; it reads like an instruction\)",
)
