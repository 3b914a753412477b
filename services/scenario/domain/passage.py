"""The state machine of a journey: from a state and something that comes, to the next state.

Pure: the same comes out wherever and however often it is computed. What a transition brings about
is keyed by stage and occurrence, so that whoever writes it twice writes it once.
"""

from __future__ import annotations

from services.scenario.domain.conditions import event_values, who_entered
from services.scenario.domain.criteria import Hears
from services.scenario.domain.effects import CountOccasion, Due
from services.scenario.domain.endings import DAY_US, end, park
from services.scenario.domain.facts import Facts, Happened
from services.scenario.domain.journey import (
    BACK_IN_STOCK,
    NOWHERE,
    ONWARDS,
    Journey,
    Outcome,
    Phase,
)
from services.scenario.domain.moving import moved
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.stages import END, Leads
from services.scenario.domain.transition import Transition
from services.scenario.domain.walking import approach, enter, leave, next_look_us
from shared.replacing import replace

LATEST_US = DAY_US
"""An event older than this, as it arrives, starts nothing."""
NOT_IN_FORCE = "its scenario is not in force for them any more"
"""Not defined, or off in their arm or variant."""
ANSWERS = frozenset(("accept", "decline"))
_ANSWERED = {"accept": "accepted", "decline": "declined"}
MESSAGE_SENT = "message_sent"
MESSAGE_OUTCOMES = frozenset((MESSAGE_SENT, "message_failed", "message_skipped", "message_unknown"))
"""Events that tell what became of the message of a stage."""
NOT_THEIRS = MESSAGE_OUTCOMES | {"contact_sent", "attribute_set", "crm_note", BACK_IN_STOCK}
"""Events that are not the person's doing, and break no silence."""


def begin(scenario: Scenario, event: Happened, journey_id: str, now_us: int) -> Transition | None:
    """Return the journey that an event starts, None when it starts none."""
    is_late = now_us - event.time_us > LATEST_US
    if is_late or not scenario.starts.hears(event.type, event.values):
        return None
    journey = Journey(
        journey_id=journey_id,
        person_id=event.person_id,
        scenario=scenario,
        started_us=event.time_us,
        phase=Phase.QUIET,
        due_us=event.time_us + scenario.quiet_for_us,
        began=event.values,
        item_no=event.offer_no,
        subject_no=scenario.subject_of(event.offer_no),
    )
    return Transition(journey, is_new=True)


def happened(journey: Journey, event: Happened, now_us: int) -> Transition | None:
    """Return what an event of the journey's set of persons does to it, None for nothing."""
    if journey.is_over or event.time_us < journey.started_us:
        return None
    if event.type == BACK_IN_STOCK and event.offer_no != journey.item_no:
        return None
    scenario = journey.scenario
    if _hears(scenario.goals, journey, event):
        return end(journey, Outcome.REACHED, now_us)
    for way_out in scenario.exits:
        if _hears(way_out.hears, journey, event):
            return end(journey, Outcome.LEFT, now_us, way_out.ends_as)
    stage = journey.current
    if journey.phase is Phase.STAGE and stage is not None:
        for reaction in stage.reactions:
            if _hears(reaction.hears, journey, event):
                return led(journey, reaction.leads, now_us)
    if _is_answer(journey, event):
        return _offer_answered(journey, _ANSWERED[event.type], now_us)
    return _heard(journey, event)


def count_sent(journey: Journey) -> Transition:
    """Return a journey of which one more message has left the house."""
    sent = journey.messages_sent + 1
    return Transition(
        replace(journey, version=journey.version + 1, messages_sent=sent), is_visible=False
    )


def may_hear(journey: Journey, event_type: str) -> bool:
    """Say whether an event of a type may change a journey; of any other nothing ever comes."""
    scenario, stage = journey.scenario, journey.current
    if event_type in scenario.goals.types or _breaks_silence(journey, event_type):
        return True
    # Loops, as a back-test asks this of every event.
    for way_out in scenario.exits:
        if event_type in way_out.hears.types:
            return True
    if stage is not None:
        for reaction in stage.reactions:
            if event_type in reaction.hears.types:
                return True
    return event_type in ANSWERS and bool(journey.answers_to)


def _hears(hears: Hears, journey: Journey, event: Happened) -> bool:
    """Say whether an event is one that a journey listens to; most are of no such type."""
    return event.type in hears.types and hears.hears(event.type, event_values(journey, event))


def _is_answer(journey: Journey, event: Happened) -> bool:
    """Say whether it answers an offer of the journey, and is not what its own agent told of it."""
    if event.type not in ANSWERS or not event.offer_no:
        return False
    is_own = event.event_id.startswith(own_key(journey))
    return event.offer_no in journey.answers_to and not is_own


def _heard(journey: Journey, event: Happened) -> Transition | None:
    """Put off a journey that waits until nothing is heard of the person."""
    if not _breaks_silence(journey, event.type):
        return None
    due_us = event.time_us + journey.scenario.quiet_for_us
    if due_us <= journey.due_us:
        return None
    pushed = replace(journey, version=journey.version + 1, due_us=due_us)
    return Transition(pushed, is_visible=False, puts_off=True)


def _breaks_silence(journey: Journey, event_type: str) -> bool:
    """Say whether a journey waits until no such event is heard of the person any more."""
    if journey.phase is not Phase.QUIET or event_type in NOT_THEIRS:
        return False
    return not journey.scenario.quiet_of or event_type in journey.scenario.quiet_of


def _offer_answered(journey: Journey, answer: str, now_us: int) -> Transition:
    answered_so = replace(journey, answer=answer)
    stage = journey.current
    if journey.phase is Phase.STAGE and stage is not None and answer in stage.answers:
        return led(answered_so, stage.answers[answer], now_us)
    return end(answered_so, Outcome.ANSWERED, now_us)


def own_key(journey: Journey) -> str:
    """Return how the ids of the events begin that a journey itself brings to the person's log."""
    return f"{journey.journey_id}."


def led(journey: Journey, leads: Leads, now_us: int, due_us: int = 0) -> Transition:
    """Return the journey led to a stage, which it enters when it is looked at: at once, or then."""
    if leads.to == END:
        return end(journey, Outcome.LEFT, now_us, leads.ends_as)
    due_us = due_us or now_us
    led = replace(journey, version=journey.version + 1, next_stage=leads.to, due_us=due_us)
    return Transition(led, is_visible=False)


def look(journey: Journey, facts: Facts, now_us: int) -> Transition | None:
    """Return what becomes of a journey at its time, None when it is not time, or nothing changes.

    An offer that is gone: the next stage begins at once where there is one that can be entered,
    else the journey is parked and looked at every hour until its stage would have ended. A task
    that was given stays given, whatever becomes of scenario and offers.
    """
    if not is_due(journey, now_us):
        return None
    if facts.newer is None:
        return _looked_at(journey, facts, now_us)
    on_newer = moved(journey, facts.newer)
    if on_newer.next_stage == END:
        transition = end(on_newer, Outcome.LEFT, now_us, "moved")
    else:
        transition = _looked_at(on_newer, facts, now_us)
    return replace(transition, changes_edition=on_newer.scenario is not journey.scenario)


def _looked_at(journey: Journey, facts: Facts, now_us: int) -> Transition:
    if _is_spent(journey, now_us):
        if journey.phase is Phase.PARKED:
            return end(journey, Outcome.OBSTRUCTED, now_us)
        if journey.next_stage == NOWHERE:
            journey = replace(journey, next_stage=ONWARDS)
    would_enter = facts.held_out and needs_situation(journey)
    if not (facts.is_defined or would_enter or _may_go_on(journey)):
        return park(journey, NOT_IN_FORCE, now_us)
    return _go_on(journey, facts, now_us)


def _go_on(journey: Journey, facts: Facts, now_us: int) -> Transition:
    if journey.next_stage == ONWARDS:
        return leave(journey, facts, now_us)
    if journey.next_stage != NOWHERE:
        return enter(journey, journey.next_stage, facts, now_us)
    if needs_situation(journey):
        return _begun(journey, facts, now_us)
    if journey.phase is Phase.PARKED:
        return enter(journey, journey.stage, facts, now_us)
    return _stay(journey, facts, now_us)


def is_due(journey: Journey, now_us: int) -> bool:
    """Say whether a journey is to be looked at."""
    return not (journey.is_over or journey.dormant) and 0 < journey.due_us <= now_us


def needs_situation(journey: Journey) -> bool:
    """Say whether the situation decides what becomes of it: before its first stage, ever."""
    return not journey.is_over and journey.occurrence == 0


def needs_person(journey: Journey, now_us: int) -> bool:
    """Say whether profile has to be asked about the person before it is looked at."""
    if needs_situation(journey):
        return True
    scenario, is_over = journey.scenario, _leads_on(journey, now_us)
    at_its_end = is_over and scenario.stages[journey.stage].asks_person_at_its_end
    return at_its_end or scenario.asks_person_from(may_come_to(journey, now_us))


def may_come_to(journey: Journey, now_us: int) -> tuple[int, ...]:
    """Return the places that it may come to first, where it is looked at now."""
    if needs_situation(journey):
        return (0,)
    if journey.next_stage >= 0:
        return (journey.next_stage,)
    if _leads_on(journey, now_us):
        return journey.scenario.leads_on(journey.stage)
    # Parked, or an offer of its stage has ended: the stage is entered anew.
    return (journey.stage,)


def _leads_on(journey: Journey, now_us: int) -> bool:
    """Say whether its stage is over, and nothing leads it elsewhere."""
    is_spent = journey.next_stage == NOWHERE and _is_spent(journey, now_us)
    return journey.next_stage == ONWARDS or is_spent


def _is_spent(journey: Journey, now_us: int) -> bool:
    return journey.phase is not Phase.QUIET and 0 < journey.until_us <= now_us


def has_task(journey: Journey) -> bool:
    """Say whether it is in a stage that gave a task."""
    stage = journey.current
    gives = stage is not None and stage.task is not None and not journey.approaches_us
    return journey.phase is Phase.STAGE and gives


def _may_go_on(journey: Journey) -> bool:
    """Say whether it needs no definition in force: a task stays given, and what is over ends."""
    if journey.next_stage == ONWARDS:
        return journey.scenario.leads_on(journey.stage) == (END,)
    return has_task(journey) and journey.next_stage == NOWHERE


def _begun(journey: Journey, facts: Facts, now_us: int) -> Transition:
    """Enter the first stage, if what must be so is, often enough, and there is room."""
    scenario = journey.scenario
    if facts.situation_holds is None:
        return park(journey, "the condition of entering cannot be evaluated", now_us)
    if not facts.situation_holds:
        return end(journey, Outcome.NOT_SO, now_us)
    occasion = CountOccasion(now_us, scenario.when.cart_nos(facts.cart))
    counted = [Due(occasion, -1, 0)] if scenario.occasions.at_least > 1 else []
    if facts.occasions + 1 < scenario.occasions.at_least:
        return end(journey, Outcome.NOTED, now_us, effects=counted)
    with_cart = replace(journey, cart=facts.cart, began=who_entered(journey, facts))
    if facts.held_out:
        entered = end(with_cart, Outcome.HELD_OUT, now_us, effects=counted)
    else:
        entered = enter(with_cart, 0, facts, now_us, counted)
    return replace(entered, met_us=now_us)


def _stay(journey: Journey, facts: Facts, now_us: int) -> Transition:
    """Go on with a stage that was looked at before its end, if an offer of it is still there."""
    stage = journey.current
    assert stage is not None, "whoever stays is in a stage"
    proposal = stage.propose
    if proposal is not None and proposal.is_found:
        numbers = tuple(each for each in journey.offer_nos if each in facts.to_be_had)
    else:
        wanted = proposal.offer_ids if proposal is not None else ()
        numbers = tuple(facts.offers[each] for each in wanted if each in facts.offers)
    if proposal is not None and not numbers:
        return enter(journey, journey.stage, facts, now_us)
    if 0 < journey.approaches_us <= now_us:
        return approach(replace(journey, offer_nos=numbers), facts, now_us)
    due_us = next_look_us(stage, journey.until_us, facts, now_us, journey.approaches_us)
    stayed = replace(journey, version=journey.version + 1, due_us=due_us, offer_nos=numbers)
    return Transition(stayed, is_visible=numbers != journey.offer_nos)
