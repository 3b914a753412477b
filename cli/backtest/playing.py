"""Lets the past go by on a stage, and counts what scenarios would have done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cli.backtest.stage import Stage
from services.profile.domain.event import Event
from services.rules.domain.changes import Contacted

_TELL_EVERY = 20_000
_RESTOCKED_BY = frozenset({"add_to_cart", "purchase"})
"""Whoever does this with an item shows that it can be had again."""

Tell = Callable[[int, int], None]
"""Told how many events of how many were played."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is played; microseconds of business time."""

    since_us: int
    """What was before makes people who they are, and begins nothing."""
    until_us: int
    """Timers run until then."""


@dataclass(slots=True)
class Went:
    """How it went."""

    events: int = 0
    """Within the span."""
    before: int = 0
    """That were only folded."""
    moved: int = 0
    """Events that began a journey, led one on or ended one."""
    put_off: int = 0
    """Events that let a journey wait anew."""


async def play(stage: Stage, span: Span, telling: frozenset[str], tell: Tell) -> Went:
    """Play all events up to the end of a span, and what is due until then."""
    past, player, people = stage.past, stage.player, stage.people
    times, numbers = past.in_order()
    went, total = Went(), len(times)
    journeys, next_us = player.journeys, 0
    for done, (time_us, number) in enumerate(zip(times, numbers, strict=True)):
        if time_us > span.until_us:
            break
        if done % _TELL_EVERY == 0:
            tell(done, total)
        if 0 < next_us <= time_us:
            await player.until(time_us)
            next_us = player.next_due_us()
        person_ids, kind = past.set_of(number), past.type_of(number)
        event = past.at(number)
        people.add(person_ids[0], event)
        if kind == "contact_sent":
            _count_contact(stage, person_ids[0], number, event)
        elif kind == "decline":
            stage.contacts.declined(person_ids[0], time_us)
        if time_us < span.since_us:
            went.before += 1
            continue
        went.events += 1
        is_awaited = kind in _RESTOCKED_BY and event.offer_no in journeys.awaiting
        if kind in telling or is_awaited or journeys.may_hear(person_ids, kind):
            stage.clock.set(time_us)
            if is_awaited:
                await player.restocked(event.offer_no)
            _count(went, await player.concerned(past.happened(number, event)))
            next_us = player.next_due_us()
    tell(total, total)
    await player.until(span.until_us)
    return went


def _count(went: Went, moved: bool | None) -> None:
    if moved:
        went.moved += 1
    elif moved is False:
        went.put_off += 1


def _count_contact(stage: Stage, oldest_id: str, number: int, event: Event) -> None:
    """Count a message that was sent then: it takes its room now, too."""
    name, offer_no = f"past/{number}", event.offer_no
    change = Contacted(name, name, oldest_id, "", event.channel, offer_no, "", event.time_us)
    stage.contacts.contacted(oldest_id, change)
