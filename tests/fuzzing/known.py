"""Values that mean something to a suite with the small shop in it, by the fields that hold them.

A request of nothing but chance is refused at the first field; these lead further in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.journeys.shop import ITEMS, NEAR_EVERY_OFFER, OFFERS

_ITEM_IDS = [*NEAR_EVERY_OFFER, *(item.item_id for item in ITEMS[:4])]
_OFFER_IDS = [*(offer.offer_id for offer in OFFERS), *_ITEM_IDS[:3]]
_PERSONS = [f"0199f0e0-0000-7000-8000-00000000000{number}" for number in range(3)]
_PLACEMENTS = ["web.home.banner", "agent.prompt", "ivr.menu", "email.body", "store.till"]

TEXTS: Mapping[str, Sequence[str]] = {
    "amount": ["0", "1", "12.50", "-3", "1e9", "99999999999999999999", "0.000000001", "NaN"],
    "currency": ["USD", "EUR", "usd", "XXX"],
    "kind": ["customer", "visitor", "email", "phone", "loyalty_card"],
    "value": ["c-1", "a@example.com", "+12025550123", "07", "marketing"],
    "type": ["view", "purchase", "search", "login", "consent", "decline", "impression", "click"],
    "placement": _PLACEMENTS,
    "placements": _PLACEMENTS,
    "offer_id": _OFFER_IDS,
    "offer_ids": _OFFER_IDS,
    "chosen": _OFFER_IDS,
    "item_id": _ITEM_IDS,
    "item_ids": _ITEM_IDS,
    "exclude_ids": _ITEM_IDS,
    "variant_of": _ITEM_IDS,
    "person_id": _PERSONS,
    "person_ids": _PERSONS,
    "category": ["Sport > Running > Shoes", "Sport", " > ", "Electronics > TVs"],
    "locale": ["en", "de-CH", "xx", "en_US.UTF-8"],
    "language": ["en", "de", "zz"],
    "time_zone": ["Europe/Zurich", "UTC", "Mars/Phobos"],
    "path": ["rules.yaml", "../rules.yaml", "a/b.yaml"],
    "text": ["rules: []", "rules: [", "offers: [{offer_id: x}]", "&a [*a]", "{{ person.name }}"],
    "content": ["rules: []", "rules: [", "offers: [{offer_id: x, kind: SURVEY, title: X}]"],
    "expression": ["true", "traits.visits > 3", "[1].all(x, x > 0)", "((("],
    "condition": ["true", "traits.visits > 3", "((("],
    "segment": ["new_visitors", "true", "nobody"],
    "policy": ["agents", "standard", "unheard"],
    "purpose": ["marketing", "sharing", "x"],
    "agent_id": ["agent-1"],
    "task_id": ["0199f0e0-0000-7000-8000-00000000000a"],
    "experiment": ["x", "ranking"],
    "scenario": ["abandoned_cart", "x"],
    "session_id": ["s-1"],
    "phone": ["+12025550123"],
}
"""By field name."""

SERIALISED: Mapping[str, str] = {
    "snapshot": "touchpoint.common.v1.PersonSnapshot",
    "snapshots": "touchpoint.common.v1.PersonSnapshot",
}
"""Fields of bytes to the message that they hold."""
