"""Writes the sections of the view, each from what one service answered."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from services.aggregator.domain.vocabulary import Channel
from services.aggregator.pipeline.wording import Wording
from services.aggregator.view.traits import money
from shared.catalogue import Catalogue
from shared.exchange import Exchange
from touchpoint.aggregator.v1 import aggregator_pb2 as pb
from touchpoint.common.v1 import snapshot_pb2
from touchpoint.common.v1.snapshot_pb2 import CallUnderWay, PersonSnapshot
from touchpoint.profile.v1.profile_service_pb2 import GetProfileResponse
from touchpoint.rules.v1.rules_pb2 import Presented, Promise
from touchpoint.scenario.v1.scenario_pb2 import Journey

COOKIE = "visitor"
ANSWERS = frozenset({"accept", "decline", "click", "ignore"})
MOST_RECENT = 50


def who(profile: GetProfileResponse) -> pb.Who:
    """Write who it is; of an ambiguous identity only the choices."""
    facts = profile.snapshot
    if profile.ambiguous:
        return pb.Who(
            ambiguous=True,
            choices=[
                pb.PersonChoice(person_id=choice.person_id, description=choice.description)
                for choice in profile.choices
            ],
        )
    return pb.Who(
        person_id=facts.person_ids[0] if facts.person_ids else "",
        person_ids=facts.person_ids,
        name=profile.name,
        known=any(identity.kind != COOKIE for identity in profile.identities),
        assurance=facts.assurance,
        identities=[
            pb.KnownIdentity(
                kind=identity.kind,
                masked_value=identity.masked_value,
                verified=identity.verified,
            )
            for identity in profile.identities
        ],
    )


def consents(profile: GetProfileResponse) -> Iterable[pb.Consent]:
    """Write the consents with their dates."""
    return (
        pb.Consent(
            purpose=consent.purpose,
            granted=consent.granted,
            changed_time=consent.changed_time,
            source=consent.source,
            expires_time=consent.expires_time if consent.HasField("expires_time") else None,
            stands=consent.stands,
        )
        for consent in profile.consents
    )


def session(facts: PersonSnapshot, wording: Wording, currency: str) -> pb.SessionView:
    """Write what is being shopped for."""
    found = facts.session
    view = pb.SessionView(
        category=found.category,
        minutes=round(found.minutes, 1),
        last_item_id=wording.offer_id(found.last_offer_no),
        last_item_title=wording.title(found.last_offer_no),
        cart_value=money(facts.cart.value_micros, currency),
        hesitating=found.hesitating,
        active_minutes=round(found.active_minutes, 1),
        searches=found.searches,
        articles=found.articles,
        questions=found.questions,
        doubt=found.doubt,
        checkout_minutes=round(found.checkout_minutes, 1),
        is_said=found.is_said,
    )
    if found.last_us:
        view.last_time.FromMicroseconds(found.last_us)
    return view


def call(found: CallUnderWay, wording: Wording) -> pb.CallView:
    """Write the call that somebody is on."""
    view = pb.CallView(
        session_id=found.session_id,
        choice=found.choice,
        topic=found.topic,
        category=found.category,
        item_id=wording.offer_id(found.offer_no),
    )
    if found.start_us:
        view.start_time.FromMicroseconds(found.start_us)
    return view


def recent(events: snapshot_pb2.Recent, wording: Wording) -> list[pb.RecentEvent]:
    """Write the latest events, newest first."""
    rows = zip(
        events.types,
        events.times_us,
        events.channels,
        events.offer_nos,
        events.categories,
        strict=True,
    )
    written = []
    for kind, time_us, channel, offer_no, category in islice(rows, MOST_RECENT):
        event = pb.RecentEvent(
            type=kind,
            channel=channel,
            item_id=wording.offer_id(offer_no),
            title=wording.title(offer_no),
            category=category,
        )
        event.time.FromMicroseconds(time_us)
        written.append(event)
    return written


def presented(
    shown: Iterable[Presented], events: snapshot_pb2.Recent, wording: Wording
) -> list[pb.PresentedOffer]:
    """Write what was shown lately, each with the latest answer that followed it."""
    return [
        pb.PresentedOffer(
            offer_id=wording.offer_id(one.offer_no),
            channel=one.channel,
            placement=one.placement,
            presented_time=one.presented_time,
            decision_id=one.decision_id,
            title=wording.title(one.offer_no),
            answer=_answer(one, events),
        )
        for one in shown
    ]


def _answer(shown: Presented, events: snapshot_pb2.Recent) -> str:
    since_us = shown.presented_time.ToMicroseconds()
    rows = zip(events.types, events.offer_nos, events.times_us, strict=True)
    answers = (
        kind
        for kind, offer_no, time_us in rows
        if offer_no == shown.offer_no and kind in ANSWERS and time_us >= since_us
    )
    return next(answers, "")


def promises(open_ones: Iterable[Promise], wording: Wording) -> list[pb.OpenPromise]:
    """Write the promotions that are theirs, on the terms they were made on."""
    return [_promise(each, wording) for each in open_ones]


def _promise(promise: Promise, wording: Wording) -> pb.OpenPromise:
    no, terms = promise.offer_no, promise.terms
    if promise.HasField("terms"):
        wording = wording.on_terms([terms])
    return pb.OpenPromise(
        offer_id=wording.offer_id(no),
        expires_time=promise.expires_time,
        title=wording.title(no),
        made_time=promise.made_time,
        creative=wording.creative(no, Channel.CALL_CENTER) if wording.knows(no) else None,
        attributes=terms.attributes,
        about_items=[wording.offer_id(item_no) for item_no in terms.about_nos],
        about_categories=terms.about_categories,
        sold_out=promise.sold_out,
    )


def journeys(under_way: Iterable[Journey]) -> list[pb.JourneyView]:
    """Write the journeys under way."""
    return [
        pb.JourneyView(
            scenario=journey.scenario,
            stage=journey.stage,
            stage_entered_time=journey.stage_entered_time,
            waits_for=journey.waits_for,
            obstacle=journey.obstacle,
            message=journey.message,
            message_channel_why=journey.message_channel_why,
            message_channels_passed_over=journey.message_channels_passed_over,
            goes_on_time=journey.goes_on_time if journey.HasField("goes_on_time") else None,
        )
        for journey in under_way
    ]


def currency_of(catalogue: Catalogue, exchange: Exchange) -> str:
    """Return the home currency, which amounts of a person are in; empty while there is none."""
    return catalogue.only_currency or exchange.table(catalogue).base
