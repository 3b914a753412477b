"""Reads scenarios out of a bundle, and back out of what is kept beside a journey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from services.scenario.domain.passage import ANSWERS
from services.scenario.domain.scenario import (
    Proposal,
    Scenario,
    Situation,
    Stage,
    TaskOrder,
)
from shared.definitions import CompileError
from shared.money import to_micros
from touchpoint.rules.v1 import rules_pb2 as pb


@dataclass(frozen=True, slots=True)
class Playbook:
    """The scenario service's part of a bundle."""

    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    in_session: Sequence[Scenario] = ()
    starting: Mapping[str, Sequence[Scenario]] = field(default_factory=dict)
    """By the type of event that begins them."""
    telling: frozenset[str] = ANSWERS
    """Types of events that matter whoever they are of: they begin, end or answer."""
    offer_ids: frozenset[str] = frozenset()
    """Offers that the bundle itself defines."""


def playbook(bundle: pb.Bundle) -> Playbook:
    """Compile the scenarios of a bundle; raises `CompileError`."""
    try:
        scenarios = [scenario_of(message) for message in bundle.scenarios]
    except ValueError as error:
        raise CompileError(str(error)) from error
    starting: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        for event_type in scenario.starts_on:
            starting.setdefault(event_type, []).append(scenario)
    return Playbook(
        {scenario.name: scenario for scenario in scenarios},
        [scenario for scenario in scenarios if scenario.is_in_session],
        starting,
        ANSWERS.union(starting, *(scenario.goals for scenario in scenarios)),
        frozenset(offer.offer_id for offer in bundle.offers),
    )


@lru_cache(maxsize=256)
def kept_scenario(definition: bytes) -> Scenario:
    """Return the scenario of a definition that was kept beside a journey."""
    return scenario_of(pb.Scenario.FromString(definition))


def scenario_of(message: pb.Scenario) -> Scenario:
    """Read a scenario; ValueError with a sentence when it cannot be played."""
    if not message.stages:
        raise ValueError(f"scenario {message.scenario} has no stage")
    scenario = Scenario(
        name=message.scenario,
        title=message.title,
        stages=tuple(_stage(stage, message.scenario) for stage in message.stages),
        starts_on=frozenset(message.starts_on),
        when=_situation(message),
        quiet_for_us=message.quiet_for.ToMicroseconds(),
        goals=frozenset(message.goals),
        again_after_us=message.again_after.ToMicroseconds(),
        definition=message.SerializeToString(deterministic=True),
    )
    if scenario.is_in_session and scenario.stages[0].propose is None:
        raise ValueError(f"scenario {scenario.name} lives in the session and proposes nothing")
    return scenario


def _situation(message: pb.Scenario) -> Situation:
    when = message.when
    if not when.HasField("cart_above"):
        return Situation(when.hesitating)
    try:
        return Situation(when.hesitating, to_micros(when.cart_above.amount))
    except ValueError as error:
        raise ValueError(f"scenario {message.scenario}: cart_above {error}") from None


def _stage(message: pb.Stage, scenario: str) -> Stage:
    has_proposal, has_task = message.HasField("propose"), message.HasField("task")
    if has_proposal is has_task:
        raise ValueError(
            f"scenario {scenario}: stage {message.stage} must either propose an offer or give"
            " a task"
        )
    return Stage(
        message.stage,
        _proposal(message.propose) if has_proposal else None,
        _order(message.task) if has_task else None,
        message.lasts.ToMicroseconds(),
    )


def _proposal(message: pb.Proposal) -> Proposal:
    return Proposal(message.offer, tuple(message.placements), message.lever or 1.0)


def _order(message: pb.TaskOrder) -> TaskOrder:
    return TaskOrder(
        message.kind,
        message.reason,
        message.script,
        tuple(message.offers),
        tuple(message.skills),
        message.priority,
    )
