"""People, offers, decisions and answers for tests of the learning log."""

from __future__ import annotations

import itertools
import uuid

import numpy as np

from services.ranker.domain.answers import (
    CONTENT,
    DAY_US,
    HOUR_US,
    PRODUCT,
    PROMOTION,
    REDEEMING,
    SURVEY,
    Answer,
    OfferFacts,
    Outcome,
)
from services.ranker.domain.encoding import encode
from touchpoint.common.v1.bus_pb2 import ChosenNotice, DecisionNotice
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel

ADA, BOB, CEM = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
SHOES, BLUE_SHOES, BOOK, COUPON, GUIDE, QUESTION = 1, 2, 3, 4, 5, 6
NOON_US = 20_000 * DAY_US + 12 * HOUR_US
FACTS = {
    SHOES: OfferFacts(PRODUCT, SHOES),
    BLUE_SHOES: OfferFacts(PRODUCT, SHOES),
    BOOK: OfferFacts(PRODUCT, BOOK),
    COUPON: OfferFacts(PROMOTION, COUPON, ends_us=NOON_US + 48 * HOUR_US),
    GUIDE: OfferFacts(CONTENT, GUIDE),
    QUESTION: OfferFacts(SURVEY, QUESTION),
}
BANNER, PROMPT = "web.home.banner", "agent.prompt"
SEEN_AT_ONCE = frozenset({PROMPT})
SHOWN, ACCEPTED, DECLINED = Outcome.SHOWN, Outcome.ACCEPTED, Outcome.DECLINED
LATE, RETURNED = Outcome.LATE, Outcome.RETURNED
_NUMBERS = {"coupon": COUPON, "book": BOOK}


def offer_no(offer_id):
    """Look the number of an id up."""
    return _NUMBERS.get(offer_id, 0)


def seen_as(offer, offset=-3.0):
    """Make what the model saw of an offer."""
    return encode(offset, np.array([offer, 100 + offer], np.uint32))


def seen_of_somebody(offer):
    """Make the same with characteristics of whom it was shown to."""
    return encode(-3.0, np.array([offer, 100 + offer], np.uint32), np.array([7, 8], np.uint32))


_EVENTS = itertools.count(1)


def decision_id(number):
    return str(uuid.UUID(int=1000 + number))


def decision(
    number, *offers, persons=(ADA,), placement=BANNER, hours=0.0, arm=Arm.PERSONALISED, seen=seen_as
):
    return DecisionNotice(
        decision_id=decision_id(number),
        person_ids=persons,
        time_us=NOON_US + int(hours * HOUR_US),
        arm=arm,
        channel=Channel.CALL_CENTER if placement == PROMPT else Channel.WEB,
        chosen=[
            ChosenNotice(
                placement=placement,
                offer_no=offer,
                position=position,
                selection_probability=0.5,
                features=seen(offer),
            )
            for position, offer in enumerate(offers)
        ],
    )


def answer(
    kind, offer=0, about=None, person=ADA, hours=1.0, event_id="", quantity=1.0, order="", buying=0
):
    """Make an event; `about` is the number of the decision it names, `buying` the item bought."""
    family_no = FACTS[offer].family_no if offer in FACTS else offer
    bought = FACTS[buying or offer].family_no if kind == "purchase" else 0
    return Answer(
        event_id=event_id or f"event-{next(_EVENTS)}",
        person_id=person,
        type=kind,
        time_us=NOON_US + int(hours * HOUR_US),
        offer_no=offer,
        family_no=family_no,
        decision_id="" if about is None else decision_id(about),
        quantity=quantity,
        order_id=order,
        bought_family_no=bought,
    )


def redeeming(item, promotion, event_id, **more):
    """Make the two answers that one purchase is: of the item and of what it redeems."""
    return (
        answer("purchase", item, event_id=event_id, **more),
        answer("purchase", promotion, event_id=event_id + REDEEMING, buying=item, **more),
    )


async def lessons(desk):
    """Return decision, offer and outcome of each row, in order."""
    return [
        (
            int(uuid.UUID(each.row.decision_id)) - 1000 if each.row.decision_id else None,
            each.row.offer_no,
            each.row.outcome,
        )
        for each in await desk.log.rows_after(0, 1000)
    ]


async def parked(desk):
    return {each.reason.name: each.count for each in (await desk.log.state()).parked}
