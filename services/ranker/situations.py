"""Reads a request and the snapshot of a person into the situation that the model looks at."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from services.ranker.domain.situation import Liked, Situation
from shared.catalogue import Catalogue
from shared.errors import FieldViolation, InvalidArgument
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot, Session

VISIT_LASTS_US = 2 * 3600 * 1_000_000
"""What was looked at is still on somebody's mind so long after."""
CATEGORY = "category"
"""Attribute of a request's context that names the category in view."""


def read_situation(context: DecisionContext, snapshot: bytes, catalogue: Catalogue) -> Situation:
    """Return the situation; InvalidArgument for a snapshot that cannot be read.

    A gift says nothing of the taste of the person who asks, so nothing of theirs is looked at.
    """
    placements = [ask.placement for ask in context.placements]
    in_view = _in_view(context, catalogue)
    if not snapshot or context.HasField("recipient"):
        return Situation(
            context.channel,
            placements,
            has_cart=bool(context.cart),
            category_in_mind=in_view,
        )
    person = _decoded(snapshot)
    traits = person.traits
    is_told = bool(person.person_ids) and not person.is_guessed
    return Situation(
        channel=context.channel,
        placements=placements,
        assurance=person.assurance,
        value_tier=traits.value_tier,
        recency_days=traits.recency_days if is_told else -1.0,
        has_cart=bool(context.cart or person.cart.offer_nos),
        categories=Liked(traits.categories, traits.category_affinities),
        brands=Liked(traits.brands, traits.brand_affinities),
        category_in_mind=in_view or _on_mind(person.session, context.now_us),
        persona=person.persona,
        segments=sorted(person.segments),
        age=person.age,
        attributes=[f"{name}={value}" for name, value in sorted(person.attributes.items())],
    )


def _in_view(context: DecisionContext, catalogue: Catalogue) -> str:
    """Return the path of the category that the caller shows right now."""
    if context.HasField("attributes") and CATEGORY in context.attributes.fields:
        return str(context.attributes.fields[CATEGORY].string_value)
    for offer_no in context.item_nos:
        if offer_no < catalogue.size:
            return catalogue.categories.text(int(catalogue.category_no[offer_no]))
    return ""


def _on_mind(session: Session, now_us: int) -> str:
    return session.category if now_us - session.last_us <= VISIT_LASTS_US else ""


def _decoded(snapshot: bytes) -> PersonSnapshot:
    try:
        return PersonSnapshot.FromString(snapshot)
    except DecodeError as error:
        raise InvalidArgument([FieldViolation("snapshot", "is no PersonSnapshot")]) from error
