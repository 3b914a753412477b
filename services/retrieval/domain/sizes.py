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

    @classmethod
    def of_columns(cls, names: Sequence[str], numbers: NDArray[np.int32]) -> Sizes:
        """Return what `texts` and `copy` told of."""
        made = cls()
        for name in names:
            made._sizes.number(name)
        made._numbers = numbers.copy()
        return made

    def take_over(self, other: Sizes) -> None:
        """Become what another one holds, which is not used any more."""
        self._sizes, self._numbers = other._sizes, other._numbers

    def texts(self) -> tuple[str, ...]:
        """Return the names of sizes by their number, the empty one first."""
        return self._sizes.texts()

    def put(self, offer_nos: Sequence[int], sizes: Sequence[str]) -> None:
        """Take over the sizes of some offers, empty for none."""
        highest = max(offer_nos, default=0)
        if highest >= len(self._numbers):
            grown = np.zeros(max(highest + 1, 2 * len(self._numbers)), np.int32)
            grown[: len(self._numbers)] = self._numbers
            self._numbers = grown
        self._numbers[list(offer_nos)] = [self._sizes.number(size) for size in sizes]

    def number(self, size: str) -> int:
        """Return the number of a size, 0 where nothing comes in it."""
        return self._sizes.find(size)

    def of(self, offer_no: int) -> int:
        """Return the number of an offer's size, 0 where it has none or is not known."""
        return int(self._numbers[offer_no]) if offer_no < len(self._numbers) else 0

    def numbers_of(self, offer_nos: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the number of each offer's size, 0 where it has none or is not known."""
        known = offer_nos < len(self._numbers)
        return self._numbers[offer_nos * known] * known

    def copy(self, size: int) -> NDArray[np.int32]:
        """Return the numbers of the first `size` offers."""
        copied = np.zeros(size, np.int32)
        kept = min(size, len(self._numbers))
        copied[:kept] = self._numbers[:kept]
        return copied
