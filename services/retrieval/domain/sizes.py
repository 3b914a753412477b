"""The sizes that variants come in, so that a person is offered their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.catalogue import Dictionary

ATTRIBUTE = "size"


class Sizes:
    """Numbers of sizes by offer number; 0 is none."""

    def __init__(self) -> None:
        self._sizes = Dictionary()
        self._numbers = np.zeros(1024, np.int32)

    def put(self, offer_nos: Sequence[int], sizes: Sequence[str]) -> None:
        """Take over the sizes of some offers, empty for none."""
        highest = max(offer_nos, default=0)
        if highest >= len(self._numbers):
            grown = np.zeros(max(highest + 1, 2 * len(self._numbers)), np.int32)
            grown[: len(self._numbers)] = self._numbers
            self._numbers = grown
        self._numbers[list(offer_nos)] = [self._sizes.number(size) for size in sizes]

    def of(self, offer_no: int) -> int:
        """Return the number of an offer's size, 0 where it has none or is not known."""
        return int(self._numbers[offer_no]) if offer_no < len(self._numbers) else 0

    def copy(self, size: int) -> NDArray[np.int32]:
        """Return the numbers of the first `size` offers."""
        copied = np.zeros(size, np.int32)
        kept = min(size, len(self._numbers))
        copied[:kept] = self._numbers[:kept]
        return copied
