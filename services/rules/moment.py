"""Makes of a request and a snapshot what conditions see of the person and the moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from google.protobuf.struct_pb2 import Struct

from services.rules.conditions import RequestFrame
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.columns import CandidateColumns
from services.rules.domain.person import (
    Declines,
    Dislikes,
    Numbers,
    PersonFacts,
    Purchases,
)
from services.rules.domain.verdict import FrameOf
from shared.catalogue import Catalogue
from shared.clock import from_us
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel
from touchpoint.rules.v1 import conditions_pb2 as pb


def person_facts(
    snapshot: PersonSnapshot | None,
    context: DecisionContext,
    declines: Sequence[tuple[int, int]],
) -> PersonFacts:
    """Return what passed between the person and the offers; without a snapshot only `declines`."""
    cart = np.fromiter((line.offer_no for line in context.cart), np.int64, len(context.cart))
    if snapshot is None:
        families, times = zip(*declines, strict=True) if declines else ((), ())
        return PersonFacts(declines=Declines(np.array(families, np.int64), times), cart_nos=cart)
    return PersonFacts(
        Purchases(
            _numbers(snapshot.owned.family_nos),
            snapshot.owned.last_minutes,
            snapshot.owned.times,
            snapshot.owned.cycle_days,
        ),
        Declines(
            _decline_keys(snapshot.declined.family_nos, snapshot.declined.offer_nos),
            snapshot.declined.times_us,
        ),
        Dislikes(
            _numbers(snapshot.disliked.family_nos),
            snapshot.disliked.categories,
            snapshot.disliked.brands,
        ),
        cart if len(cart) else _numbers(snapshot.cart.offer_nos),
    )


def frames(
    compiled: CompiledBundle,
    columns: CandidateColumns,
    catalogue: Catalogue,
    context: DecisionContext,
    snapshot: PersonSnapshot | None,
) -> FrameOf:
    """Return what makes the frame of each placement; each is made once."""
    variables: dict[str, Any] = {
        "customer": _customer(snapshot),
        "session": _session(snapshot),
        "now": from_us(context.now_us),
    }
    request = _request(context, snapshot, catalogue)
    made: dict[str, RequestFrame] = {}

    def frame_of(placement: str) -> RequestFrame:
        if placement not in made:
            asked = pb.Request()
            asked.CopyFrom(request)
            asked.placement = placement
            activate = compiled.compiler.activation
            made[placement] = RequestFrame(columns, {**variables, "request": asked}, activate)
        return made[placement]

    return frame_of


def _numbers(values: Sequence[int]) -> Numbers:
    return np.fromiter(values, np.int64, len(values))


def _decline_keys(family_nos: Sequence[int], offer_nos: Sequence[int]) -> Numbers:
    families, offers = _numbers(family_nos), _numbers(offer_nos)
    return np.where(families > 0, families, offers)


def _customer(snapshot: PersonSnapshot | None) -> pb.Customer:
    if snapshot is None:
        return pb.Customer(profile_answered=False, recency_days=-1)
    return pb.Customer(
        known=snapshot.assurance >= Assurance.CLAIMED,
        verified=snapshot.assurance == Assurance.VERIFIED,
        age=snapshot.age,
        value_tier=snapshot.traits.value_tier,
        segments=snapshot.segments,
        consents=_consents(snapshot),
        refusals=snapshot.refusals,
        recency_days=snapshot.traits.recency_days if snapshot.HasField("traits") else -1,
        frequency=snapshot.traits.frequency,
        monetary_micros=snapshot.traits.monetary_micros,
        complaint_open=snapshot.complaint_open,
        profile_answered=True,
        attributes=snapshot.attributes,
        locale=snapshot.locale,
    )


def _consents(known: PersonSnapshot) -> Sequence[str]:
    """Return what is consented to and not refused; refusing a purpose refuses its channels too."""
    if not known.refusals:
        return known.consents
    refused = frozenset(known.refusals)
    return [
        purpose
        for purpose in known.consents
        if purpose not in refused and purpose.partition(":")[0] not in refused
    ]


def _session(snapshot: PersonSnapshot | None) -> pb.Session:
    if snapshot is None or not snapshot.HasField("session"):
        return pb.Session()
    session = snapshot.session
    made = pb.Session(
        category=session.category, minutes=session.minutes, hesitating=session.hesitating
    )
    if session.last_us:
        made.last_time.FromMicroseconds(session.last_us)
    return made


def _request(
    context: DecisionContext, snapshot: PersonSnapshot | None, catalogue: Catalogue
) -> pb.Request:
    value, lines = _cart(context, snapshot)
    attributes = text_attributes(context.attributes)
    return pb.Request(
        channel=Channel.Value.Name(context.channel),
        cart_value_micros=value,
        cart_lines=lines,
        categories=_categories(context, catalogue),
        locale=context.locale,
        attributes=attributes,
        agent_free=attributes.get("agent_free") == "true",
    )


def _cart(context: DecisionContext, snapshot: PersonSnapshot | None) -> tuple[int, int]:
    """Return worth and number of lines of the cart; the caller's outranks the profile's."""
    if context.cart:
        worth = sum(round(line.quantity * line.price_micros) for line in context.cart)
        return worth, len(context.cart)
    if snapshot is None:
        return 0, 0
    cart = snapshot.cart
    return cart.value_micros, len(cart.offer_nos)


def _categories(context: DecisionContext, catalogue: Catalogue) -> list[str]:
    numbers = {
        int(catalogue.category_no[item_no])
        for item_no in context.item_nos
        if item_no < catalogue.size
    }
    return [catalogue.categories.text(number) for number in sorted(numbers) if number]


def text_attributes(attributes: Struct) -> Mapping[str, str]:
    """Return a caller's attributes as texts; lists and objects are left out."""
    found: dict[str, str] = {}
    for name, value in attributes.fields.items():
        match value.WhichOneof("kind"):
            case "string_value":
                found[name] = value.string_value
            case "bool_value":
                found[name] = "true" if value.bool_value else "false"
            case "number_value":
                found[name] = f"{value.number_value:.15g}"
            case _:
                continue
    return found
