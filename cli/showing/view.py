"""Shows the single customer view."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.console import Console

from cli.console import add_row, table
from cli.showing.around import around
from cli.showing.decision import show_degraded, show_quality, treatment
from cli.showing.traits import money, traits
from cli.showing.words import ago
from touchpoint.aggregator.v1 import aggregator_pb2 as edge
from touchpoint.aggregator.v1.aggregator_service_pb2 import GetCustomerViewResponse
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, Doubt

_RECENT_SHOWN = 12
_PRESENTED_SHOWN = 8


def show_view(console: Console, view: GetCustomerViewResponse, now: datetime) -> None:
    """Print who it is, what they did, what they were shown, and what to do next."""
    console.print(_who(view), style="bold", markup=False, soft_wrap=True)
    if view.who.ambiguous:
        for choice in view.who.choices:
            console.print(f"  {choice.description}  ({choice.person_id})", markup=False)
        return
    facts = table("", "")
    for name, said in _facts(view, now):
        add_row(facts, name, said)
    facts.show_header = False
    console.print(facts)
    _show_actions(console, view.next_best_actions)
    _show_recent(console, view.recent, now)
    _show_presented(console, view.presented, now)
    show_degraded(console, view.degraded)
    show_quality(console, view.quality, view.sources_left_out)


def _who(view: GetCustomerViewResponse) -> str:
    who = view.who
    if who.ambiguous:
        return "This identity fits several people:"
    if not who.person_id:
        return "Nobody is known by that."
    known = ", ".join(f"{each.kind} {each.masked_value}" for each in who.identities)
    sure = Assurance.Value.Name(who.assurance).lower()
    return f"{who.name or 'Somebody'} ({sure}): {known or who.person_id}"


def _facts(view: GetCustomerViewResponse, now: datetime) -> Iterator[tuple[str, str]]:
    yield from traits(view, now)
    yield from around(view, now)
    yield from _going_on(view, now)
    if view.consent:
        yield "consent", ", ".join(_consent(each, now) for each in view.consent)
    if view.contacts.limit:
        yield "contacts", _contacts(view.contacts, now)
    if view.arm:
        yield "treated as", treatment(view.arm, view.variants)
    for state in view.contacts.limits:
        if state.used >= state.limit:
            yield "closed", _closed(state, now)
    for promise in view.open_promises:
        made, until = ago(promise.made_time, now), ago(promise.expires_time, now)
        said = ": ".join(filter(None, (promise.title or promise.offer_id, promise.creative.text)))
        gone = ", sold out just now" if promise.sold_out else ""
        yield "promised", f"{said}, made {made}, ends {until}{gone}"
    for journey in view.journeys:
        waits = f"waits for {journey.waits_for}"
        going = _stands_still(journey, now) if journey.obstacle else waits
        known = (journey.scenario, journey.stage, going, journey.message)
        yield "journey", ", ".join(filter(None, known))
        if journey.message_channel_why:
            yield "", f"why there: {journey.message_channel_why}"


def _stands_still(journey: edge.JourneyView, now: datetime) -> str:
    again = f" (looked at again {ago(journey.goes_on_time, now)})"
    return f"stands still: {journey.obstacle}{again if journey.HasField('goes_on_time') else ''}"


def _going_on(view: GetCustomerViewResponse, now: datetime) -> Iterator[tuple[str, str]]:
    if view.complaint_open:
        last = f", last word {ago(view.complaint_time, now)}"
        told = last if view.HasField("complaint_time") else ""
        yield "complaint", f"open: nothing is sold until it is settled{told}"
    if view.HasField("call"):
        said = (view.call.choice, view.call.topic, view.call.category, view.call.item_id)
        yield "on the telephone", ", ".join(filter(None, said)) or "nothing was said yet"
    if view.session.category:
        yield "shopping for", _session(view.session, now)


def _session(session: edge.SessionView, now: datetime) -> str:
    said = f"{session.category} ({session.minutes:.0f} min"
    if session.active_minutes >= session.minutes + 1:
        said += f" of {session.active_minutes:.0f}"
    said += f", last {ago(session.last_time, now)})"
    if session.last_item_id:
        said += f", looked at {session.last_item_title or session.last_item_id}"
    if session.cart_value.amount.strip("0."):
        said += f", cart {money(session.cart_value)}"
    if not session.hesitating:
        return said
    about = Doubt.Value.Name(session.doubt).lower()
    return f"{said}, hesitating" + (f" ({about})" if session.doubt else "")


def _contacts(contacts: edge.Contacts, now: datetime) -> str:
    said = f"{contacts.used} of {contacts.limit} used"
    if contacts.HasField("free_at"):
        said += f", the next free {ago(contacts.free_at, now)}"
    return said


def _closed(state: edge.ContactLimitState, now: datetime) -> str:
    channels = [Channel.Value.Name(channel) for channel in state.channels]
    of = ", ".join([*channels, *filter(None, (state.offer_id, state.group))])
    said = f"{state.rule}: {state.used} of {state.limit}" + (f" ({of})" if of else "")
    if state.HasField("free_at"):
        said += f", free {ago(state.free_at, now)}"
    return said


def _consent(consent: edge.Consent, now: datetime) -> str:
    said = f"{consent.purpose} {'given' if consent.granted else 'refused'}"
    if consent.granted and consent.HasField("expires_time"):
        ends = "ends" if consent.stands else "ended"
        said += f", {ends} {ago(consent.expires_time, now)}"
    return said


def _show_actions(console: Console, actions: Iterable[edge.NextBestAction]) -> None:
    for place, action in enumerate(actions, 1):
        console.print(f"{place}. {action.line}", style="green", markup=False, soft_wrap=True)
        for reason in action.reasons:
            if reason.text not in action.line:  # mostly it ends with the reason
                console.print(f"   {reason.text}", style="dim", markup=False, soft_wrap=True)


def _show_recent(console: Console, recent: Iterable[edge.RecentEvent], now: datetime) -> None:
    shown = table("when", "channel", "event", "of", title="\nLately")
    for event in list(recent)[:_RECENT_SHOWN]:
        add_row(
            shown,
            ago(event.time, now),
            Channel.Value.Name(event.channel),
            event.type,
            event.title or event.item_id or event.category,
        )
    if shown.row_count:
        console.print(shown)


def _show_presented(
    console: Console, presented: Iterable[edge.PresentedOffer], now: datetime
) -> None:
    shown = table("when", "channel", "placement", "offer", "answer", title="\nShown to them")
    for offer in list(presented)[:_PRESENTED_SHOWN]:
        add_row(
            shown,
            ago(offer.presented_time, now),
            Channel.Value.Name(offer.channel),
            offer.placement,
            offer.title or offer.offer_id,
            offer.answer or "-",
        )
    if shown.row_count:
        console.print(shown)
