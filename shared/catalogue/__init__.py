"""The catalogue as every service reads it: columns by `offer_no`, followed on the bus."""

from shared.catalogue.catalogue import ALL_CHANNELS, Catalogue, CatalogueGapError
from shared.catalogue.dictionary import Categories, Dictionary
from shared.catalogue.fence import Fence
from shared.catalogue.follower import CatalogueFollower

__all__ = [
    "ALL_CHANNELS",
    "Catalogue",
    "CatalogueFollower",
    "CatalogueGapError",
    "Categories",
    "Dictionary",
    "Fence",
]
