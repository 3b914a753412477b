"""What an example gives as `item` and as `offer`: of an item both say the same."""

from __future__ import annotations

from services.rules.conditions.example import Values
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1.conditions_pb2 import Item, Offer

PRODUCT = OfferKind.Value.Name(OfferKind.PRODUCT)
_OFFER = Offer.DESCRIPTOR.fields_by_name
_PAIRS = [
    (f"item.{name}", f"offer.{name}") for name in Item.DESCRIPTOR.fields_by_name if name in _OFFER
]
"""What an item has as an offer, too, by its names in conditions."""


def gives_item(values: Values) -> bool:
    """Say whether an example says anything of an item."""
    return any(name.startswith("item.") for name in values)


def contradiction(values: Values) -> str:
    """Return why there could be no such item, empty where there could be or none is given."""
    kind = values.get("offer.kind", PRODUCT)
    if gives_item(values) and kind != PRODUCT:
        return f"only a {PRODUCT} is an item, and the example is of a {kind}"
    for pair in _PAIRS:
        as_item, as_offer = map(values.get, pair)
        if None not in (as_item, as_offer) and as_item != as_offer:
            return f"{' and '.join(pair)} are the same thing, and differ here"
    return ""


def said_of_both(values: Values) -> Values:
    """Return an example in which what it says of an item as one of the two it says of the other."""
    if values.get("offer.kind", PRODUCT) != PRODUCT:
        return values
    mirrored = {
        to: values[name] for pair in _PAIRS for name, to in (pair, pair[::-1]) if name in values
    }
    return {**mirrored, **values}
