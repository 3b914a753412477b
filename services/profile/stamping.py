"""What the catalogue says of an item as of now: stamped on each event when it comes in."""

from __future__ import annotations

import json
from typing import NamedTuple

from shared.catalogue import Catalogue

_MAX_REMEMBERED = 200_000


class Stamp(NamedTuple):
    """The catalogue's columns of one offer, as an event carries them."""

    offer_no: int
    family_no: int
    category: str
    brand: str
    price_micros: int
    cost_micros: int
    variant: str
    """JSON; empty for most."""
    currency: str = ""
    """What its amounts are in; empty: not said."""


UNKNOWN = Stamp(0, 0, "", "", 0, -1, "")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


class Stamper:
    """Looks up offers by id; remembers what it found until the catalogue changes."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._stamps: dict[str, Stamp] = {}
        self._version = 0

    def stamp(self, offer_id: str) -> Stamp:
        """Return the stamp of an offer or item, `UNKNOWN` when the catalogue does not have it."""
        if self._version != self._catalogue.version or len(self._stamps) > _MAX_REMEMBERED:
            # Also what was looked up in vain may be there now.
            self._stamps.clear()
            self._version = self._catalogue.version
        found = self._stamps.get(offer_id)
        if found is None:
            found = self._stamps[offer_id] = self._look_up(offer_id)
        return found

    def _look_up(self, offer_id: str) -> Stamp:
        catalogue = self._catalogue
        number = catalogue.offer_no(offer_id) if offer_id else 0
        if not number:
            return UNKNOWN
        return Stamp(
            number,
            int(catalogue.family_no[number]),
            catalogue.categories.text(int(catalogue.category_no[number])),
            catalogue.brands.text(int(catalogue.brand_no[number])),
            int(catalogue.price_micros[number]),
            int(catalogue.cost_micros[number]),
            _encode(variant) if (variant := catalogue.variant(number)) else "",
            catalogue.currencies.text(int(catalogue.currency_no[number])),
        )
