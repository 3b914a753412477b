"""What can be said in one breath: at most 25 words, however long titles are."""

from __future__ import annotations

import re

MOST_WORDS = 25
"""Of a line that somebody says, or that a machine reads out."""
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+")


def words(text: str) -> int:
    """Count the words of a text: whatever stands between blanks."""
    return len(text.split())


def fitting(*variants: str) -> str:
    """Return the first of several ways to say something that is short enough.

    Where none is, the last one is shortened.
    """
    for said in variants:
        if said and words(said) <= MOST_WORDS:
            return said
    return shortened(variants[-1])


def shortened(text: str, most: int = MOST_WORDS) -> str:
    """Return as many whole sentences as fit; where the first does not, its first words."""
    if words(text) <= most:
        return text
    sentences = (text[: found.start()] for found in _SENTENCE_ENDS.finditer(text))
    whole = [said for said in sentences if words(said) <= most]
    if whole:
        return whole[-1]
    return " ".join(text.split()[: max(1, most)]).rstrip(",;:–-") + "…"
