"""What the evidence of a candidate can say."""

from __future__ import annotations

from enum import IntEnum


class EvidenceKind(IntEnum):
    """Numbered as in the contract."""

    UNSPECIFIED = 0
    BOUGHT_TOGETHER = 1
    VIEWED_THEN_BOUGHT = 2
    VIEWED_TOGETHER = 3
    BOUGHT_NEXT = 4
    UPGRADE = 5
    SAME_STYLE = 6
    IN_ONE_ORDER = 7
    GIVEN_TO_ALIKE = 8
    BOUGHT_BY_ALIKE = 9
    OF_INTEREST = 10
    MADE_FOR_ALIKE = 11
