"""The state machine of a journey: from a state and something that comes, to the next state.

Pure: the same comes out wherever and however often it is computed. What a transition brings about
is keyed by stage and occurrence, so that whoever writes it twice writes it once.
"""

from __future__ import annotations

from dataclasses import replace

from services.scenario.domain.journey import (
    Effect,
    Facts,
    GiveTask,
    Happened,
    Journey,
    Outcome,
    Phase,
    ProposeOffer,
    Transition,
)
from services.scenario.domain.scenario import Scenario, Stage
from services.scenario.domain.script import spoken

DAY_US = 86_400_000_000
LOOK_AGAIN_US = 3_600_000_000
"""How often a parked journey is looked at, in business time."""
PARKED_FOR_US = 7 * DAY_US
"""How long it stays parked where its stage has no end of its own."""
LATEST_US = DAY_US
"""An event older than this, as it arrives, starts nothing."""
_NOT_IN_FORCE = "its scenario is not in force for them any more"
"""Not defined, or off in their arm or variant."""
ANSWERS = frozenset(("accept", "decline"))
NOT_THEIRS = frozenset(("contact_sent",))
"""Events that are not the person's doing, and break no silence."""


def begin(scenario: Scenario, event: Happened, journey_id: str, now_us: int) -> Transition | None:
    """Return the journey that an event starts, None when it starts none."""
    if event.type not in scenario.starts_on or now_us - event.time_us > LATEST_US:
        return None
    journey = Journey(
        journey_id=journey_id,
        person_id=event.person_id,
        scenario=scenario,
        started_us=event.time_us,
        phase=Phase.QUIET,
        due_us=event.time_us + scenario.quiet_for_us,
    )
    return Transition(journey, is_new=True)


def happened(journey: Journey, event: Happened, now_us: int) -> Transition | None:
    """Return what an event of the journey's set of persons does to it, None for nothing."""
    if journey.is_over or event.time_us < journey.started_us:
        return None
    if event.type in journey.scenario.goals:
        return end(journey, Outcome.REACHED, now_us)
    if event.type in ANSWERS and event.offer_no and event.offer_no in journey.answers_to:
        return end(journey, Outcome.ANSWERED, now_us)
    if journey.phase is not Phase.QUIET or event.type in NOT_THEIRS:
        return None
    due_us = event.time_us + journey.scenario.quiet_for_us
    if due_us <= journey.due_us:
        return None
    pushed = replace(journey, version=journey.version + 1, due_us=due_us)
    return Transition(pushed, is_visible=False, puts_off=True)


def look(journey: Journey, facts: Facts, now_us: int) -> Transition | None:
    """Return what becomes of a journey at its time, None when it is not time, or nothing changes.

    An offer that is gone: the next stage begins at once where there is one that can be entered,
    else the journey is parked and looked at every hour until its stage would have ended. A task
    that was given stays given, whatever becomes of scenario and offers.
    """
    if not is_due(journey, now_us):
        return None
    if _is_spent(journey, now_us):
        return _after_stage(journey, facts, now_us)
    if not facts.is_defined and not _has_task(journey):
        return _park(journey, journey.stage, _NOT_IN_FORCE, now_us)
    if journey.phase is Phase.QUIET:
        if facts.situation_holds is not True:
            return end(journey, Outcome.NOT_SO, now_us)
        return _enter(replace(journey, cart=facts.cart), 0, facts, now_us)
    if journey.phase is Phase.PARKED:
        return _resume(journey, facts, now_us)
    return _stay(journey, facts, now_us)


def is_due(journey: Journey, now_us: int) -> bool:
    """Say whether a journey is to be looked at."""
    return not (journey.is_over or journey.dormant) and 0 < journey.due_us <= now_us


def needs_situation(journey: Journey) -> bool:
    """Say whether the situation decides what becomes of it: before its first stage, ever."""
    return not journey.is_over and journey.occurrence == 0


def answered(journey: Journey, outcome: str, facts: Facts, now_us: int) -> Transition | None:
    """Return what the outcome of its task does to a journey, None when the task is not its stage's.

    `not_reached` leads to the next stage, everything else ends the journey.
    """
    if journey.is_over or not _has_task(journey):
        return None
    if outcome == "not_reached":
        return _after_stage(journey, facts, now_us)
    return end(journey, Outcome.ANSWERED, now_us)


def end(journey: Journey, outcome: Outcome, now_us: int) -> Transition:
    """Return the journey at its end; it never goes on from there."""
    over = replace(
        journey,
        version=journey.version + 1,
        phase=Phase.ENDED,
        outcome=outcome,
        due_us=0,
        offer_no=0,
        obstacle="",
        dormant=False,
        ended_us=now_us,
    )
    return Transition(over)


def rest(journey: Journey, dormant: bool) -> Transition | None:
    """Return the journey laid to rest or woken, None when it is so already."""
    if journey.is_over or journey.dormant is dormant:
        return None
    return Transition(replace(journey, version=journey.version + 1, dormant=dormant))


def _is_spent(journey: Journey, now_us: int) -> bool:
    return journey.phase is not Phase.QUIET and 0 < journey.until_us <= now_us


def _has_task(journey: Journey) -> bool:
    stage = journey.current
    return journey.phase is Phase.STAGE and stage is not None and stage.task is not None


def _after_stage(journey: Journey, facts: Facts, now_us: int) -> Transition:
    if journey.phase is Phase.PARKED:
        return end(journey, Outcome.OBSTRUCTED, now_us)
    if journey.stage + 1 >= len(journey.scenario.stages):
        return end(journey, Outcome.PASSED, now_us)
    if not facts.is_defined:
        next_stage = journey.stage + 1
        return _park(journey, next_stage, _NOT_IN_FORCE, now_us)
    return _enter(journey, journey.stage + 1, facts, now_us)


def _stay(journey: Journey, facts: Facts, now_us: int) -> Transition:
    """Go on with a stage that was looked at before its end, if its offer is still there."""
    stage = journey.current
    assert stage is not None
    if stage.propose is not None and not _can_enter(stage, facts):
        return _enter(journey, journey.stage, facts, now_us)
    due_us = _next_look_us(stage, journey.until_us, facts, now_us)
    return Transition(
        replace(journey, version=journey.version + 1, due_us=due_us), is_visible=False
    )


def _resume(journey: Journey, facts: Facts, now_us: int) -> Transition:
    if needs_situation(journey):
        if facts.situation_holds is not True:
            return end(journey, Outcome.NOT_SO, now_us)
        journey = replace(journey, cart=facts.cart)
    return _enter(journey, max(journey.stage, 0), facts, now_us)


def _enter(journey: Journey, first: int, facts: Facts, now_us: int) -> Transition:
    """Enter the first stage from `first` on whose offers can be had; park where there is none."""
    stages = journey.scenario.stages
    for place in range(first, len(stages)):
        if _can_enter(stages[place], facts):
            return _entered(journey, place, facts, now_us)
    gone = [offer_id for offer_id in stages[first].offer_ids if offer_id not in facts.offers]
    return _park(journey, first, f"its offer is gone: {', '.join(gone)}", now_us)


def _can_enter(stage: Stage, facts: Facts) -> bool:
    wanted = stage.offer_ids
    return not wanted or any(offer_id in facts.offers for offer_id in wanted)


def _entered(journey: Journey, place: int, facts: Facts, now_us: int) -> Transition:
    stage = journey.scenario.stages[place]
    until_us = now_us + stage.lasts_us if stage.lasts_us else 0
    found = [offer_id for offer_id in stage.offer_ids if offer_id in facts.offers]
    numbers = [facts.offers[offer_id] for offer_id in found]
    effect: Effect
    if stage.task is not None:
        script = spoken(stage.task.script, journey.cart, facts.titles, facts.currency)
        effect = GiveTask(stage.task, tuple(found), script, now_us, until_us)
    else:
        effect = ProposeOffer(numbers[0])
    entered = replace(
        journey,
        version=journey.version + 1,
        phase=Phase.STAGE,
        stage=place,
        occurrence=journey.occurrence + 1,
        entered_us=now_us,
        until_us=until_us,
        due_us=_next_look_us(stage, until_us, facts, now_us),
        offer_no=numbers[0] if stage.propose is not None else 0,
        answers_to=tuple(dict.fromkeys((*journey.answers_to, *numbers))),
        obstacle="",
    )
    return Transition(entered, (effect,))


def _next_look_us(stage: Stage, until_us: int, facts: Facts, now_us: int) -> int:
    """Return when a stage is looked at next: at its end, or when its offer ends before."""
    moments = [until_us] if until_us else []
    if stage.propose is not None:
        offer_ends_us = facts.ends.get(stage.propose.offer_id, 0)
        if offer_ends_us > now_us:
            moments.append(offer_ends_us)
    return min(moments, default=0)


def _park(journey: Journey, stage: int, obstacle: str, now_us: int) -> Transition:
    """Park before a stage; what was parked already keeps the time at which it is given up."""
    is_parked = journey.phase is Phase.PARKED
    is_in_it = journey.phase is Phase.STAGE and journey.stage == stage
    if is_parked or (is_in_it and journey.until_us):
        until_us = journey.until_us
    else:
        lasts_us = journey.scenario.stages[stage].lasts_us if stage >= 0 else 0
        until_us = now_us + (lasts_us or PARKED_FOR_US)
    parked = replace(
        journey,
        version=journey.version + 1,
        phase=Phase.PARKED,
        stage=stage,
        due_us=min(now_us + LOOK_AGAIN_US, until_us),
        until_us=until_us,
        entered_us=journey.entered_us if is_parked else now_us,
        offer_no=0,
        obstacle=obstacle,
    )
    changed = not is_parked or journey.obstacle != obstacle
    return Transition(parked, is_visible=changed)
