"""From stage to stage: which may be entered, and which one comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.scenario.domain.actions import Proposal
from services.scenario.domain.bringing_about import approaches, approaches_later_us, brought_about
from services.scenario.domain.conditions import values_of
from services.scenario.domain.effects import Due, SendMessage
from services.scenario.domain.endings import end, park
from services.scenario.domain.facts import Facts
from services.scenario.domain.journey import NOWHERE, ONWARDS, Journey, Outcome, Phase
from services.scenario.domain.moments import (
    LocalTime,
    chance,
    day_of,
    is_working_day,
    next_moment,
)
from services.scenario.domain.stages import END, Leads, Stage
from services.scenario.domain.transition import Passage, Transition
from shared.replacing import replace

NO_MORE_CALLS = "agents cannot make more calls today: it goes on at the next working day"
NO_CALLS_TODAY = "nobody makes calls today: it goes on at the next working day"
MOST_STAGES = 64
"""That are passed through at one moment: whoever circles without a pause is stopped."""
MOST_ANSWERED = 100
"""Of all that it ever proposed, the latest: who goes round for months proposes ever more."""


@dataclass(slots=True)
class _Walk:
    """A journey on its way through stages at one moment."""

    journey: Journey
    facts: Facts
    now_us: int
    effects: list[Due] = field(default_factory=list)
    gone: int = NOWHERE
    """The first stage that was passed over because its offers are gone."""
    passages: list[Passage] = field(default_factory=list)

    def parked(self, place: int, obstacle: str) -> Transition:
        before = replace(self.journey, next_stage=place)
        return park(before, obstacle, self.now_us, self.effects)

    def parked_until_work(self, place: int) -> Transition:
        """Park until the next working day: agents have no time for one more task today."""
        facts, now_us = self.facts, self.now_us
        _, tomorrow_us = day_of(now_us, facts.home_zone)
        again_us = next_moment(
            work_begins(facts), tomorrow_us, facts.home_zone, facts.holidays, facts.weekdays
        )
        before = replace(self.journey, next_stage=place)
        obstacle = NO_MORE_CALLS if works_today(facts) else NO_CALLS_TODAY
        return park(before, obstacle, now_us, self.effects, again_us)

    def ended(self, outcome: Outcome, ends_as: str = "") -> Transition:
        return end(self.journey, outcome, self.now_us, ends_as, self.effects)


def enter(
    journey: Journey, place: int, facts: Facts, now_us: int, effects: Sequence[Due] = ()
) -> Transition:
    """Enter a stage, or the first in its place that can be, up to one that waits for something.

    Parked where the offers of all of them are gone, or a condition cannot be evaluated.
    """
    walk = _Walk(replace(journey, next_stage=NOWHERE), facts, now_us, list(effects))
    return replace(_walked(walk, place), passages=tuple(walk.passages))


def _walked(walk: _Walk, place: int) -> Transition:
    for _ in range(MOST_STAGES):
        stage = walk.journey.scenario.stages[place]
        holds = _holds(stage, walk)
        if holds is None:
            return walk.parked(place, f"the condition of stage {stage.name} cannot be evaluated")
        if not holds or not _has_offers(stage, walk):
            if holds and stage.offer_ids and walk.gone == NOWHERE:
                walk.gone = place
            onwards = Leads(_instead(walk.journey, place))
        elif _has_to_call(stage) and not walk.facts.may_call:
            return walk.parked_until_work(place)
        else:
            _arrive(walk, place)
            if not stage.is_passed_through:
                return Transition(walk.journey, tuple(walk.effects))
            chosen = _chosen(walk)
            if chosen is None:
                return walk.parked(
                    ONWARDS, f"a condition after stage {stage.name} cannot be evaluated"
                )
            onwards = chosen
        if onwards.to == END:
            return _at_the_end(walk, onwards)
        place = onwards.to
    return walk.ended(Outcome.CIRCLED)


def work_begins(facts: Facts) -> LocalTime:
    """Return when agents begin to work on a working day."""
    return LocalTime(facts.working_hours.begins, working_day=True)


def works_today(facts: Facts) -> bool:
    """Say whether agents work today; also where nobody said which day it is."""
    if not facts.today:
        return True
    return is_working_day(date.fromisoformat(facts.today), facts.holidays, facts.weekdays)


def _has_to_call(stage: Stage) -> bool:
    """Say whether it gives a task that waits for room, and nothing may be written instead."""
    return stage.task is not None and stage.task.is_approach and stage.send is None


def leave(journey: Journey, facts: Facts, now_us: int) -> Transition:
    """Go on from a stage that is over."""
    walk = _Walk(journey, facts, now_us)
    onwards = _chosen(walk)
    if onwards is None:
        name = journey.scenario.stages[journey.stage].name
        return walk.parked(ONWARDS, f"a condition after stage {name} cannot be evaluated")
    if onwards.to == END:
        return _at_the_end(walk, onwards)
    return enter(journey, onwards.to, facts, now_us)


def approach(journey: Journey, facts: Facts, now_us: int) -> Transition:
    """Call or write now, in a stage that waited for an hour of theirs to do so.

    What it asks of whoever enters it must still be so; else it goes on as if it were entered now.
    """
    stage, until_us = journey.scenario.stages[journey.stage], journey.until_us
    walk = _Walk(journey, facts, now_us)
    if not _holds(stage, walk) or not _has_offers(stage, walk):
        return enter(journey, journey.stage, facts, now_us)
    brought = list(approaches(stage, journey, facts, now_us, until_us))
    approached = replace(
        journey,
        version=journey.version + 1,
        approaches_us=0,
        due_us=next_look_us(stage, until_us, facts, now_us),
        messages=journey.messages + sum(isinstance(each, SendMessage) for each in brought),
    )
    effects = tuple(Due(effect, journey.stage, journey.occurrence) for effect in brought)
    return Transition(approached, effects)


def next_look_us(
    stage: Stage, until_us: int, facts: Facts, now_us: int, approaches_us: int = 0
) -> int:
    """Return when a stage is looked at next.

    At its end, when an offer of it ends before, or when it calls or writes.
    """
    moments = [each for each in (until_us, approaches_us) if each]
    if stage.propose is not None:
        ends = (facts.ends.get(offer_id, 0) for offer_id in stage.propose.offer_ids)
        moments.extend(ends_us for ends_us in ends if ends_us > now_us)
    return min(moments, default=0)


def _at_the_end(walk: _Walk, leads: Leads) -> Transition:
    if walk.gone != NOWHERE:
        stage = walk.journey.scenario.stages[walk.gone]
        missing = [each for each in stage.offer_ids if each not in walk.facts.offers]
        return walk.parked(walk.gone, f"its offer is gone: {', '.join(missing)}")
    return walk.ended(Outcome.PASSED, leads.ends_as)


def _holds(stage: Stage, walk: _Walk) -> bool | None:
    if stage.condition is None:
        return True
    return stage.condition.holds(values_of(walk.journey, walk.facts, walk.now_us))


def _has_offers(stage: Stage, walk: _Walk) -> bool:
    if stage.propose is not None:
        return bool(_proposed(stage.propose, walk))
    wanted = stage.offer_ids
    return not wanted or any(offer_id in walk.facts.offers for offer_id in wanted)


def _proposed(proposal: Proposal, walk: _Walk) -> tuple[int, ...]:
    """Return what can be proposed now."""
    facts, item_no = walk.facts, walk.journey.item_no
    if proposal.source:
        return facts.found.get(proposal.source, ())[: proposal.most]
    if proposal.its_item:
        return (item_no,) if item_no in facts.to_be_had else ()
    return tuple(facts.offers[each] for each in proposal.offer_ids if each in facts.offers)


def _instead(journey: Journey, place: int) -> int:
    otherwise = journey.scenario.stages[place].otherwise
    return journey.scenario.following(place) if otherwise is None else otherwise


def _chosen(walk: _Walk) -> Leads | None:
    """Return where the stage that it is in leads; None where a condition cannot be evaluated."""
    journey = walk.journey
    drawn = chance(journey.lot, journey.stage, journey.occurrence)
    values = values_of(journey, walk.facts, walk.now_us)
    below = 0.0
    for way in journey.scenario.stages[journey.stage].ways:
        if way.condition is not None:
            holds = way.condition.holds(values)
            if holds is None:
                return None
            if not holds:
                continue
        if way.share:
            below += way.share
            if drawn >= below:
                continue
        return way.leads
    return Leads(journey.scenario.following(journey.stage))


def _arrive(walk: _Walk, place: int) -> None:
    """Enter a stage, with all that it brings about."""
    journey, facts, now_us = walk.journey, walk.facts, walk.now_us
    stage = journey.scenario.stages[place]
    until_us = _until_us(stage, facts, now_us)
    approaches_us = approaches_later_us(stage, facts, until_us)
    numbers = _proposed(stage.propose, walk) if stage.propose is not None else ()
    asked_for = numbers or tuple(
        facts.offers[offer_id] for offer_id in stage.offer_ids if offer_id in facts.offers
    )
    occurrence = journey.occurrence + 1
    brought = list(brought_about(stage, numbers))
    if not approaches_us:
        brought.extend(approaches(stage, journey, facts, now_us, until_us))
    walk.effects.extend(Due(effect, place, occurrence) for effect in brought)
    walk.passages.append(Passage(occurrence, stage.name, now_us))
    walk.journey = replace(
        journey,
        version=journey.version + 1,
        phase=Phase.STAGE,
        stage=place,
        occurrence=occurrence,
        entered_us=now_us,
        until_us=until_us,
        approaches_us=approaches_us,
        due_us=next_look_us(stage, until_us, facts, now_us, approaches_us),
        offer_nos=numbers,
        answers_to=tuple(dict.fromkeys((*journey.answers_to, *asked_for)))[-MOST_ANSWERED:],
        messages=journey.messages + sum(isinstance(each, SendMessage) for each in brought),
        obstacle="",
    )


def _until_us(stage: Stage, facts: Facts, now_us: int) -> int:
    """Return when a stage is over, 0 where nothing but an event ends it."""
    lasts_until_us = now_us + stage.lasts_us if stage.lasts_us else 0
    if stage.until is None:
        return lasts_until_us
    moment_us = next_moment(stage.until, now_us, facts.time_zone, facts.holidays)
    return min(moment_us, lasts_until_us) if lasts_until_us else moment_us
