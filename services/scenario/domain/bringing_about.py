"""What a stage brings about: proposals, tasks, messages, notes."""

from __future__ import annotations

from collections.abc import Iterator

from services.scenario.domain.actions import TaskOrder
from services.scenario.domain.best_channel import NO_CALLS_LEFT, PassedOver, Weighed
from services.scenario.domain.effects import (
    Effect,
    GiveTask,
    NotePerson,
    ProposeOffer,
    SendMessage,
    SetAttributes,
)
from services.scenario.domain.facts import Facts
from services.scenario.domain.journey import Journey
from services.scenario.domain.script import impersonal, spoken
from services.scenario.domain.stages import Stage
from services.scenario.domain.task_kinds import BY_TELEPHONE
from shared.replacing import replace

_NOTHING_WEIGHED = Weighed(0.0)


def brought_about(stage: Stage, numbers: tuple[int, ...]) -> Iterator[Effect]:
    """Yield what a stage brings about as it is entered; `numbers` are what it proposes."""
    if stage.propose is not None:
        yield ProposeOffer(numbers)
    if stage.set_attributes:
        yield SetAttributes(tuple(stage.set_attributes.items()))
    if stage.note:
        yield NotePerson(stage.note)


def approaches_later_us(stage: Stage, facts: Facts, until_us: int) -> int:
    """Return the hour in which it is found out whether a stage calls or writes; 0: now."""
    later_us = _weighed(stage, facts).later_us
    return 0 if until_us and later_us >= until_us else later_us


def approaches(
    stage: Stage, journey: Journey, facts: Facts, now_us: int, until_us: int
) -> Iterator[Effect]:
    """Yield the task or the message of a stage, as it is entered or in the hour that it waits for.

    Nothing of a stage that has neither, or whose journey has written as often as it may.
    """
    calls = stage.task is not None and (stage.send is None or _rather_calls(stage, facts))
    if calls and stage.task is not None:
        cart = facts.cart if facts.cart.offer_nos else journey.cart
        said, language = stage.task.script_for(facts.locale)
        if stage.task.is_heard_by_anybody and not facts.calls_may_be_personal:
            said = impersonal(said)
        script = spoken(said, cart, facts.titles_in(language), facts.currency, language)
        offer_ids = tuple(_to_offer(stage.task, journey, facts))
        weighed = _weighed(stage, facts)
        order, others = _explained(stage.task, weighed.why), _not_written(weighed)
        yield GiveTask(order, offer_ids, script, now_us, until_us, facts.time_zone, others)
    most = journey.scenario.limits.messages
    writes = stage.send is not None and not calls
    if writes and stage.send is not None and not (most and journey.messages >= most):
        channels = tuple(each for each in stage.send.channels if each != BY_TELEPHONE)
        message = replace(stage.send, channels=channels)
        yield SendMessage(message, now_us, until_us, _not_called(stage, facts))


def _to_offer(order: TaskOrder, journey: Journey, facts: Facts) -> Iterator[str]:
    """Yield the ids of what a task is to offer."""
    named = [offer_id for offer_id in order.offer_ids if offer_id in facts.offers]
    before = journey.answers_to if order.proposed else ()
    told = [facts.names[each] for each in before if each in facts.names]
    also = facts.shown if order.was_asked_for else ()
    yield from dict.fromkeys((*named, *told, *also))


def _rather_calls(stage: Stage, facts: Facts) -> bool:
    return facts.may_call and _weighed(stage, facts).why != ""


def _weighed(stage: Stage, facts: Facts) -> Weighed:
    """Return what was found of calling in place of writing; of other stages nothing."""
    return facts.weighed.get(stage.name, _NOTHING_WEIGHED)


def _explained(order: TaskOrder, why: str) -> TaskOrder:
    """Return a task that says why it is a call and no message, where that was chosen."""
    return replace(order, reason=f"{order.reason} {why}".strip()) if why else order


def _not_written(weighed: Weighed) -> tuple[PassedOver, ...]:
    """Return the channels that a call goes before, where it was chosen."""
    return weighed.passed_over if weighed.why else ()


def _not_called(stage: Stage, facts: Facts) -> tuple[PassedOver, ...]:
    """Return the call that is not made in place of a message, with why."""
    weighed = _weighed(stage, facts)
    if not weighed.why:
        return weighed.passed_over
    return (PassedOver(BY_TELEPHONE, weighed.likelihood, NO_CALLS_LEFT),)
