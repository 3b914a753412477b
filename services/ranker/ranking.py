"""Ranks one request: reads it, judges its candidates and fills the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.ranker.definitions import RankingDefinitions, RankingTerms
from services.ranker.domain.arbitration import Assumed, Column, assume
from services.ranker.domain.booster import Booster
from services.ranker.domain.boosting import said_of
from services.ranker.domain.chance import Chance
from services.ranker.domain.characteristics import characteristics, hashes
from services.ranker.domain.entities import Entities
from services.ranker.domain.exploration import ExplorationTotals, bounded, mixed
from services.ranker.domain.features import Evidence, FeatureMaker, Proposed
from services.ranker.domain.judgement import Judgement, Sighted, as_assumed, judge, sight
from services.ranker.domain.model import Model
from services.ranker.situations import read_situation
from shared.arms import IMPERSONAL
from shared.catalogue import Catalogue
from shared.slate import Page, Slate, known_numbers, read_page
from touchpoint.common.v1.decision_pb2 import Candidates
from touchpoint.ranker.v1 import ranker_service_pb2 as pb

Share = NDArray[np.float64]
"""How often one placement shows each candidate, shape (candidates,)."""
Meet = Callable[[str, Sequence[str]], None]
"""Hears of a person and of what characterises them at this moment."""


def _meet_nobody(person: str, texts: Sequence[str]) -> None:
    """Hear of nobody."""


def no_booster() -> Booster | None:
    """Serve none."""
    return None


@dataclass(frozen=True, slots=True)
class Ranking:
    """One page, with how it came about."""

    judgement: Judgement
    slates: list[Slate]
    shares: list[Share] | None
    """Selection probabilities by placement; None: nothing was sampled."""

    def selection_probability(self, place: int, candidate: int) -> float:
        """Return with which probability a placement shows a candidate, given the draws."""
        return 1.0 if self.shares is None else float(self.shares[place][candidate])


class Ranker:
    """Ranks by the catalogue and the model of this replica."""

    def __init__(
        self,
        catalogue: Catalogue,
        model: Callable[[], Model],
        meet: Meet = _meet_nobody,
        booster: Callable[[], Booster | None] = no_booster,
    ) -> None:
        """`meet` hears of every person that something is ranked for, previews left out."""
        self._catalogue = catalogue
        self._model = model
        self._meet = meet
        self._booster = booster
        self._maker = FeatureMaker(Entities(catalogue))
        self.explored = ExplorationTotals()
        """What trying things out was expected to cost so far, previews left out."""

    def rank(
        self,
        request: pb.RankRequest,
        definitions: RankingDefinitions,
        terms: RankingTerms | None = None,
    ) -> Ranking:
        """Return the page; the same request on the same model and terms gives the same page.

        Without `terms` those of the definitions hold for the variants that the person is in.
        """
        terms = terms or definitions.treating(request.context.variants)
        context, candidates = request.context, request.candidates
        bits = np.array(request.placement_bits, np.uint32)
        nos = known_numbers(np.array(candidates.offer_nos, np.uint32), self._catalogue)
        sources = np.array(candidates.sources, np.int64)
        strengths = np.array(candidates.scores, np.float64)
        proposed = Proposed(nos, sources, strengths, bits, _evidence(candidates))
        page = read_page(
            nos,
            bits,
            candidates.sources,
            context,
            request.standing,
            request.constraints,
            self._catalogue,
        )
        assumed = self._assumed(request, proposed, definitions, terms)
        judgement = self._judged(request, proposed, assumed, page, terms)
        tried = request.tried if request.HasField("tried") else None
        ranking = decide(page, judgement, terms, context.seed, tried)
        if ranking.judgement.exploration is not None and not context.preview:
            self.explored.add(ranking.judgement.exploration)
        return ranking

    def _assumed(
        self,
        request: pb.RankRequest,
        proposed: Proposed,
        definitions: RankingDefinitions,
        terms: RankingTerms,
    ) -> Assumed:
        catalogue, nos = self._catalogue, proposed.nos
        prior = definitions.priors.probabilities(catalogue.kind[nos], proposed.sources)
        levers = _levers(request, nos, catalogue, terms) if terms.levers else ()
        exchanged = definitions.exchange.of(nos, catalogue)
        return assume(prior, proposed.strengths, catalogue.value_micros[nos], levers, exchanged)

    def _judged(
        self,
        request: pb.RankRequest,
        proposed: Proposed,
        assumed: Assumed,
        page: Page,
        terms: RankingTerms,
    ) -> Judgement:
        context, model = request.context, self._model()
        if context.arm in IMPERSONAL or not len(proposed.nos):
            return as_assumed(assumed)
        sighted = self._sighted(request, proposed, assumed)
        if model.number == 0 or terms.priors_only:
            return as_assumed(assumed, sighted)
        if (booster := self._booster()) is not None:
            sighted = replace(sighted, said=said_of(sighted.features, booster))
        if not terms.exploration or all(place.exact for place in page.places):
            return judge(assumed, sighted, model)
        positions = sum(place.limit for place in page.places)
        return judge(assumed, sighted, model, Chance(context.seed, positions))

    def _sighted(self, request: pb.RankRequest, proposed: Proposed, assumed: Assumed) -> Sighted:
        """Return what is seen; whoever refuses to be learned from teaches what nobody known would.

        They are met as nobody either, so that no report counts them under what they are.
        """
        context, catalogue = request.context, self._catalogue
        situation = read_situation(context, request.snapshot, catalogue)
        features = self._maker.features(proposed, situation)
        if not situation.may_be_learned_from:
            nobody = read_situation(context, b"", catalogue)
            taught = sight(self._maker.features(proposed, nobody), assumed)
            return replace(sight(features, assumed), taught=taught, situation=situation)
        told = characteristics(situation)
        if not context.preview:
            self._meet(situation.person, told)
        return replace(sight(features, assumed, hashes(told)), situation=situation)


def decide(
    page: Page, judgement: Judgement, terms: RankingTerms, seed: int, tried: bool | None = None
) -> Ranking:
    """Fill the page by what is expected, or by a draw where that may be tried; by the seed.

    `tried` says whether a draw is followed, wherever there are any; None: chance does.
    """
    best = page.fill(judgement.score)
    judgement, shares = _explored(page, judgement, best, terms, seed, tried)
    is_tried = judgement.exploration is not None and judgement.exploration.is_tried
    return Ranking(judgement, page.fill(judgement.score) if is_tried else best, shares)


def _evidence(candidates: Candidates) -> Evidence | None:
    """Return what speaks for the candidates; None where it is told of none, or not of all."""
    columns = candidates.evidence_kinds, candidates.evidence_counts, candidates.evidence_totals
    if any(len(column) != len(candidates.offer_nos) for column in columns):
        return None
    return Evidence(*(np.array(column, np.int64) for column in columns))


def _levers(
    request: pb.RankRequest, nos: NDArray[np.int64], catalogue: Catalogue, terms: RankingTerms
) -> list[tuple[str, Column]]:
    """Return what multiplies the candidates' arbitration, and by whom in words."""
    found = [
        ("of the offer", catalogue.lever[nos].astype(np.float64)),
        ("set by hand", catalogue.levers_set(nos, request.context.now_us)),
    ]
    if request.levers:
        found.append(("by rules", np.array(request.levers, np.float64)))
    if terms.factors:
        factor = np.ones(len(nos))
        for offer_id, each in terms.factors.items():
            factor[nos == catalogue.offer_no(offer_id)] *= each
        found.append(("of the variant", factor))
    return found


def _shown(slate: Slate, candidates: int) -> Share:
    """Return one slate as how often it shows each candidate: once, or not."""
    share = np.zeros(candidates)
    share[slate.chosen] = 1.0
    return share


def _explored(
    page: Page,
    judgement: Judgement,
    best: Sequence[Slate],
    terms: RankingTerms,
    seed: int,
    tried: bool | None,
) -> tuple[Judgement, list[Share] | None]:
    """Return by what the page is filled, and how often each placement shows what.

    `best` is the page by what is expected. A standing order is shown for sure, and neither earns
    nor costs anything here. `tried` says whether a draw is followed; None: chance does.
    """
    draws = judgement.draws
    if draws is None and not page.turns:
        return judgement, None
    if page.turns:
        shares = page.shares(judgement.score[None, :])
    else:
        shares = [_shown(slate, len(judgement.score)) for slate in best]
    if draws is not None:
        drawn = page.shares(draws.scores)
        free = [at for at, place in enumerate(page.places) if not place.exact]
        exploration = bounded(
            [shares[at] for at in free],
            [drawn[at] for at in free],
            judgement.worth,
            terms.exploration,
            Chance(seed).coin,
        )
        if tried is not None:
            exploration = replace(exploration, is_tried=tried)
        judgement, shares = judgement.decided(exploration), mixed(shares, drawn, exploration)
    for place, share in zip(page.places, shares, strict=True):
        if place.exact:
            share[:] = 1.0
    return judgement, shares
