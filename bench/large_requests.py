"""Requests to a large catalogue as a page sends them: every source has something to answer."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.large_catalogue import COLOURS, LargeCatalogue
from bench.large_groups import GENDERS, OCCASIONS, REGION, REGIONS
from bench.large_model import LOOKED_AT, PERSONS, person_id
from services.retrieval.domain.learning.gifts import GENDER
from touchpoint.common.v1.decision_pb2 import (
    CartLine,
    DecisionContext,
    PlacementAsk,
    Recipient,
)
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveRequest

CANDIDATES = 200
PLACEMENT = "web.home.banner"
REGULARS = 100
"""Persons of the model who come often, each of a persona."""
_PERSONAS = 8
_REGULAR_SHARE = 0.2
_FEWEST_OF_CATEGORY = 20
_IN_FRONT = 6
"""What lies in front in a category is in view more often."""
_GIFT_EVERY, _ASKS_EVERY, _MISSES_EVERY, _DESCRIBED_EVERY, _PAGES_EVERY = 10, 3, 4, 2, 5
_PAGED = 10
_INTERESTS = ("garden", "sport", "travel", "vintage", "summer", "winter", "blue", "cotton")
_RELATIONSHIPS = ("mother", "father", "friend", "sister", "")
_MOST_PAID = ("15", "25", "40", "80", "")
_MINUTE_US, _DAY_MINUTES = 60_000_000, 1440


@dataclass(frozen=True, slots=True)
class _Asking:
    """Somebody at one moment."""

    number: int
    """Of the request."""
    person: int
    category: int
    nos: list[int]
    """What the category and another one have, each once, at random."""
    now_us: int

    def is_every(self, count: int) -> bool:
        return self.number % count == 0


def persona_of(person: int) -> str:
    """Return as whom a regular comes."""
    return f"persona {person % _PERSONAS}"


def in_front(catalogue: LargeCatalogue) -> dict[int, list[int]]:
    """Return by category the offers that people look at, those in front first."""
    found: dict[int, list[int]] = defaultdict(list)
    for at, category in enumerate(catalogue.category[:LOOKED_AT].tolist()):
        found[category].append(at + 1)
    return {each: nos for each, nos in found.items() if len(nos) >= _FEWEST_OF_CATEGORY}


def retrievals(catalogue: LargeCatalogue, bundle_hash: str) -> Iterator[RetrieveRequest]:
    """Yield requests of one person after the other, each at home in a few categories.

    All have three items in view and two in the cart, and somebody with a history. Every third asks
    for attributes, every fourth found something sold out, every second is of a known age and
    gender, every fifth has seen a page already, and every tenth looks for a gift.
    """
    chance = random.Random(3)
    by_category = in_front(catalogue)
    categories = list(by_category)
    number = 0
    while True:
        number += 1
        one, other = chance.sample(categories, 2)
        nos = [*chance.sample(by_category[one], 12), *chance.sample(by_category[other], 8)]
        nos = list(dict.fromkeys([chance.choice(by_category[one][:_IN_FRONT]), *nos]))
        is_regular = chance.random() < _REGULAR_SHARE
        person = chance.randrange(REGULARS if is_regular else PERSONS)
        asking = _Asking(number, person, one, nos, time.time_ns() // 1000)
        context = _context(asking, bundle_hash, chance)
        if asking.is_every(_ASKS_EVERY):
            context.attributes.update(_answers(catalogue, nos[0], chance))
        if asking.is_every(_GIFT_EVERY):
            context.recipient.CopyFrom(_recipient(chance))
        snapshot = _snapshot(asking, catalogue, chance)
        yield RetrieveRequest(
            context=context, snapshot=snapshot.SerializeToString(), limit=CANDIDATES
        )


def _context(asking: _Asking, bundle_hash: str, chance: random.Random) -> DecisionContext:
    nos = asking.nos
    return DecisionContext(
        bundle_hash=bundle_hash,
        now_us=asking.now_us,
        channel=Channel.WEB,
        placements=[PlacementAsk(placement=PLACEMENT, limit=10)],
        arm=Arm.PERSONALISED,
        item_nos=nos[:3],
        cart=[CartLine(offer_no=no, quantity=1.0) for no in nos[3:5]],
        excluded_offer_nos=chance.sample(nos, _PAGED) if asking.is_every(_PAGES_EVERY) else (),
    )


def _answers(catalogue: LargeCatalogue, no: int, chance: random.Random) -> dict[str, Any]:
    """Return what is asked for: a colour, and a price or the brand of something in view."""
    colours = chance.sample(COLOURS, 2)
    if chance.random() < 0.5:
        return {"colour": colours, "price": {"most": float(chance.choice((15, 25, 40)))}}
    return {"colour": colours[0], "brand": f"Brand {catalogue.brand[no - 1]}"}


def _recipient(chance: random.Random) -> Recipient:
    most = chance.choice(_MOST_PAID)
    return Recipient(
        age=chance.randrange(1, 90),
        gender=chance.choice(GENDERS),
        relationship=chance.choice(_RELATIONSHIPS),
        interests=chance.sample(_INTERESTS, 2),
        occasion=chance.choice(OCCASIONS),
        max_price=Money(amount=most, currency="USD") if most else None,
    )


def _snapshot(asking: _Asking, catalogue: LargeCatalogue, chance: random.Random) -> PersonSnapshot:
    """Return somebody who bought some things and looks at others."""
    now_us, viewed = asking.now_us, asking.nos[12:]
    path = catalogue.category_path(asking.category)
    snapshot = PersonSnapshot(person_ids=[person_id(asking.person)], as_of_us=now_us)
    _own(snapshot, asking.nos[5:12], catalogue, now_us)
    session = snapshot.session
    session.category = path
    session.last_offer_no = viewed[0]
    session.offer_nos.extend(viewed)
    session.start_us, session.last_us = now_us - 20 * _MINUTE_US, now_us - _MINUTE_US
    snapshot.traits.categories.append(path)
    snapshot.traits.category_affinities.append(0.6)
    if asking.person < REGULARS:
        snapshot.persona = persona_of(asking.person)
    if asking.is_every(_DESCRIBED_EVERY):
        snapshot.age = chance.randrange(16, 90)
        snapshot.attributes[GENDER] = chance.choice(GENDERS)
        snapshot.attributes[REGION] = chance.choice(REGIONS)
    if asking.is_every(_MISSES_EVERY):
        snapshot.recent.types.append("out_of_stock")
        snapshot.recent.offer_nos.append(viewed[1])
        snapshot.recent.times_us.append(now_us - 2 * _MINUTE_US)
    return snapshot


def _own(snapshot: PersonSnapshot, nos: list[int], catalogue: LargeCatalogue, now_us: int) -> None:
    owned, now_minutes = snapshot.owned, now_us // _MINUTE_US
    for place, no in enumerate(nos):
        owned.family_nos.append(int(catalogue.family_nos[no - 1]))
        owned.last_minutes.append(now_minutes - (5 + 9 * place) * _DAY_MINUTES)
        owned.times.append(1 + place % 5)
        owned.cycle_days.append(10.0 if place % 5 > 2 else 0.0)
