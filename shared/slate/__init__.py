"""The slate: what a page shows, under the constraints that rules hands on as data."""

from shared.slate.assembly import SPARE, Slate, assemble
from shared.slate.demands import Cause, Demand, Diversity, Exclusion, GroupLimit, Place, Seat
from shared.slate.page import Page, known_numbers, read_page
from shared.slate.portions import Portion, turn_of, turns
from shared.slate.refilling import Gaps, Refilling
from shared.slate.shares import selection_shares

__all__ = [
    "SPARE",
    "Cause",
    "Demand",
    "Diversity",
    "Exclusion",
    "Gaps",
    "GroupLimit",
    "Page",
    "Place",
    "Portion",
    "Refilling",
    "Seat",
    "Slate",
    "assemble",
    "known_numbers",
    "read_page",
    "selection_shares",
    "turn_of",
    "turns",
]
