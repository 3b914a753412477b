"""Conditions over `item` that may hold for what is none, such as a promotion or a survey."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from services.rules.conditions import Condition
from services.rules.conditions.example import NO_ITEM, ExampleValues
from services.rules.conditions.frame import Activate, RequestFrame
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

_FIELDS = frozenset(NO_ITEM)


def item_warning(
    name: str, condition: Condition, kinds: Collection[int], activate: Activate
) -> list[str]:
    """Return a sentence where a condition over items may hold, or fail, for what is no item.

    `kinds` are those that its rule is for; empty: all. Nothing is told of a condition that asks for
    the kind itself, nor of one in which something else than the item may settle that it does not.
    """
    read = [each for each in dict.fromkeys(condition.reads) if each in _FIELDS]
    if not read or "offer.kind" in condition.reads or set(kinds) == {OfferKind.PRODUCT}:
        return []
    bound = condition.bound(_FIELDS)
    if bound is None:
        return []
    nothing = ExampleValues(NO_ITEM)
    holds, failed = bound.term(RequestFrame(nothing, nothing, activate), {})
    if not np.any(holds) and not np.any(failed):
        return []
    return [
        f"{name} may hold, or fail, for offers that are no item, so without {', '.join(read)}: "
        "say kinds: [PRODUCT], or ask for what an item has"
    ]
