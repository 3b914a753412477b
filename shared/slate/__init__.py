"""The slate: what a page shows, under the constraints that rules hands on as data."""

from shared.slate.assembly import SPARE, GroupLimit, Place, Slate, assemble
from shared.slate.constraints import group_limits, places

__all__ = ["SPARE", "GroupLimit", "Place", "Slate", "assemble", "group_limits", "places"]
