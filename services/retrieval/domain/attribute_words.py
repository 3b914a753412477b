"""Which names and values of attributes can be asked for, and which are only shown or looked up."""

from __future__ import annotations

import re

BRAND = "brand"
"""The brand of an item counts as an attribute of this name."""
GOES_WITH = "goes_with"
"""Attribute of an item that names a category of things it completes."""
_LONGEST = 40
"""Characters of a name or a value; what is longer is a description."""
_LONGEST_PATH = 512
_SHOWN = frozenset(
    {"title", "text", "description", "link", "url", "image", "image_url", "image_link"}
    | {"call_to_action", "ssml"}
)
_CODES = frozenset(
    {"ean", "gtin", "upc", "isbn", "asin", "mpn", "sku", "barcode", "serial_number"}
    | {"id", "uuid", "guid", "item_id", "offer_id", "product_id", "group_id"}
)
_NOT_ASKED_FOR = _SHOWN | _CODES
_LINK_OR_CODE = re.compile(r"[a-z]+://\S*|www\.\S+|\d{8,}")


def lower(text: str) -> str:
    """Return a text as names and values are compared: in lower case, with single blanks."""
    return " ".join(text.lower().split())


def longest_value(name: str) -> int:
    """Return how many characters a value of a name (as `lower` has it) may have; 0: none is kept.

    Links, pictures and codes are of one item each. Two of them at an item would take the room of
    everything else, and make any two items less alike.
    """
    if not 0 < len(name) <= _LONGEST or name in _NOT_ASKED_FOR:
        return 0
    return _LONGEST_PATH if name == GOES_WITH else _LONGEST


def is_link_or_code(value: str) -> bool:
    """Say whether a value (as `lower` has it) is of the kind, whatever it is called."""
    return _LINK_OR_CODE.fullmatch(value) is not None
