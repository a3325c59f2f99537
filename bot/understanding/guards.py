"""Words that turn a change into something else: a negation, a condition, a question about it."""

from __future__ import annotations

import re

_NOT = re.compile(
    r"^(?:please |and |but |no,? )*(?:don't|do not|never|dont|you mustn't|you shouldn't|stop)\b(?! (?:let me )?forget"
    r"| want| need| sending| send)"
    r"|^(?:请|先|千万|可)*(?:别|不要|不用|不许|勿)(?!忘|让我忘|再|给)",
    re.IGNORECASE,
)
_IF = re.compile(
    r"^(?:if|unless|in case|assuming|suppose|once|as soon as|when|whenever|until)\b"
    r"|\b(?:if|unless|in case|as soon as)\b"
    r"|如果|要是|假如|假设|万一|除非|一旦|的话|^等.+就|^当.+时",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^(?:how (?:do|can|would|could|should|to)|why|did|does|do|has|have|is|are|was|were|should|shall"
    r"|what (?:if|happens)"
    r"|when|who|which|is it possible|are you able|am i (?:able|allowed))\b"
    r"|^(?:怎么|如何|怎样|为什么|为啥|是不是|要不要|该不该|应不应该)|(?:没有|了没|了吗|没)[?？]$",
    re.IGNORECASE,
)


def changes_meaning(text: str) -> bool:
    """Tell whether a sentence forbids, only supposes, or asks about the change that its words name."""
    return any(pattern.search(text) for pattern in (_NOT, _IF, _ASKS))
