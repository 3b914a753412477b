"""The parameters that say where calls go: names of queues, and the queues of choices in a menu."""

from __future__ import annotations

import re

DEFAULT, COMPLAINT, JOURNEY = "routing.default", "routing.complaint", "routing.journey"
CHOICES = "routing.choices"
_LABEL = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def queue(text: str) -> str:
    """Read the name of a queue; raises ValueError."""
    if not _LABEL.fullmatch(text):
        raise ValueError(f"{text!r} is no queue; write 1 to 40 characters in lower_snake_case")
    return text


def queues_of_choices(text: str) -> dict[str, str]:
    """Read `orders: service, products: sales`: the queue of each choice; raises ValueError."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        choice, colon, name = pair.partition(":")
        choice = choice.strip()
        if not (colon and choice) or choice in found:
            raise ValueError(
                f"{pair!r} is no choice of its own with a queue; write orders: service"
            )
        found[choice] = queue(name.strip())
    return found
