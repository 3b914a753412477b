"""What can be said in one breath: at most 25 words, however long titles are."""

from __future__ import annotations

from shared.spoken import MOST_WORDS, shortened, words


def fitting(*variants: str) -> str:
    """Return the first of several ways to say something that is short enough.

    Where none is, the last one is shortened.
    """
    for said in variants:
        if said and words(said) <= MOST_WORDS:
            return said
    return shortened(variants[-1])
