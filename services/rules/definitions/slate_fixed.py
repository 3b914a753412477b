"""What is sure to be shown on a placement: its pins, and what has a share when it is its turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.rules.definitions.assortment import Known, Sold
from services.rules.definitions.problems import Place
from services.rules.definitions.reading import Entry
from services.rules.definitions.slates import selected_kind
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

_STEP = " > "


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is sure to be shown at a position, when it is let pass."""

    what: str
    attribute: str
    value: str
    sold: Sold
    """What is told of it; of a category with a share not how deep it lies."""
    position: int
    place: Place
    """Where it says so."""
    share: float = 0.0
    """0: a pin, which is there in every slate."""

    def is_of(self, attribute: str, value: str) -> bool:
        """Say whether it is surely what is selected."""
        match attribute:
            case "KIND":
                return bool(self.sold.kind) and value == kind_name(self.sold.kind)
            case "CATEGORY":
                return is_under(self.sold.category, value)
            case "BRAND":
                return self.sold.brand == value
            case _:
                return (self.attribute, self.value) == (attribute, value)

    def group(self, attribute: str, depth: int) -> str:
        """Return its value of an attribute, empty where only the catalogue will tell."""
        match attribute:
            case "KIND":
                return str(self.sold.kind or "")
            case "CATEGORY":
                return self._category(depth)
            case "BRAND":
                return self.sold.brand
            case "FAMILY":
                return self.sold.family
            case _:
                return self.value if self.attribute == attribute else ""

    def _category(self, depth: int) -> str:
        steps = self.sold.category.split(_STEP)
        if self.attribute == "CATEGORY" and len(steps) < depth:
            return ""
        return _STEP.join(steps[:depth])


def pinned_on(placement: str, pins: Sequence[Entry], known: Known) -> list[Fixed]:
    """Return the pins of a placement that are whole."""
    return [_pin(each, known) for each in pins if _is_whole_pin(each, placement)]


def shared_on(placement: str, rules: Sequence[Entry], known: Known) -> list[Fixed]:
    """Return the shares of a placement that are whole."""
    return [
        _share(each, known)
        for each in rules
        if each.values.get("placement") == placement and _is_whole_share(each)
    ]


def kind_name(kind: int) -> str:
    return OfferKind.Value.Name(OfferKind.Value.ValueType(kind))


def is_under(category: str, ancestor: str) -> bool:
    """Say whether a category is another one or lies below it."""
    return category == ancestor or category.startswith(ancestor + _STEP)


def _is_whole_pin(entry: Entry, placement: str) -> bool:
    return entry.values.get("placement") == placement and {"position", "offer"} <= set(entry.values)


def _is_whole_share(entry: Entry) -> bool:
    return {"placement", "attribute", "value", "share"} <= set(entry.values)


def _pin(entry: Entry, known: Known) -> Fixed:
    offer_id = str(entry.values["offer"])
    position = int(entry.values["position"])
    return Fixed(offer_id, "OFFER", offer_id, known.sold(offer_id), position, entry.place)


def _share(entry: Entry, known: Known) -> Fixed:
    attribute, value = str(entry.values["attribute"]), str(entry.values["value"])
    what = value if attribute == "OFFER" else f"{attribute} {value}"
    position, part = int(entry.values.get("position", 1)), float(entry.values["share"])
    sold = _sold_as(attribute, value, known)
    return Fixed(what, attribute, value, sold, position, entry.place, part)


def _sold_as(attribute: str, value: str, known: Known) -> Sold:
    match attribute:
        case "OFFER":
            return known.sold(value)
        case "CATEGORY":
            return Sold(category=value)
        case "BRAND":
            return Sold(brand=value)
        case _:
            return Sold(selected_kind(attribute, value, known))
