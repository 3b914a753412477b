"""The slate: what a page shows, under the constraints that rules hands on as data."""

from shared.slate.assembly import SPARE, GroupLimit, Place, Slate, assemble
from shared.slate.page import Page, fill_page, known_numbers, read_page
from shared.slate.shares import selection_shares

__all__ = [
    "SPARE",
    "GroupLimit",
    "Page",
    "Place",
    "Slate",
    "assemble",
    "fill_page",
    "known_numbers",
    "read_page",
    "selection_shares",
]
