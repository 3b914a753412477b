"""Strings that repeat, as small numbers: brands, purposes, and category paths with their tree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SEPARATOR = " > "
_MOST_DEPTHS = 16
"""Depths remembered; more than a category tree has, whatever somebody asks for."""


class Dictionary:
    """Numbers given in order of arrival and never taken back; 0 is the empty string."""

    def __init__(self) -> None:
        self._texts = [""]
        self._numbers = {"": 0}

    def __len__(self) -> int:
        return len(self._texts)

    def number(self, text: str) -> int:
        """Return the number of `text`, giving it one if it has none."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self._texts)
            self._texts.append(text)
        return found

    def find(self, text: str) -> int:
        """Return the number of `text`, 0 when it is not known."""
        return self._numbers.get(text, 0)

    def text(self, number: int) -> str:
        return self._texts[number]

    def texts(self) -> tuple[str, ...]:
        """Return all by number, the empty one first."""
        return tuple(self._texts)


class Categories(Dictionary):
    """Category paths (`A > B > C`); every prefix of a path is a category too."""

    def __init__(self) -> None:
        super().__init__()
        self._parents = [0]
        self._masks: dict[int, npt.NDArray[np.bool_]] = {}
        self._at_depth: dict[int, npt.NDArray[np.int32]] = {}

    def parent(self, number: int) -> int:
        """Return the category above, 0 for one at the top."""
        return self._parents[number]

    def is_under(self, number: int, ancestor: int) -> bool:
        """Return whether `ancestor` is the category itself or above it."""
        while number > ancestor:
            number = self._parents[number]
        return number == ancestor

    def under(self, ancestor: int) -> npt.NDArray[np.bool_]:
        """Return a mask over category numbers: true for `ancestor` and all below it."""
        mask = self._masks.get(ancestor)
        if mask is None or len(mask) != len(self):
            mask = self._masks[ancestor] = np.fromiter(
                (self.is_under(number, ancestor) for number in range(len(self))),
                dtype=np.bool_,
                count=len(self),
            )
        return mask

    def at_depth(self, depth: int) -> npt.NDArray[np.int32]:
        """Return, by category number, the category `depth` steps from the top on its path.

        One that does not lie so deep stands for itself. Made once until a category is added.
        """
        found = self._at_depth.get(depth)
        if found is None or len(found) != len(self):
            found = np.array(
                [(self.path(number)[:depth] or [0])[-1] for number in range(len(self))], np.int32
            )
            if len(self._at_depth) >= _MOST_DEPTHS:
                self._at_depth.clear()
            self._at_depth[depth] = found
        return found

    def path(self, number: int) -> list[int]:
        """Return the categories from the top down to `number`."""
        numbers: list[int] = []
        while number:
            numbers.append(number)
            number = self._parents[number]
        return numbers[::-1]

    def number(self, text: str) -> int:
        """Return the number of a path, giving one to it and to each path above it.

        A parent's number is always smaller than its children's.
        """
        found = self._numbers.get(text)
        if found is None:
            above = text.rpartition(SEPARATOR)[0]
            parent = self.number(above)
            found = super().number(text)
            self._parents.append(parent)
        return found
