"""The ranker's part of a bundle: what is assumed, and where what is decided is seen for sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.ranker.domain.priors import Prior, PriorTable
from services.ranker.exchange import Exchange
from shared.arm_shares import arms
from shared.conditions.values import share
from shared.definitions import CompileError
from shared.experiments import ExperimentPlan, experiment_plan
from shared.treatments import Treatments
from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.rules.v1.experiments_pb2 import Experiment, ExperimentVariant
from touchpoint.rules.v1.rules_pb2 import Bundle, ContactMoment

EXPLORATION = "exploration"
"""The parameter that says which share of a page's worth trying things out may cost."""
DEFAULT_EXPLORATION = "2%"


@dataclass(frozen=True, slots=True)
class RankingTerms:
    """On what terms a page is ranked: all that variants of the ranker may differ in."""

    exploration: float
    """Which share of what a page is expected to earn trying things out may cost, 0 to 1."""
    priors_only: bool = False
    """Judge by what is assumed, whatever was learned since; answers teach all the same."""
    levers: bool = True
    """Let levers count, those of offers as those of rules."""
    factors: Mapping[str, float] = field(default_factory=dict)
    """Offer id to what its lever is multiplied by besides."""


@dataclass(frozen=True, slots=True)
class RankingDefinitions:
    """What the ranker makes of a bundle."""

    priors: PriorTable
    exchange: Exchange
    terms: RankingTerms
    arm_plan: ArmPlan
    """How people are shared out over arms."""
    seen_when_decided: frozenset[str]
    """Placements where a decision is seen as soon as it is made: agent, IVR, e-mail, store."""
    treatments: Treatments[RankingTerms] | None = None
    """None: there are no experiments."""
    experiments: Sequence[Experiment] = ()
    experiment_plan: ExperimentPlan = field(default_factory=ExperimentPlan)
    """Who is in which variant."""

    def treating(self, variants: Sequence[VariantOf]) -> RankingTerms:
        """Return the terms for somebody in these variants of experiments."""
        if not variants or self.treatments is None:
            return self.terms
        return self.treatments.of(variants, self.terms)


def compile_bundle(bundle: Bundle) -> RankingDefinitions:
    """Compile the ranker's part of a bundle; raises `CompileError`."""
    try:
        priors = PriorTable(
            Prior(prior.kind, prior.source, prior.probability) for prior in bundle.priors
        )
        exchange = Exchange(bundle.currencies)
        terms = RankingTerms(share(bundle.parameters.get(EXPLORATION, DEFAULT_EXPLORATION)))
        shares = arms(bundle.parameters)
    except ValueError as error:
        raise CompileError(str(error)) from error
    seen = frozenset(
        placement.placement
        for placement in bundle.placements
        if placement.contact_moment == ContactMoment.DECISION
    )
    plan = ArmPlan(
        salt=shares.salt, holdout_share=shares.holdout_share, static_share=shares.static_share
    )
    treatments = Treatments(bundle, ("ranker",), lambda variants: _treated(terms, variants))
    return RankingDefinitions(
        priors,
        exchange,
        terms,
        plan,
        seen,
        treatments,
        tuple(bundle.experiments),
        experiment_plan(bundle),
    )


def _treated(terms: RankingTerms, variants: Sequence[ExperimentVariant]) -> RankingTerms:
    """Return the terms for those in some variants; no two change the same."""
    for change in (variant.ranker for variant in variants):
        terms = replace(
            terms,
            exploration=change.exploration if change.HasField("exploration") else terms.exploration,
            priors_only=terms.priors_only or change.priors_only,
            factors={**terms.factors, **change.levers},
        )
    return terms
