"""Lets the past go by on a stage, and counts what scenarios would have done."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cli.backtest.quieting import take_up_before
from cli.backtest.stage import Stage
from services.profile.domain.event import Event
from services.rules.domain.changes import Contacted
from services.scenario.definitions import Playbook

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


@dataclass(frozen=True, slots=True)
class Share:
    """Some of the people, by the oldest of each set."""

    theirs: frozenset[str] | None = None
    """None: everybody."""
    ids: str = ""
    """What begins the numbers of whatever it plays."""

    def has(self, oldest_id: str) -> bool:
        """Say whether a set of persons belongs to it."""
        return self.theirs is None or oldest_id in self.theirs


EVERYBODY = Share()


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

    def add(self, other: Went) -> None:
        """Count what went elsewhere, too."""
        self.events += other.events
        self.before += other.before
        self.moved += other.moved
        self.put_off += other.put_off


async def play(
    stage: Stage, span: Span, playbook: Playbook, tell: Tell, share: Share = EVERYBODY
) -> Went:
    """Play all events of a share of people up to the end of a span, and what is due until then.

    Whoever is quiet already when it begins is taken up by the scenarios that say so.
    """
    telling, scenarios = playbook.telling, playbook.scenarios.values()
    past, player = stage.past, stage.player
    times, numbers = past.in_order()
    went, total = Went(), len(times)
    journeys = player.journeys
    await take_up_before(
        stage, scenarios, _before(stage, times, numbers, span, share), span.since_us
    )
    next_us = player.next_due_us()
    for done, (time_us, number) in enumerate(zip(times, numbers, strict=True)):
        if time_us > span.until_us:
            break
        if done % _TELL_EVERY == 0:
            tell(done, total)
        person_ids, kind = past.set_of(number), past.type_of(number)
        is_theirs, is_before = share.has(person_ids[0]), time_us < span.since_us
        restocks = kind in _RESTOCKED_BY and not is_before
        if not (is_theirs or restocks):
            continue
        if 0 < next_us <= time_us:
            await player.until(time_us)
            next_us = player.next_due_us()
        if is_theirs:
            event = _folded(stage, person_ids[0], kind, number)
            went.before += is_before
            went.events += not is_before
        if restocks and past.offer_no_of(number) in journeys.awaiting:
            stage.clock.set(time_us)
            await player.restocked(past.offer_no_of(number))
            next_us = player.next_due_us()
        if is_before or not is_theirs:
            continue
        if kind in telling or journeys.may_hear(person_ids, kind):
            stage.clock.set(time_us)
            _count(went, await player.concerned(past.happened(number, event)))
            next_us = player.next_due_us()
    tell(total, total)
    await player.until(span.until_us)
    return went


def _before(
    stage: Stage, times: Sequence[int], numbers: Sequence[int], span: Span, share: Share
) -> list[int]:
    """Return the numbers of a share's events from before a span, in order."""
    end = bisect_left(times, span.since_us)
    return [each for each in numbers[:end] if share.has(stage.past.set_of(each)[0])]


def _folded(stage: Stage, oldest_id: str, kind: str, number: int) -> Event:
    """Let somebody live through an event, and count what it says of their contacts."""
    event = stage.past.at(number)
    stage.people.add(oldest_id, event)
    if kind == "contact_sent":
        _count_contact(stage, oldest_id, number, event)
    elif kind == "decline":
        stage.contacts.declined(oldest_id, event.time_us)
    return event


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
