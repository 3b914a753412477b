"""Chance by the seed of a decision: it is drawn alike wherever and whenever it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 64
"""Of which one decides; the share of them that choose a candidate is its probability."""
_POSITIONS: Final = 8
"""As many are filled in every draw at the usual cost; for more of them there are fewer draws."""
_DRAWING, _TRYING = 1, 3
"""Which output of the seed's generator says what; the second says whose turn it is on a page."""


@dataclass(frozen=True, slots=True)
class Chance:
    """How the draws of one request come about."""

    seed: int
    positions: int = 1
    """How many are to be filled in all."""

    @property
    def draws(self) -> int:
        """How many draws there are; a page of many positions is filled less often."""
        return DRAWS >> min(2, max(0, self.positions - 1) // _POSITIONS)

    @property
    def coin(self) -> float:
        """Where in [0, 1) the decision falls when it is asked whether to try something out."""
        return (_mixed(self.seed, _TRYING) >> 11) / (1 << 53)

    def noise(self, candidates: int) -> tuple[NDArray[np.float32], int]:
        """Return standard normal noise, shape (draws, candidates), and which draw decides.

        A stretch of one long table that begins where the seed says: to draw anew for each request
        would cost as much as all else that a ranking costs.
        """
        size = self.draws * candidates
        mixed = _mixed(self.seed, _DRAWING)
        start = mixed % (_TABLE - size)
        noise = _NORMALS[start : start + size].reshape(self.draws, candidates)
        return noise, (mixed >> 32) % self.draws


def _mixed(seed: int, output: int) -> int:
    """Return 64 bits that have nothing in common for seeds that do (SplitMix64, Steele 2014)."""
    mixed = (seed + output * 0x9E3779B97F4A7C15) & _WORD
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _WORD
    return mixed ^ mixed >> 31


_WORD: Final = 0xFFFF_FFFF_FFFF_FFFF
_TABLE: Final = 1 << 19
"""Four times what the most candidates of a request need."""
_NORMALS: Final = np.random.default_rng(20_100_607).standard_normal(_TABLE, np.float32)
