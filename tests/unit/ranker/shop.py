"""A small shop for the ranker's tests: items of two tastes, a promotion, people."""

from __future__ import annotations

import numpy as np

from services.ranker.definitions import compile_bundle
from services.ranker.domain.entities import Entities
from services.ranker.domain.features import FeatureMaker, Proposed
from services.ranker.domain.situation import Liked, Situation
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Source
from touchpoint.rules.v1.rules_pb2 import Bundle, ContactMoment, Placement, Prior

BIKES, BOOKS = "Cycling > Bikes", "Books > Crime"
BIKE_NOS, BOOK_NOS = range(1, 11), range(11, 21)
COUPON = 21
BANNER, PROMPT = "web.home.banner", "agent.prompt"
PRIOR = 0.03


def shop(order=BIKE_NOS):
    """Make the catalogue; the order in which rows arrive differs between replicas."""
    rows = [_item(number, BIKES) for number in BIKE_NOS]
    rows += [_item(number, BOOKS) for number in BOOK_NOS]
    rows.append(
        CatalogueRow(
            offer_no=COUPON,
            offer_id="coupon",
            kind=OfferKind.PROMOTION,
            about_categories=[BIKES],
            value_micros=20_000_000,
            lever=1.0,
        )
    )
    made = Catalogue()
    rows = rows if order is BIKE_NOS else rows[::-1]
    for version, row in enumerate(rows, start=1):
        made.apply(CatalogueBatch(previous_version=version - 1, version=version, rows=[row]))
    return made


def _item(number, category):
    return CatalogueRow(
        offer_no=number,
        offer_id=f"item-{number}",
        kind=OfferKind.PRODUCT,
        family_no=number,
        category=category,
        brand=f"brand-{number % 3}",
        price_micros=number * 10_000_000,
        value_micros=10_000_000,
        lever=1.0,
    )


def definitions():
    return compile_bundle(
        Bundle(
            priors=[
                Prior(kind=OfferKind.PRODUCT, probability=PRIOR),
                Prior(kind=OfferKind.PROMOTION, probability=PRIOR),
            ],
            placements=[
                Placement(placement=BANNER, contact_moment=ContactMoment.IMPRESSION),
                Placement(placement=PROMPT, contact_moment=ContactMoment.DECISION),
            ],
        )
    )


def proposed(*nos):
    return Proposed(
        np.array(nos, np.int64),
        np.full(len(nos), Source.POPULAR, np.int64),
        np.ones(len(nos)),
        np.ones(len(nos), np.uint32),
    )


def liker(category, **more):
    """Make the situation of somebody who likes one category."""
    return Situation(
        channel=Channel.WEB,
        placements=[BANNER],
        assurance=1,
        value_tier="medium",
        recency_days=12.0,
        categories=Liked([category], [0.6]),
        **more,
    )


def maker(catalogue=None):
    return FeatureMaker(Entities(catalogue or shop()))
