"""What tells the variants of a family from each other: size, colour and the like."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from shared.catalogue.dictionary import Dictionary
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow

_LONGEST = 40
"""Characters of a name or a value; what is longer is a description."""
_MOST_REMEMBERED = 100_000
"""Different sets of attributes; a number per item is all that further ones may cost."""


class Variants:
    """The attributes of items by `offer_no`, of each different set of them one copy.

    An item counts as a variant once its family has two; then those attributes tell it apart in
    which anybody differs from the root of their family.
    """

    def __init__(self) -> None:
        self._sets = Dictionary()
        self._set_no: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self._families: set[int] = set()
        """With more than their root."""
        self._telling: set[str] = set()
        """Names of attributes in which variants differ."""

    def put(self, rows: Sequence[CatalogueRow], size: int) -> None:
        """Take over the attributes of rows; `size` is one more than the highest number known."""
        if size > len(self._set_no):
            grown = np.zeros(max(size, 2 * len(self._set_no)), np.int32)
            grown[: len(self._set_no)] = self._set_no
            self._set_no = grown
        for row in rows:
            if row.family_no:
                self._put(row)

    def of(self, offer_no: int, family_no: int) -> Mapping[str, str]:
        """Return what tells an item from others of its family; empty for most."""
        if family_no not in self._families:
            return {}
        attributes = self._attributes(offer_no)
        return {name: value for name, value in attributes.items() if name in self._telling}

    def _put(self, row: CatalogueRow) -> None:
        attributes = {
            name: value
            for name, value in sorted(row.attributes.items())
            if len(name) <= _LONGEST and 0 < len(value) <= _LONGEST
        }
        text = json.dumps(attributes) if attributes else ""
        if len(self._sets) < _MOST_REMEMBERED:
            self._set_no[row.offer_no] = self._sets.number(text)
        else:
            self._set_no[row.offer_no] = self._sets.find(text)
        if row.family_no != row.offer_no:
            self._families.add(row.family_no)
            root = self._attributes(row.family_no)
            self._telling.update(
                name for name, value in attributes.items() if root.get(name) != value
            )

    def _attributes(self, offer_no: int) -> Mapping[str, str]:
        text = self._sets.text(int(self._set_no[offer_no])) if offer_no < len(self._set_no) else ""
        found: Mapping[str, str] = json.loads(text) if text else {}
        return found
