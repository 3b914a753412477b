"""Reads a request and the snapshot of a person into the situation that the model looks at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

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
        local = _local(context.now_us, "")
        return Situation(
            context.channel,
            placements,
            has_cart=bool(context.cart),
            category_in_mind=in_view,
            told=list(_told(context)),
            hour=local.hour,
            weekday=local.weekday(),
            is_gift=context.HasField("recipient"),
        )
    person = _decoded(snapshot)
    traits, local = person.traits, _local(context.now_us, person.time_zone)
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
        told=list(_told(context)),
        hour=local.hour,
        weekday=local.weekday(),
        price_sensitivity=traits.price_sensitivity if is_told else -1.0,
        is_hesitating=_is_on_mind(person.session, context.now_us) and person.session.hesitating,
        person=person.person_ids[0] if is_told else "",
    )


def _told(context: DecisionContext) -> Iterator[str]:
    """Yield what the caller said of the moment, but for the category, which is looked at."""
    if not context.HasField("attributes"):
        return
    for name, value in sorted(context.attributes.fields.items()):
        kind = value.WhichOneof("kind")
        if name == CATEGORY:
            continue
        if kind == "string_value":
            yield f"{name}={value.string_value}"
        elif kind == "number_value":
            yield f"{name}={value.number_value:.15g}"
        elif kind == "bool_value":
            yield f"{name}={str(value.bool_value).lower()}"


def _local(now_us: int, time_zone: str) -> datetime:
    """Return the time where the person is; in UTC where that is not known."""
    return datetime.fromtimestamp(now_us / 1_000_000, _zone(time_zone))


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what somebody took for a time zone
        return UTC


def _in_view(context: DecisionContext, catalogue: Catalogue) -> str:
    """Return the path of the category that the caller shows right now."""
    if context.HasField("attributes") and CATEGORY in context.attributes.fields:
        return str(context.attributes.fields[CATEGORY].string_value)
    for offer_no in context.item_nos:
        if offer_no < catalogue.size:
            return catalogue.categories.text(int(catalogue.category_no[offer_no]))
    return ""


def _on_mind(session: Session, now_us: int) -> str:
    return session.category if _is_on_mind(session, now_us) else ""


def _is_on_mind(session: Session, now_us: int) -> bool:
    return now_us - session.last_us <= VISIT_LASTS_US


def _decoded(snapshot: bytes) -> PersonSnapshot:
    try:
        return PersonSnapshot.FromString(snapshot)
    except DecodeError as error:
        raise InvalidArgument([FieldViolation("snapshot", "is no PersonSnapshot")]) from error
