"""What can be said in one breath: at most 25 words, however long titles are."""

from __future__ import annotations

import re

from shared.spoken import MOST_WORDS, words

_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+")


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
