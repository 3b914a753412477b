"""The snapshot of a person: the domain's reading of a state, as the message that all decide by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from services.profile.definitions import NO_DEFINITIONS, ProfileDefinitions
from services.profile.domain import asked, call, cart, consent, log, opinions
from services.profile.domain.cart import CartItem
from services.profile.domain.event import SEPARATOR
from services.profile.domain.interest import affinities
from services.profile.domain.latest import Word
from services.profile.domain.lookup import Person
from services.profile.domain.owned import kept
from services.profile.domain.personas.evidence import Evidence
from services.profile.domain.personas.likelihood import Personas
from services.profile.domain.reading import (
    MAX_AFFINITIES,
    Tiers,
    age,
    attribute,
    liked,
    own_attributes,
    standing_declines,
    traits,
)
from services.profile.domain.scores import Score
from services.profile.domain.segments import segments_of
from services.profile.domain.session import MAX_ITEMS, current_session
from services.profile.domain.state import LOCALE, TIME_ZONE, State
from services.profile.snapshot_traits import (
    Moment,
    add_habits,
    add_kept,
    add_soft_dislikes,
    add_stages,
)
from shared.conditions.person import PersonValues
from shared.money import MAX_MICROS
from touchpoint.common.v1.snapshot_pb2 import CallUnderWay, PersonSnapshot, Session, Traits
from touchpoint.common.v1.vocabulary_pb2 import Arm

T = TypeVar("T", int, str)


def snapshot_of(
    person: Person,
    arm: Arm.Value.ValueType,
    tiers: Tiers,
    now_us: int,
    definitions: ProfileDefinitions = NO_DEFINITIONS,
) -> PersonSnapshot:
    """Return what deciding needs to know; of nobody known or an ambiguous identity, nothing.

    It is bounded because the state is: see `prune` and `merge`.
    """
    snapshot = PersonSnapshot(arm=arm, as_of_us=now_us)
    if not person.is_known:
        return snapshot
    state = person.state()
    snapshot.person_ids.extend(person.person_ids)
    snapshot.seq = person.seq
    snapshot.assurance = person.assurance  # type: ignore[assignment]
    moment = Moment(now_us, tiers)
    if person.is_guessed:
        snapshot.is_guessed = True
        for name in _PROTECTING:
            PARTS[name](snapshot, state, moment)
        return snapshot
    snapshot.standing_token = person.standing_token
    snapshot.identity_kinds.extend(person.identity_kinds)
    for add in PARTS.values():
        add(snapshot, state, moment)
    if definitions.scores:
        add_scores(snapshot.traits, state, definitions.scores)
    add_persona(snapshot, state, definitions.personas, moment)
    if definitions.segments:
        snapshot.segments.extend(segments_of(definitions.segments, PersonValues(snapshot)))
    return snapshot


def add_persona(snapshot: PersonSnapshot, state: State, personas: Personas, moment: Moment) -> None:
    def value_tier() -> str:
        return snapshot.traits.value_tier or traits(state, *moment).value_tier

    if likeliest := personas.likeliest(Evidence(state, moment.now_us, value_tier)):
        snapshot.persona, snapshot.persona_probability = likeliest


def add_scores(part: Traits, state: State, scores: Sequence[Score]) -> None:
    for score in scores:
        value = part.scores[score.name] = score.value(state.tallies)
        if stage := score.stage(value):
            part.score_stages[score.name] = stage


def _add_attributes(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    if not state.attributes:
        return
    snapshot.time_zone = attribute(state, TIME_ZONE)
    snapshot.locale = attribute(state, LOCALE)
    snapshot.age = age(state, moment.now_us)
    snapshot.attributes.update(own_attributes(state))


def _add_complaint(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    if state.complaint.yes:
        snapshot.complaint_open, snapshot.complaint_us = True, state.complaint.time_us


def _add_consents(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    if state.consents:
        granted, refused = consent.standing(state.consents, moment.now_us)
        snapshot.consents.extend(granted)
        snapshot.refusals.extend(refused)


def _add_orders(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    part, found = snapshot.traits, traits(state, moment.now_us, moment.tiers)
    part.recency_days = found.recency_days
    part.frequency = found.frequency
    part.monetary_micros = found.monetary_micros
    part.contribution_micros = found.contribution_micros
    part.contribution_is_sales = found.contribution_is_sales
    part.value_tier = found.value_tier
    part.tenure_days = found.tenure_days
    part.promotion_share = found.promotion_share
    part.price_sensitivity = found.price_sensitivity
    part.return_share = found.return_share
    part.complaints = found.complaints


def _add_tastes(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    part = snapshot.traits
    for subjects, shares, interests, words in (
        (part.categories, part.category_affinities, *opinions.of_categories(state)),
        (part.brands, part.brand_affinities, *opinions.of_brands(state)),
    ):
        tastes = liked(affinities(interests, MAX_AFFINITIES), _disliked(words))
        if tastes:
            names, parts = zip(*tastes, strict=True)
            subjects.extend(names)
            shares.extend(parts)


def _add_owned(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    part, families = snapshot.owned, kept(state.owned)
    if families:
        family_nos, ownerships = zip(*families, strict=True)
        _, last_minutes, times, cycle_days, _ = zip(*ownerships, strict=True)
        part.family_nos.extend(family_nos)
        part.last_minutes.extend(last_minutes)
        part.times.extend(times)
        part.cycle_days.extend(cycle_days)


def _add_opinions(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    declined, disliked = snapshot.declined, snapshot.disliked
    declines = standing_declines(state)
    if declines:
        offer_nos, family_nos, times_us = zip(*declines, strict=True)
        declined.offer_nos.extend(offer_nos)
        declined.family_nos.extend(family_nos)
        declined.times_us.extend(times_us)
    disliked.family_nos.extend(_disliked(state.disliked_families))
    disliked.categories.extend(_disliked(opinions.of_categories(state).words))
    disliked.brands.extend(_disliked(opinions.of_brands(state).words))


def _add_asked(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    if state.asked:
        snapshot.questions_asked.extend(asked.questions(state.asked))
        answered = asked.surveys(state.asked, moment.now_us)
        snapshot.surveys_answered.extend(answered.keys())
        snapshot.survey_times_us.extend(answered.values())


def _add_referrals(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    persons, contribution_micros = state.referred
    if persons:
        snapshot.traits.referrals = persons
        snapshot.traits.referred_contribution_micros = contribution_micros


def _disliked(words: Mapping[T, Word]) -> list[T]:
    """Return them in an order of their own: which was told first is an accident of the bus."""
    return sorted(subject for subject, word in words.items() if word.yes) if words else []


def _add_cart(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    part, lines = snapshot.cart, cart.items(state.cart, moment.now_us)
    for item in lines:
        part.offer_nos.append(item.offer_no)
        part.quantities.append(item.quantity)
        part.price_micros.append(item.price_micros)
    part.value_micros = _value_micros(lines)


def _value_micros(lines: Sequence[CartItem]) -> int:
    return min(round(sum(line.quantity * line.price_micros for line in lines)), MAX_MICROS)


def _add_recent(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    part, entries = snapshot.recent, log.recent(state.log)
    if entries:
        times_us, types, channels, offer_nos, categories, session_ids, _, _ = zip(
            *entries, strict=True
        )
        part.types.extend(types)
        part.times_us.extend(times_us)
        part.channels.extend(channels)
        part.offer_nos.extend(offer_nos)
        part.categories.extend(categories)
        part.session_ids.extend(session_ids)


def _add_session(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    part, session = snapshot.session, current_session(state.log)
    if session is not None:
        part.category = session.category
        part.minutes = session.minutes
        part.last_offer_no = session.last_offer_no
        part.start_us = session.start_us
        part.last_us = session.last_us
        part.hesitating = session.hesitating
        part.offer_nos.extend(session.offer_nos)
        part.channel = session.channel  # type: ignore[assignment]
        part.active_minutes = session.active_minutes
        part.searches = session.counts["searches"]
        part.articles = session.counts["articles"]
        part.questions = session.counts["questions"]
        part.doubt = session.checkout.doubt  # type: ignore[assignment]
        part.checkout_minutes = session.checkout.minutes
        if snapshot.HasField("cart"):
            part.cart_value_micros = snapshot.cart.value_micros
        else:
            part.cart_value_micros = _value_micros(cart.items(state.cart, moment.now_us))
    if (spoken := _call_under_way(state, moment)) and spoken.category:
        _lead_by(spoken, part)


def _add_call(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    if found := _call_under_way(state, moment):
        snapshot.call.MergeFrom(CallUnderWay(**found._asdict()))


def _call_under_way(state: State, moment: Moment) -> call.Call | None:
    return call.under_way(state.call, moment.now_us) if state.call else None


def _lead_by(named: call.Call, session: Session) -> None:
    """Let what was named on the call be what is shopped for."""
    if not (session.category + SEPARATOR).startswith(named.category + SEPARATOR):
        session.minutes, session.last_offer_no = 0.0, 0
    session.category, session.is_said = named.category, True
    session.last_us = max(session.last_us, named.last_us)
    session.start_us = session.start_us or named.start_us or named.last_us
    if named.offer_no:
        session.last_offer_no = named.offer_no
        others = [each for each in session.offer_nos if each != named.offer_no]
        session.offer_nos[:] = [named.offer_no, *others][:MAX_ITEMS]


PARTS: Mapping[str, Callable[[PersonSnapshot, State, Moment], None]] = MappingProxyType(
    {
        "cart": _add_cart,  # first, for what else looks at it
        "complaint": _add_complaint,
        "attributes": _add_attributes,
        "consents": _add_consents,
        "orders": _add_orders,
        "tastes": _add_tastes,
        "kept": add_kept,
        "habits": add_habits,
        "stages": add_stages,
        "owned": _add_owned,
        "opinions": _add_opinions,
        "aversions": add_soft_dislikes,
        "recent": _add_recent,
        "session": _add_session,
        "call": _add_call,
        "asked": _add_asked,
        "referrals": _add_referrals,
    }
)
"""What a snapshot is made of, by the names that `shared.conditions.customer` uses."""
_PROTECTING = ("complaint", "consents", "opinions", "asked", "call")
"""What holds for somebody even where it may be somebody else who asks; no decision that was made
for them stands for whoever asks. What is said in a call is known to whoever calls."""
