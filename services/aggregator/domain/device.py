"""What may be said in a page of why something is shown: no more than was done on that device."""

from __future__ import annotations

from dataclasses import replace

from services.aggregator.domain.reasons import Evidence
from services.aggregator.domain.vocabulary import Source

_OF_THE_SHOP = frozenset(
    {
        Source.POPULAR,
        Source.TRENDING,
        Source.OFFER,
        Source.DEFAULT,
        Source.GIFT,
        Source.AS_ASKED_FOR,
    }
)
"""They speak of what all people do, of the offer, or of what the request asks for."""
_OF_AN_ITEM = frozenset(
    {
        Source.ALSO_BOUGHT,
        Source.BOUGHT_NEXT,
        Source.SIMILAR,
        Source.IN_SESSION,
        Source.INSTEAD_OF,
        Source.GOES_WITH_CART,
    }
)
"""They speak of an item that the person did something with, wherever that was."""


def on_device(evidence: Evidence, *, is_in_view: bool) -> Evidence:
    """Return of the evidence what a shopper's page may tell.

    `is_in_view`: the request itself names the item that the evidence speaks of. What else a person
    did, in the store, on the telephone or before they signed out, stays untold: whoever holds the
    device now may be somebody else.
    """
    if evidence.source in _OF_THE_SHOP:
        item = evidence.item if is_in_view else ""
        return replace(evidence, item=item, minutes_ago=-1)
    is_of_view = is_in_view and bool(evidence.item)
    if evidence.source in _OF_AN_ITEM and is_of_view:
        return replace(evidence, minutes_ago=-1)
    if evidence.source == Source.IN_SESSION and evidence.category:
        return Evidence(evidence.source, category=evidence.category)
    if evidence.source == Source.EXTERNAL:
        return Evidence(evidence.source)
    return Evidence(Source.FOR_YOU)
