"""What an index was measured to be on the vectors that it serves."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

EXACT = "exact"
BYTES = "lists of 8 bit numbers"
HALVES = "lists of 16 bit numbers"
CODES = "codes of 4 bits"


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """One index in figures."""

    kind: str
    """`EXACT`, `BYTES`, `HALVES` or `CODES`."""
    vectors: int
    dimensions: int
    lists: int = 0
    """Into which they are sorted; 0: all are compared."""
    scanned: int = 0
    """Vectors that one search compares, at least; of codes, how many it compares again."""
    compared_up_to: int = 0
    """So few allowed vectors are all compared; above that, lists are searched for them."""
    recall_200: float = 1.0
    """Share of the truly nearest 200 that are found, over sample queries."""
    recall_200_filtered: float = 1.0
    """The same, where most vectors may not be found; the lowest of all shares tried."""
    index_bytes: int = 0
    code_bytes: int = 0
    """What the vectors alone take as they are encoded."""
    build_s: float = 0.0
    search_ms: float = 0.0
    """Of one search for 200, the median; processes that build are not alone on their machine."""
    exact_ms: float = 0.0
    """The same by comparing all."""

    def of_size(self, index_bytes: int) -> IndexFacts:
        """Return the facts of an index whose file is so large; 0: it has none of its own."""
        return replace(self, index_bytes=index_bytes) if index_bytes else self

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of the message IndexReport but the name."""
        return asdict(self)
