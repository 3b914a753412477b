"""What conditions see of a person: each field read from the snapshot when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from google.protobuf.message import Message

from shared.clock import from_us
from touchpoint.common.v1.conditions_pb2 import Customer, ShoppingSession
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, Doubt, PurchaseStage

PERSON_MESSAGES: Mapping[str, type[Message]] = {"customer": Customer, "session": ShoppingSession}
_SEPARATOR = " > "
_US_PER_DAY = 86_400_000_000


class Field(NamedTuple):
    """One field of `customer` or `session`."""

    part: str
    """The part of the snapshot that it stands on; empty: its head."""
    read: Callable[[PersonSnapshot], Any]


def person_messages(
    field: Callable[[str], Any], reads: Collection[str] = tuple(PERSON_MESSAGES)
) -> dict[str, Any]:
    """Return the messages of CEL as far as they are read: `customer.age`, or all of `customer`."""
    return messages_read(field, PERSON_MESSAGES, reads)


def messages_read(
    field: Callable[[str], Any], types: Mapping[str, type[Message]], reads: Collection[str]
) -> dict[str, Any]:
    """Return messages of CEL by their variable, with the fields that are read of them.

    Of `customer` and `session` every field but the asking service's own can be read, of any other
    message all.
    """
    made = {}
    for variable, type_ in types.items():
        names = (f"{variable}.{own}" for own in type_.DESCRIPTOR.fields_by_name)
        found = {
            name.partition(".")[2]: value
            for name in names
            if (name in reads or variable in reads)
            and (name in FIELDS or variable not in PERSON_MESSAGES)
            and (value := field(name)) is not None
        }
        made[variable] = type_(**found)
    return made


def _assurance(snapshot: PersonSnapshot) -> str:
    return Assurance.Value.Name(snapshot.assurance) if snapshot.assurance else ""


def _days_since_complaint(snapshot: PersonSnapshot) -> float:
    if not snapshot.complaint_open:
        return -1.0
    return max(snapshot.as_of_us - snapshot.complaint_us, 0) / _US_PER_DAY


def _recency_days(snapshot: PersonSnapshot) -> float:
    return float(snapshot.traits.recency_days) if snapshot.HasField("traits") else -1.0


def _tenure_days(snapshot: PersonSnapshot) -> float:
    return float(snapshot.traits.tenure_days) if snapshot.HasField("traits") else -1.0


def _consents(snapshot: PersonSnapshot) -> Sequence[str]:
    """Return what is consented to and not refused; refusing a purpose refuses its channels too."""
    if not snapshot.refusals:
        return snapshot.consents
    refused = frozenset(snapshot.refusals)
    return [
        purpose
        for purpose in snapshot.consents
        if purpose not in refused and purpose.partition(":")[0] not in refused
    ]


def _category_affinities(snapshot: PersonSnapshot) -> dict[str, float]:
    """Return the share of each category with all below it."""
    traits = snapshot.traits
    found: dict[str, float] = {}
    for category, share in zip(traits.categories, traits.category_affinities, strict=True):
        path = category
        while path:
            found[path] = found.get(path, 0.0) + share
            path = path.rpartition(_SEPARATOR)[0]
    return found


def _top_category(snapshot: PersonSnapshot) -> tuple[float, str]:
    """Return the share and the name of the top-level category of most interest."""
    traits = snapshot.traits
    found: dict[str, float] = {}
    for category, share in zip(traits.categories, traits.category_affinities, strict=True):
        top = category.partition(_SEPARATOR)[0]
        found[top] = found.get(top, 0.0) + share
    return max(((share, name) for name, share in found.items()), default=(0.0, ""))


def _brand_affinities(snapshot: PersonSnapshot) -> dict[str, float]:
    traits = snapshot.traits
    return dict(zip(traits.brands, traits.brand_affinities, strict=True))


def _last_time(snapshot: PersonSnapshot) -> datetime | None:
    return from_us(snapshot.session.last_us) if snapshot.session.last_us else None


def _channel(snapshot: PersonSnapshot) -> str:
    channel = snapshot.session.channel
    return Channel.Value.Name(channel) if channel else ""


def _doubt(snapshot: PersonSnapshot) -> str:
    doubt = snapshot.session.doubt
    return Doubt.Value.Name(doubt) if doubt else ""


def _preferred_channel(snapshot: PersonSnapshot) -> str:
    channels = snapshot.traits.channels
    return Channel.Value.Name(channels[0]) if channels else ""


def _channel_shares(snapshot: PersonSnapshot) -> dict[str, float]:
    traits = snapshot.traits
    names = map(Channel.Value.Name, traits.channels)
    return dict(zip(names, traits.channel_shares, strict=True))


def _answered(snapshot: PersonSnapshot, name: str) -> float:
    traits = snapshot.traits
    return float(getattr(traits.answers, name)) if traits.HasField("answers") else -1.0


def _stages(snapshot: PersonSnapshot) -> dict[str, str]:
    stages = snapshot.traits.stages
    names = map(PurchaseStage.Value.Name, stages.stages)
    return dict(zip(stages.categories, names, strict=True))


def _category_aversions(snapshot: PersonSnapshot) -> dict[str, float]:
    disliked = snapshot.disliked
    return dict(zip(disliked.soft_categories, disliked.soft_category_strengths, strict=True))


def _brand_aversions(snapshot: PersonSnapshot) -> dict[str, float]:
    disliked = snapshot.disliked
    return dict(zip(disliked.soft_brands, disliked.soft_brand_strengths, strict=True))


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "customer.known": Field("", lambda known: known.assurance >= Assurance.CLAIMED),
        "customer.verified": Field("", lambda known: known.assurance == Assurance.VERIFIED),
        "customer.assurance": Field("", _assurance),
        "customer.identity_kinds": Field("", lambda known: known.identity_kinds),
        "customer.segments": Field("segments", lambda known: known.segments),
        "customer.complaint_open": Field("complaint", lambda known: known.complaint_open),
        "customer.days_since_complaint": Field("complaint", _days_since_complaint),
        "customer.age": Field("attributes", lambda known: known.age),
        "customer.attributes": Field("attributes", lambda known: known.attributes),
        "customer.locale": Field("attributes", lambda known: known.locale),
        "customer.time_zone": Field("attributes", lambda known: known.time_zone),
        "customer.consents": Field("consents", _consents),
        "customer.refusals": Field("consents", lambda known: known.refusals),
        "customer.recency_days": Field("orders", _recency_days),
        "customer.tenure_days": Field("orders", _tenure_days),
        "customer.value_tier": Field("orders", lambda known: known.traits.value_tier),
        "customer.referrals": Field("referrals", lambda known: known.traits.referrals),
        "customer.referred_contribution_micros": Field(
            "referrals", lambda known: known.traits.referred_contribution_micros
        ),
        "customer.frequency": Field("orders", lambda known: known.traits.frequency),
        "customer.monetary_micros": Field("orders", lambda known: known.traits.monetary_micros),
        "customer.contribution_micros": Field(
            "orders", lambda known: known.traits.contribution_micros
        ),
        "customer.contribution_is_sales": Field(
            "orders", lambda known: known.traits.contribution_is_sales
        ),
        "customer.promotion_share": Field("orders", lambda known: known.traits.promotion_share),
        "customer.price_sensitivity": Field("orders", lambda known: known.traits.price_sensitivity),
        "customer.return_share": Field("orders", lambda known: known.traits.return_share),
        "customer.complaints": Field("orders", lambda known: known.traits.complaints),
        "customer.preferred_channel": Field("habits", _preferred_channel),
        "customer.channel_shares": Field("habits", _channel_shares),
        "customer.hours": Field("habits", lambda known: known.traits.hours),
        "customer.email_open_share": Field(
            "habits", lambda known: _answered(known, "email_open_share")
        ),
        "customer.email_click_share": Field(
            "habits", lambda known: _answered(known, "email_click_share")
        ),
        "customer.bought_categories": Field(
            "kept", lambda known: known.traits.bought_categories.categories
        ),
        "customer.stages": Field("stages", _stages),
        "customer.category_aversions": Field("aversions", _category_aversions),
        "customer.brand_aversions": Field("aversions", _brand_aversions),
        "customer.categories": Field("tastes", lambda known: known.traits.categories),
        "customer.category_affinities": Field("tastes", _category_affinities),
        "customer.top_category": Field("tastes", lambda known: _top_category(known)[1]),
        "customer.top_category_affinity": Field("tastes", lambda known: _top_category(known)[0]),
        "customer.brands": Field("tastes", lambda known: known.traits.brands),
        "customer.brand_affinities": Field("tastes", _brand_affinities),
        "customer.scores": Field("scores", lambda known: known.traits.scores),
        "customer.score_stages": Field("scores", lambda known: known.traits.score_stages),
        "customer.persona": Field("persona", lambda known: known.persona),
        "customer.persona_probability": Field("persona", lambda known: known.persona_probability),
        "customer.disliked_categories": Field("opinions", lambda known: known.disliked.categories),
        "customer.disliked_brands": Field("opinions", lambda known: known.disliked.brands),
        "customer.declines": Field("opinions", lambda known: len(known.declined.offer_nos)),
        "customer.owned_products": Field("owned", lambda known: len(known.owned.family_nos)),
        "customer.cart_value_micros": Field("cart", lambda known: known.cart.value_micros),
        "customer.cart_lines": Field("cart", lambda known: len(known.cart.offer_nos)),
        "session.category": Field("session", lambda known: known.session.category),
        "session.minutes": Field("session", lambda known: known.session.minutes),
        "session.hesitating": Field("session", lambda known: known.session.hesitating),
        "session.last_time": Field("session", _last_time),
        "session.items": Field("session", lambda known: len(known.session.offer_nos)),
        "session.channel": Field("session", _channel),
        "session.active_minutes": Field("session", lambda known: known.session.active_minutes),
        "session.searches": Field("session", lambda known: known.session.searches),
        "session.articles": Field("session", lambda known: known.session.articles),
        "session.questions": Field("session", lambda known: known.session.questions),
        "session.doubt": Field("session", _doubt),
        "session.checkout_minutes": Field("session", lambda known: known.session.checkout_minutes),
    }
)
"""By the name that conditions use; `customer.profile_answered` is the asking service's own."""
