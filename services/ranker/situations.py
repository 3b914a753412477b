"""Reads a request and the snapshot of a person into the situation that the model looks at."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.ranker.domain.situation import Liked, Situation, is_personal
from shared.catalogue import Catalogue
from shared.snapshots import snapshot_of
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot, Session, Traits
from touchpoint.common.v1.vocabulary_pb2 import Doubt, PurchaseStage

VISIT_LASTS_US = 2 * 3600 * 1_000_000
"""What was looked at is still on somebody's mind so long after."""
_MICROS = 1e6
_MOST_SCORES = 8
_PROFILING = "profiling"
"""Purpose of learning from what somebody is, unless they refuse."""
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
            now_us=context.now_us,
        )
    person = snapshot_of(snapshot)
    traits, local = person.traits, _local(context.now_us, person.time_zone)
    is_told = bool(person.person_ids) and not person.is_guessed
    in_mind = in_view or _on_mind(person.session, context.now_us)
    is_visiting = context.now_us - person.session.last_us <= VISIT_LASTS_US
    numbers = list(_known_of(traits, context.channel)) if is_told else []
    if is_visiting:
        numbers += _visit(person.session)
    return Situation(
        channel=context.channel,
        placements=placements,
        assurance=person.assurance,
        value_tier=traits.value_tier,
        recency_days=traits.recency_days if is_told else -1.0,
        has_cart=bool(context.cart or person.cart.offer_nos),
        categories=Liked(traits.categories, traits.category_affinities),
        brands=Liked(traits.brands, traits.brand_affinities),
        category_in_mind=in_mind,
        persona=person.persona,
        segments=sorted(person.segments),
        age=person.age,
        attributes=[
            f"{name}={value}"
            for name, value in sorted(person.attributes.items())
            if not is_personal(name)
        ],
        told=list(_told(context)),
        hour=local.hour,
        weekday=local.weekday(),
        price_sensitivity=traits.price_sensitivity if is_told else -1.0,
        is_hesitating=_is_on_mind(person.session, context.now_us) and person.session.hesitating,
        person=person.person_ids[0] if is_told else "",
        numbers=[(name, value) for name, value in numbers if math.isfinite(value)],
        states=list(_mood(person, in_mind, is_visiting=is_visiting)),
        may_be_learned_from=_PROFILING not in person.refusals,
        now_us=context.now_us,
    )


def _told(context: DecisionContext) -> Iterator[str]:
    """Yield what the caller said of the moment, but for the category, which is looked at."""
    if not context.HasField("attributes"):
        return
    for name, value in sorted(context.attributes.fields.items()):
        kind = value.WhichOneof("kind")
        if name == CATEGORY or is_personal(name):
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


def _known_of(traits: Traits, channel: int) -> Iterator[tuple[str, float]]:
    """Yield what profile computed of somebody; shares are left out where they are not known."""
    yield "frequency", traits.frequency
    yield "monetary", traits.monetary_micros / _MICROS
    yield "contribution", traits.contribution_micros / _MICROS
    yield "complaints", traits.complaints
    yield "referrals", traits.referrals
    answers = traits.answers
    for name, share in (
        ("recency_days", traits.recency_days),
        ("tenure_days", traits.tenure_days),
        ("promotion_share", traits.promotion_share),
        ("price_sensitivity", traits.price_sensitivity),
        ("return_share", traits.return_share),
        ("email_open_share", answers.email_open_share),
        ("email_click_share", answers.email_click_share),
    ):
        if share >= 0.0:
            yield name, share
    shown = sum(answers.shown)
    yield "shown", shown
    if shown:
        accepted = sum(n * share for n, share in zip(answers.shown, answers.accepted_shares))
        yield "accepted_share", accepted / shown
    for where, count, share in zip(answers.channels, answers.shown, answers.accepted_shares):
        if where == channel:
            yield "shown_here", count
            yield "accepted_share_here", share
    for name, score in sorted(traits.scores.items())[:_MOST_SCORES]:
        yield f"score:{name}", score


def _visit(session: Session) -> Iterator[tuple[str, float]]:
    """Yield what is done in this visit."""
    yield "visit_minutes", session.active_minutes
    yield "visit_category_minutes", session.minutes
    yield "visit_items", len(session.offer_nos)
    yield "visit_searches", session.searches
    yield "visit_articles", session.articles
    yield "visit_questions", session.questions
    yield "visit_cart", session.cart_value_micros / _MICROS
    yield "visit_checkout_minutes", session.checkout_minutes


def _mood(person: PersonSnapshot, in_mind: str, *, is_visiting: bool) -> Iterator[str]:
    """Yield how far somebody is with what is on their mind, what they doubt, what they complain."""
    if is_visiting and person.session.hesitating:
        yield f"doubt={Doubt.Value.Name(person.session.doubt)}"
    stages = person.traits.stages
    for category, stage in zip(stages.categories, stages.stages):
        if in_mind and category == in_mind:
            yield f"stage={PurchaseStage.Value.Name(stage)}"
    if person.complaint_open:
        yield "complaint=open"


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
