"""The catalogue as every service reads it: columns by `offer_no`; `follower` keeps them up to date.

The follower is no part of what is imported here: who only computes needs neither bus nor rpc.
"""

from shared.catalogue.catalogue import ALL_CHANNELS, Catalogue, CatalogueGapError
from shared.catalogue.dictionary import Categories, Dictionary
from shared.catalogue.fence import Fence

__all__ = [
    "ALL_CHANNELS",
    "Catalogue",
    "CatalogueGapError",
    "Categories",
    "Dictionary",
    "Fence",
]
