"""How large what conditions read can become: what the services keep of a person and a request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LONGEST_TEXT = 512
"""Characters; attributes, categories and names are shorter by far."""
ELEMENTS = 100
"""Of any list or map that is not named below."""
MOST_ELEMENTS: Mapping[str, int] = MappingProxyType(
    {
        "customer.segments": 500,
        "customer.attributes": 500,
        "customer.bought_categories": 256,
        "customer.disliked_categories": 200,
        "customer.disliked_brands": 200,
        "customer.consents": 64,
        "customer.refusals": 64,
        "customer.categories": 64,
        "customer.category_affinities": 256,
        "customer.brands": 64,
        "customer.brand_affinities": 64,
        "customer.category_aversions": 64,
        "customer.brand_aversions": 64,
        "customer.scores": 50,
        "customer.score_stages": 50,
        "customer.stages": 20,
        "customer.channel_shares": 10,
        "customer.hours": 3,
        "request.attributes": 32,
        "request.categories": 100,
        "item.attributes": 32,
        "offer.attributes": 32,
    }
)
"""Of a list or map, by its name in conditions."""


def most_elements(field: str) -> int:
    """Return how many elements a list or map of a variable can have."""
    return MOST_ELEMENTS.get(field, ELEMENTS)
