"""The slate: what a page shows, under the constraints that rules hands on as data."""

from shared.slate.assembly import SPARE, GroupLimit, Place, Slate, assemble
from shared.slate.page import fill_page, known_numbers

__all__ = ["SPARE", "GroupLimit", "Place", "Slate", "assemble", "fill_page", "known_numbers"]
