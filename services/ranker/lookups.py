"""What the catalogue and the definitions say, as the parts of the ranker ask for it."""

from __future__ import annotations

from collections.abc import Callable

from services.ranker.definitions import RankingDefinitions, compile_bundle
from services.ranker.domain.answers import OfferFacts
from services.ranker.replaying import FetchDefinitions
from shared.catalogue import Catalogue
from shared.definitions import BundleFollower, BundleSource
from shared.errors import Unavailable
from shared.service import HealthCheck


def facts_of(catalogue: Catalogue) -> Callable[[int], OfferFacts]:
    """Return what looks an offer up in the catalogue of this replica."""

    def look(offer_no: int) -> OfferFacts:
        if not 0 < offer_no < catalogue.size:
            return OfferFacts(0, offer_no)
        return OfferFacts(
            int(catalogue.kind[offer_no]),
            int(catalogue.family_no[offer_no]) or offer_no,
            int(catalogue.ends_us[offer_no]),
        )

    return look


def seen_when_decided(
    bundles: BundleFollower[RankingDefinitions],
) -> Callable[[str], frozenset[str]]:
    """Return what tells, by bundle, the placements where a decision is seen at once."""

    def placements(bundle_hash: str) -> frozenset[str]:
        try:
            return bundles.of(bundle_hash).seen_when_decided
        except Unavailable:  # of an older bundle: placements hardly ever change their moment
            return bundles.active.seen_when_decided

    return placements


def definitions_of(
    bundles: BundleFollower[RankingDefinitions], source: BundleSource
) -> FetchDefinitions:
    """Return what finds definitions of now or, from their owner, of the past."""

    async def fetch(bundle_hash: str) -> RankingDefinitions:
        try:
            return bundles.of(bundle_hash)
        except Unavailable:
            return compile_bundle(await source.bundle(bundle_hash))

    return fetch


def rates_known(catalogue: Catalogue, bundles: BundleFollower[RankingDefinitions]) -> HealthCheck:
    """Return what raises while amounts count as nothing because nobody knows their worth."""

    async def check() -> None:
        if bundles.active_hash and (unknown := bundles.active.exchange.without_rate(catalogue)):
            raise Unavailable(f"no rate of {', '.join(unknown)}: such values count as nothing")

    return check
