"""Folds events into a state: the same code live, for imports and for a recomputation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from services.profile.domain import (
    asked,
    aversions,
    call,
    cart,
    complaints,
    consent,
    habits,
    orders,
    owned,
    variants,
)
from services.profile.domain.cart import Change
from services.profile.domain.event import (
    INTEREST,
    MINUTE_US,
    Event,
    Topic,
)
from services.profile.domain.exchanged import RATE, at_home
from services.profile.domain.interest import weight_as_of_epoch
from services.profile.domain.latest import Word, say
from services.profile.domain.log import MAX_KEPT, Entry
from services.profile.domain.making import maker
from services.profile.domain.preference import DISLIKE, LIKE, NEUTRAL
from services.profile.domain.state import State
from services.profile.domain.state import say as say_attribute

_ENTRY = maker(Entry)

Effect = Callable[[State, Event], None]


def fold(state: State, events: Iterable[Event]) -> None:
    """Add events, in any order, to a state."""
    # For many events it is cheaper to read what nearly all of them add to.
    _ = state.categories, state.brands, state.habits, state.tallies
    for event in events:
        apply(state, event)


def apply(state: State, event: Event) -> None:
    """Add one event to a state; a type that is not known only shows among the recent ones."""
    kind = event.type
    if event.details and (rate := event.details.get(RATE)):
        event = at_home(event, rate)
    effect = _EFFECTS.get(kind)
    if effect is not None:
        effect(state, event)
    state.tally(kind, event.value_micros)
    counted = habits.numbers(event)
    weight = INTEREST.get(kind)
    if counted or weight is not None:
        grown = weight_as_of_epoch(1.0, event.time_us)
        if weight is not None and not event.gift:
            _take_interest(state, event, weight * grown)
        if counted:
            state.count_habits(counted, grown)
    arrived = state.arrived
    arrived.append(
        _ENTRY(
            (
                event.time_us,
                kind,
                event.channel,
                event.offer_no,
                event.category,
                event.session_id,
                event.duration_s,
                event.topic or (Topic.QUESTIONS if event.reassurance else Topic.NONE),
            )
        )
    )
    if len(arrived) > MAX_KEPT:
        _ = state.log  # put in order, so that old ones go


def _take_interest(state: State, event: Event, grown: float) -> None:
    if event.category:
        state.take_interest("categories", event.category, grown)
    if event.brand:
        state.take_interest("brands", event.brand, grown)


def _purchase(state: State, event: Event) -> None:
    state.last_purchase_us = max(state.last_purchase_us, event.time_us)
    orders.buy(state.orders, event)
    if not event.gift:
        _keep(state, event)
    if event.offer_no:
        cart.clear(state.cart, event.offer_no, event.time_us)


def _keep(state: State, event: Event) -> None:
    """Note a purchase that was no gift."""
    time_us, category, brand = event.time_us, event.category, event.brand
    if event.family_no:
        owned.buy(state.owned, event.family_no, time_us, event.quantity)
    if category:
        owned.buy(state.bought_categories, category, time_us, event.quantity)
        if event.variant:
            variants.buy(state.variants, event)
    if brand:
        brands = state.bought_brands
        brands[brand] = max(time_us // MINUTE_US, brands.get(brand, 0))


def _return(state: State, event: Event) -> None:
    orders.give_back(state.orders, event)
    if event.gift:
        return
    if event.family_no:
        owned.give_back(state.owned, event.family_no, event.quantity)
    if event.category:
        owned.give_back(state.bought_categories, event.category, event.quantity)
        if event.variant:
            variants.give_back(state.variants, event)
    aversions.note(state.aversions, event)


def _put_in(state: State, event: Event) -> None:
    if event.offer_no:
        price = round(event.value_micros / event.quantity) if event.quantity else 0
        change = Change(event.time_us, event.quantity, price or event.price_micros)
        cart.change(state.cart, event.offer_no, change)


def _take_out(state: State, event: Event) -> None:
    if event.offer_no:
        cart.change(state.cart, event.offer_no, Change(event.time_us, -event.quantity, 0))


def _decline(state: State, event: Event) -> None:
    if event.offer_no:
        family_no = event.family_no or event.offer_no
        say(state.declines, (event.offer_no, family_no), Word(event.time_us, True))
    _ignore(state, event)


def _ignore(state: State, event: Event) -> None:
    aversions.note(state.aversions, event)


def _accept(state: State, event: Event) -> None:
    if event.offer_no:
        family_no = event.family_no or event.offer_no
        say(state.declines, (event.offer_no, family_no), Word(event.time_us, False))


def _preference(state: State, event: Event) -> None:
    """Dislike or like what is named (the item, else the brand, else the category), or describe."""
    if event.details.get("attribute"):
        _describe(state, event)
        return
    sentiment = event.details.get("sentiment", LIKE)
    dislikes = sentiment == DISLIKE
    word = Word(event.time_us, dislikes)
    if event.family_no:
        say(state.disliked_families, event.family_no, word)
    else:
        brand, category = event.details.get("brand"), event.details.get("category")
        if brand:
            say(state.disliked_brands, brand, word)
        if category:
            say(state.disliked_categories, category, word)
    asked.prefer(state.asked, event, "" if sentiment in (DISLIKE, NEUTRAL) else LIKE)


def _describe(state: State, event: Event) -> None:
    name, value = event.details["attribute"], event.details.get("value", "")
    say_attribute(state, name, value, event.time_us)


def _consent(state: State, event: Event) -> None:
    consent.say(state.consents, *consent.read(event))


def _complaint(state: State, event: Event) -> None:
    over = complaints.is_over(event.details)
    state.complaint = max(state.complaint, Word(event.time_us, not over))
    if not over:
        complaints.add(state.complaints, event.time_us)


def _call(state: State, event: Event) -> None:
    call.note(state.call, event)


def _impression(state: State, event: Event) -> None:
    if event.details:
        asked.show(state.asked, event)


def _survey_answer(state: State, event: Event) -> None:
    answer = asked.answer(state.asked, event)
    if answer is not None and answer.attribute:
        say_attribute(state, answer.attribute, answer.value, event.time_us)


_EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        "impression": _impression,
        "survey_answer": _survey_answer,
        "purchase": _purchase,
        "return": _return,
        "add_to_cart": _put_in,
        "remove_from_cart": _take_out,
        "decline": _decline,
        "ignore": _ignore,
        "accept": _accept,
        "preference": _preference,
        "attribute_set": _describe,
        **dict.fromkeys(consent.CONSENT_TYPES, _consent),
        "complaint": _complaint,
        **dict.fromkeys(call.CALL_TYPES, _call),
    }
)
