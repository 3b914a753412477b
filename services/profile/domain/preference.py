"""What is said of somebody's taste and of themselves: `preference` and `attribute_set` events.

The first is their own word, the second ours: it is no sign of life.
"""

from __future__ import annotations

import re

from services.profile.domain.event import Event

LIKE, DISLIKE, NEUTRAL = "like", "dislike", "neutral"
"""Neutral takes a dislike back without saying that it is liked."""
_SENTIMENTS = frozenset({"", LIKE, DISLIKE, NEUTRAL})
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
_NAME = "name"
_LONGEST = 256


def mistakes(event: Event) -> list[str]:
    """Return what is wrong with a preference, as sentences that begin with the field."""
    details = event.details
    found = []
    if details.get("sentiment", "") not in _SENTIMENTS:
        found.append("attributes.sentiment: must be like, dislike or neutral")
    name = details.get("attribute", "")
    if "value" in details and not name:
        found.append("attributes.attribute: must say what the value is of")
    if name and not _ATTRIBUTE.fullmatch(name):
        found.append("attributes.attribute: must be 1 to 64 of a-z, 0-9, _ . - from a letter on")
    if name == _NAME:
        found.append("attributes.attribute: a name is personal, write it as a customer's")
    if name and "sentiment" in details:
        found.append("attributes.attribute: stands alone, without a sentiment")
    if len(details.get("value", "")) > _LONGEST:
        found.append(f"attributes.value: has more than {_LONGEST} characters")
    return found


def mistakes_of_attribute(event: Event) -> list[str]:
    """Return what is wrong with an attribute that is set; see `mistakes`."""
    if not event.details.get("attribute"):
        return ["attributes.attribute: must say what is set"]
    return mistakes(event)
