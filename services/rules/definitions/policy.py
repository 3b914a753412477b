"""Compiles a bundle into what rules decides by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache, partial

from services.rules.answers import Constraints, slate_constraints
from services.rules.conditions import Condition, ConditionCompiler, ConditionError
from services.rules.definitions.contacts import contact_policy
from services.rules.definitions.terms import compiled_terms
from services.rules.definitions.treatments import treated_rules
from services.rules.domain.budgets import PROMISED_FOR_US
from services.rules.domain.definitions import (
    Pin,
    Placement,
    Policy,
    Rule,
)
from shared.conditions.values import typed_parameters
from shared.definitions import CompileError
from shared.exchange import Exchange
from shared.experiments import ExperimentPlan, experiment_plan
from shared.treatments import Switched, Treatments
from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.common.v1.vocabulary_pb2 import RuleLevel
from touchpoint.rules.v1 import rules_pb2 as pb
from touchpoint.rules.v1.experiments_pb2 import ExperimentVariant

_PAGES_KEPT = 64
_MICROSECOND = timedelta(microseconds=1)
NO_EXPERIMENTS = ExperimentPlan()


@dataclass(frozen=True, slots=True)
class CompiledBundle:
    """A bundle ready to decide by."""

    policy: Policy
    compiler: ConditionCompiler
    """Makes the variables of its conditions known to them."""
    declined_for_us: int
    """How far back declines matter."""
    slate_constraints: Callable[[tuple[str, ...]], Constraints]
    """What the slate rules demand of the placements named."""
    rule_places: Mapping[str, int]
    """Rule to its place in the bundle, from 0."""
    keeps_places: bool = False
    """Whether a slate rule gives something a fixed share."""
    offer_ids: frozenset[str] = frozenset()
    """Offers that the bundle itself defines."""
    plan: ExperimentPlan = NO_EXPERIMENTS
    """Who takes part in which experiments."""
    experiments: Mapping[str, bytes] = field(default_factory=dict)
    """Name to the serialised definition."""
    treatments: Treatments[CompiledBundle] | None = None
    """None: it is as it is for those in variants already."""

    def treating(self, variants: Sequence[VariantOf]) -> CompiledBundle:
        """Return the bundle as it is for somebody in these variants."""
        if not variants or self.treatments is None:
            return self
        return self.treatments.of(variants, self)


def compile_policy(bundle: pb.Bundle) -> CompiledBundle:
    """Return a bundle ready to decide by; raises `CompileError` telling what to change."""
    parameters = typed_parameters(bundle.parameters)
    compiler = ConditionCompiler(parameters)
    try:
        rules = [_rule(rule, compiler) for rule in bundle.rules]
        awake = _awake(bundle, compiler)
        pins = _pins(bundle.pins, compiler)
    except ConditionError as error:
        raise CompileError(f"a condition cannot be used: {error.message}") from None
    try:
        contacts, plan = contact_policy(bundle), experiment_plan(bundle)
    except ValueError as error:
        raise CompileError(f"parameters: {error}") from None
    policy = Policy(
        bundle_hash=bundle.bundle_hash,
        placements={each.placement: _placement(each) for each in bundle.placements},
        rules=tuple(rules),
        contacts=contacts,
        sticky_us=_microseconds(parameters.get("sticky")),
        questions=_questions(bundle.questions),
        pins=pins,
        terms={each.offer_id: compiled_terms(each) for each in bundle.offer_terms},
        promised_for_us=_microseconds(parameters.get("promised_for")) or PROMISED_FOR_US,
        exchange=Exchange(bundle.currencies),
    )
    compiled = CompiledBundle(
        policy,
        compiler,
        _microseconds(parameters.get("declined_for")),
        lambda names: (),
        {rule.name: place for place, rule in enumerate(policy.rules)},
        offer_ids=frozenset(offer.offer_id for offer in bundle.offers),
        plan=plan,
        experiments={
            each.experiment: each.SerializeToString(deterministic=True)
            for each in bundle.experiments
        },
    )

    def treated(variants: Sequence[ExperimentVariant]) -> CompiledBundle:
        rules = treated_rules(policy.rules, awake, Switched.of(each.rules for each in variants))
        switched = Switched.of(each.slate_rules for each in variants)
        others = replace(compiled, policy=replace(policy, rules=rules))
        return _with_slates(others, bundle.slate_rules, switched)

    everybodys = _with_slates(compiled, bundle.slate_rules, Switched.of(()))
    return replace(everybodys, treatments=Treatments(bundle, ("rules", "slate_rules"), treated))


def _with_slates(
    compiled: CompiledBundle, rules: Iterable[pb.SlateRule], switched: Switched
) -> CompiledBundle:
    """Return a bundle with the slate rules that are in force for those treated so."""
    in_force = [rule for rule in rules if switched.is_in_force(rule.name, rule.mode)]
    return replace(
        compiled,
        slate_constraints=lru_cache(_PAGES_KEPT)(partial(slate_constraints, in_force)),
        keeps_places=any(rule.share for rule in in_force),
    )


def _awake(bundle: pb.Bundle, compiler: ConditionCompiler) -> dict[str, Rule]:
    """Return the rules that are off but for some experiment, as that has them."""
    wanted = {
        name
        for experiment in bundle.experiments
        for variant in experiment.variants
        for name in variant.rules.on
    }
    return {
        rule.name: _rule(rule, compiler, awake=True)
        for rule in bundle.rules
        if rule.mode == pb.RuleMode.OFF and rule.name in wanted
    }


def _placement(placement: pb.Placement) -> Placement:
    return Placement(
        name=placement.placement,
        channel=placement.channel,
        kinds=frozenset(placement.kinds),
        contact_kinds=frozenset(placement.contact_kinds),
        counts_at_decision=placement.contact_moment == pb.ContactMoment.DECISION,
        one_contact=placement.one_contact,
        default_offers=frozenset(placement.default_offers),
    )


def _rule(rule: pb.Rule, compiler: ConditionCompiler, *, awake: bool = False) -> Rule:
    """Compile a rule; one that is off keeps its place and has no conditions, unless awake."""
    is_off = rule.mode == pb.RuleMode.OFF and not awake

    def compiled(text: str) -> Condition | None:
        return compiler.compile(text) if text and not is_off else None

    return Rule(
        name=rule.name,
        level=rule.level or RuleLevel.ELIGIBILITY,
        code=rule.code,
        kinds=frozenset(rule.kinds),
        placements=frozenset(rule.placements),
        remove_when=compiled(rule.remove_when),
        lever=rule.lever,
        lever_when=compiled(rule.lever_when),
        is_shadow=rule.mode == pb.RuleMode.SHADOW,
    )


def _pins(pins: Iterable[pb.Pin], compiler: ConditionCompiler) -> dict[str, list[Pin]]:
    found: dict[str, list[Pin]] = {}
    for pin in pins:
        when = compiler.compile(pin.when) if pin.when else None
        made = Pin(pin.name or pin.offer, pin.position, pin.offer, when)
        found.setdefault(pin.placement, []).append(made)
    return found


def _questions(questions: Iterable[pb.Question]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for each in questions:
        found.setdefault(each.survey, set()).add(each.question)
    return {survey: frozenset(names) for survey, names in found.items()}


def _microseconds(value: object) -> int:
    return value // _MICROSECOND if isinstance(value, timedelta) else 0
