"""Reads scenarios out of a bundle, and back out of what is kept beside a journey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from services.scenario.domain.passage import ANSWERS
from services.scenario.domain.scenario import (
    AtHome,
    Proposal,
    Scenario,
    Situation,
    Stage,
    TaskOrder,
)
from shared.arms import IMPERSONAL, assign_arm, assign_variants
from shared.catalogue import Catalogue
from shared.definitions import CompileError
from shared.exchange import NO_EXCHANGE, Exchange
from shared.experiments import ExperimentPlan, experiment_plan
from shared.money import to_micros
from shared.treatments import Switched, Treatments
from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.rules.v1 import rules_pb2 as pb

NO_EXPERIMENTS = ExperimentPlan()


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
    plan: ExperimentPlan = NO_EXPERIMENTS
    """Who takes part in which experiments."""
    switched_off: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Experiment to the scenarios that some of its variants have off."""
    exchange: Exchange = NO_EXCHANGE
    """By which amounts in other currencies are compared."""
    treatments: Treatments[Playbook] | None = None
    """None: it is as it is for those in variants already."""

    def treating(self, variants: Sequence[VariantOf]) -> Playbook:
        """Return the playbook as it is for somebody in these variants."""
        if not variants or self.treatments is None:
            return self
        return self.treatments.of(variants, self)

    def for_person(self, oldest_person_id: str, now_us: int) -> Playbook:
        """Return the playbook as it is for a person, by the oldest id of their set.

        For the arms that get nothing personal it has no scenarios: no journey begins or goes on.
        """
        if assign_arm(self.plan.arm_plan, oldest_person_id) in IMPERSONAL:
            return replace(self, scenarios={}, in_session=(), starting={})
        if not self.plan.experiments:
            return self
        return self.treating(assign_variants(self.plan.at(now_us), oldest_person_id))

    def at_home(self, catalogue: Catalogue) -> AtHome:
        """Return what converts amounts into the home currency of a catalogue."""
        table = self.exchange.table(catalogue)

        def convert(micros: int, currency: str) -> int | None:
            if not table.base:
                return micros
            return table.to_base_micros(micros, currency) if table.knows(currency) else None

        return convert

    def for_all(self, now_us: int) -> frozenset[str]:
        """Return the scenarios that are in force for everybody, whatever variants they are in."""
        running = self.plan.at(now_us).experiments
        off = frozenset[str]().union(*(self.switched_off.get(each.name, ()) for each in running))
        return frozenset(self.scenarios) - off


def playbook(bundle: pb.Bundle) -> Playbook:
    """Compile the scenarios of a bundle; raises `CompileError`."""
    try:
        every = [(scenario_of(message), message.mode) for message in bundle.scenarios]
        plan = experiment_plan(bundle)
    except ValueError as error:
        raise CompileError(str(error)) from error
    scenarios = [scenario for scenario, _ in every]
    whole = Playbook(
        telling=ANSWERS.union(*(each.starts_on | each.goals for each in scenarios)),
        offer_ids=frozenset(offer.offer_id for offer in bundle.offers),
        plan=plan,
        switched_off={
            each.experiment: frozenset(
                name for variant in each.variants for name in variant.scenarios.off
            )
            for each in bundle.experiments
        },
        exchange=Exchange(bundle.currencies),
    )

    def in_force(switched: Switched) -> Playbook:
        return _of(whole, [each for each, mode in every if switched.is_in_force(each.name, mode)])

    treatments = Treatments(
        bundle,
        ("scenarios",),
        lambda variants: in_force(Switched.of(each.scenarios for each in variants)),
    )
    return replace(in_force(Switched()), treatments=treatments)


def _of(whole: Playbook, scenarios: Sequence[Scenario]) -> Playbook:
    """Return a playbook with these scenarios."""
    starting: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        for event_type in scenario.starts_on:
            starting.setdefault(event_type, []).append(scenario)
    return replace(
        whole,
        scenarios={scenario.name: scenario for scenario in scenarios},
        in_session=[scenario for scenario in scenarios if scenario.is_in_session],
        starting=starting,
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
        least = when.cart_above
        return Situation(when.hesitating, to_micros(least.amount), least.currency)
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
