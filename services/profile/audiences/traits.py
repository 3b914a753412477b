"""The traits by which people are compared: what they have, and numbers about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.profile.domain.event import SEPARATOR
from services.profile.domain.segments import Segment, segments_of
from shared.conditions.person import PersonValues
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel

_LIKED_FROM = 0.1
"""Of all interest: somebody with this share in something likes it."""
_LONGEST_VALUE = 64
_MICROS = 1_000_000


def labels_of(
    snapshot: PersonSnapshot, values: PersonValues, segments: Sequence[Segment]
) -> Iterator[str]:
    """Yield what a person has, each a share of a group later on."""
    yield from _tastes(snapshot, values)
    yield from _said(snapshot, values)
    traits = snapshot.traits
    yield f"value tier: {traits.value_tier}"
    for score, stage in traits.score_stages.items():
        yield f"{score}: {stage}"
    for name in segments_of(segments, values):
        yield f"also in {name}"
    if traits.channels:
        yield f"mostly on {Channel.Value.Name(traits.channels[0])}"
    if snapshot.persona:
        yield f"persona: {snapshot.persona}"
    if snapshot.complaint_open:
        yield "has an open complaint"


def _tastes(snapshot: PersonSnapshot, values: PersonValues) -> Iterator[str]:
    for category, share in values["customer.category_affinities"].items():
        if share >= _LIKED_FROM and SEPARATOR not in category:
            yield f"likes {category}"
    for brand, share in values["customer.brand_affinities"].items():
        if share >= _LIKED_FROM:
            yield f"likes brand {brand}"
    for category in snapshot.disliked.categories:
        yield f"dislikes {category}"


def _said(snapshot: PersonSnapshot, values: PersonValues) -> Iterator[str]:
    for name, value in snapshot.attributes.items():
        if len(value) <= _LONGEST_VALUE:
            yield f"{name}: {value}"
    for purpose in values["customer.consents"]:
        yield f"consents to {purpose}"
    for purpose in snapshot.refusals:
        yield f"refuses {purpose}"
    if snapshot.locale:
        yield f"locale: {snapshot.locale}"


def numbers_of(snapshot: PersonSnapshot) -> Iterator[tuple[str, float]]:
    """Yield numbers about a person; those that are not known are left out."""
    traits = snapshot.traits
    yield "orders in 12 months", float(traits.frequency)
    yield "spent in 12 months", traits.monetary_micros / _MICROS
    yield "products owned", float(len(snapshot.owned.family_nos))
    yield "complaints in 12 months", float(traits.complaints)
    if traits.frequency:
        yield "spent per order", traits.monetary_micros / traits.frequency / _MICROS
        yield "contribution in 12 months", traits.contribution_micros / _MICROS
        yield "promotion share", max(0.0, traits.promotion_share)
        yield "price sensitivity", max(0.0, traits.price_sensitivity)
        yield "return share", max(0.0, traits.return_share)
    if traits.recency_days >= 0.0:
        yield "days since last purchase", traits.recency_days
    if traits.tenure_days >= 0.0:
        yield "days since first purchase", traits.tenure_days
    if snapshot.age:
        yield "age in years", float(snapshot.age)
    for score, value in traits.scores.items():
        yield f"score {score}", value
