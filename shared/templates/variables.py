"""What a template can read: one table, from which it is checked, tried out and told to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Value = str | int | Sequence["Value"] | Mapping[str, "Value"]
Values = Mapping[str, Value]
"""What a text is put together from; what is not known is not there."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value."""

    sample: str | int
    is_always_known: bool = True


Shape = Leaf | list["Shape"] | dict[str, "Shape"]
"""A list holds the shape of each of its entries."""


def _sometimes(sample: str | int) -> Leaf:
    return Leaf(sample, is_always_known=False)


VARIABLES: dict[str, Shape] = {
    "person": {
        "name": _sometimes("Ada Lovelace"),
        "first_name": _sometimes("Ada"),
        "language": _sometimes("en"),
    },
    "cart": {
        "lines": [
            {
                "title": Leaf("Trail shoe for long ways, waterproof"),
                "quantity": Leaf(1),
                "price": _sometimes("129.00 EUR"),
            }
        ],
        "count": Leaf(1),
        "value": _sometimes("129.00 EUR"),
    },
    "item": {
        "title": _sometimes("Trail shoe for long ways, waterproof"),
        "price": _sometimes("129.00 EUR"),
    },
    "offers": [
        {
            "offer_id": Leaf("trail_shoe"),
            "title": Leaf("Trail shoe for long ways, waterproof"),
            "text": _sometimes("Grips on wet rock, dries in an hour."),
            "price": _sometimes("129.00 EUR"),
            "link": _sometimes("https://shop.example/trail-shoe"),
            "image": _sometimes("https://shop.example/trail-shoe.jpg"),
            "call_to_action": _sometimes("Have a look"),
            "reason": _sometimes("Because you like running"),
        }
    ],
    "sender": {
        "name": Leaf("Anna Berg"),
        "address": _sometimes("anna.berg@shop.example"),
    },
    "house": {"name": Leaf("Story Shop"), "address": _sometimes("hello@shop.example")},
    "unsubscribe": {"link": Leaf("https://shop.example/unsubscribe?token=" + "t" * 120)},
    "decision_id": _sometimes("01980000-0000-7000-8000-000000000000"),
    "today": Leaf("2026-01-31"),
}
"""Every variable by its name."""


def _sample(shape: Shape, *, is_whole: bool) -> Value:
    if isinstance(shape, Leaf):
        return shape.sample
    if isinstance(shape, list):
        return [_sample(each, is_whole=is_whole) for each in shape]
    return {
        name: _sample(part, is_whole=is_whole)
        for name, part in shape.items()
        if is_whole or not isinstance(part, Leaf) or part.is_always_known
    }


def _sampled(*, is_whole: bool) -> Values:
    return {name: _sample(shape, is_whole=is_whole) for name, shape in VARIABLES.items()}


WHOLE_SAMPLE = _sampled(is_whole=True)
"""Everything is known."""
SPARSE_SAMPLE = _sampled(is_whole=False)
"""Nothing is known but what always is."""
