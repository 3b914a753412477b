"""Hashes that are the same on every replica for ever, and how they are mixed into weights.

Feature hashing: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning" (2009);
without their sign, as collisions here are few and a bias of them is learned away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

PAIR: Final = 0x9E3779B1
WORD: Final = 0xFFFF_FFFF
FOLD: Final = np.uint32(0x85EBCA6B)


def text_hash(text: str) -> int:
    """Return 32 bits that are the same on every replica for ever; 0 for nothing."""
    return crc32(text.encode()) if text else 0


def text_hashes(texts: Sequence[str]) -> Hashes:
    """Return the hash of each, shape (texts,)."""
    return np.array([crc32(text.encode()) for text in texts], np.uint32)


def leading(left: Hashes) -> Hashes:
    """Return what the first of two contributes to their hash: `paired` is this plus the second."""
    first: Hashes = left * np.uint32(PAIR)
    return first


def paired(left: Hashes, right: Hashes) -> Hashes:
    """Return one hash of two; the other way round it is another."""
    both: Hashes = left * np.uint32(PAIR) + right
    return both


def mix(hashes: Hashes) -> None:
    """Let every bit of each hash reach its low bits, in place.

    The finaliser of MurmurHash3 (Appleby 2011).
    """
    hashes ^= hashes >> 16
    hashes *= FOLD
    hashes ^= hashes >> 13
    hashes *= np.uint32(0xC2B2AE35)
    hashes ^= hashes >> 16
