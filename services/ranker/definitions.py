"""The ranker's part of a bundle: what is assumed, and where what is decided is seen for sure."""

from __future__ import annotations

from dataclasses import dataclass

from services.ranker.domain.priors import Prior, PriorTable
from services.ranker.exchange import Exchange
from shared.conditions.values import share
from shared.definitions import CompileError
from touchpoint.rules.v1.rules_pb2 import Bundle, ContactMoment

EXPLORATION = "exploration"
"""The parameter that says which share of a page's worth trying things out may cost."""
DEFAULT_EXPLORATION = "5%"


@dataclass(frozen=True, slots=True)
class RankingTerms:
    """On what terms a page is ranked: all that variants of the ranker may differ in."""

    exploration: float
    """Which share of what a page is expected to earn trying things out may cost, 0 to 1."""
    priors_only: bool = False
    """Judge by what is assumed, whatever was learned since; answers teach all the same."""
    levers: bool = True
    """Let levers count, those of offers as those of rules."""


@dataclass(frozen=True, slots=True)
class RankingDefinitions:
    """What the ranker makes of a bundle."""

    priors: PriorTable
    exchange: Exchange
    terms: RankingTerms
    seen_when_decided: frozenset[str]
    """Placements where a decision is seen as soon as it is made: agent, IVR, e-mail, store."""


def compile_bundle(bundle: Bundle) -> RankingDefinitions:
    """Compile the ranker's part of a bundle; raises `CompileError`."""
    try:
        priors = PriorTable(
            Prior(prior.kind, prior.source, prior.probability) for prior in bundle.priors
        )
        exchange = Exchange(bundle.currencies)
        terms = RankingTerms(share(bundle.parameters.get(EXPLORATION, DEFAULT_EXPLORATION)))
    except ValueError as error:
        raise CompileError(str(error)) from error
    seen = frozenset(
        placement.placement
        for placement in bundle.placements
        if placement.contact_moment == ContactMoment.DECISION
    )
    return RankingDefinitions(priors, exchange, terms, seen)
