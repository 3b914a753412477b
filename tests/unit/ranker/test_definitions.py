"""What the ranker reads of a bundle and of the catalogue."""

import pytest

from services.ranker.definitions import compile_bundle
from services.ranker.domain.answers import OfferFacts
from services.ranker.lookups import facts_of, seen_when_decided
from shared.definitions import CompileError
from shared.errors import Unavailable
from tests.unit.ranker.shop import COUPON, PROMPT, definitions, shop
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1.rules_pb2 import Bundle, Prior


class Bundles:
    """Holds one bundle, the active one."""

    active = definitions()

    def of(self, bundle_hash):
        if bundle_hash == "active":
            return self.active
        raise Unavailable("forgotten", reason="BUNDLE_UNKNOWN")


@pytest.mark.parametrize("bundle_hash", ["active", "forgotten"])
def test_what_an_agent_is_told_to_say_counts_as_seen_under_old_bundles_too(bundle_hash):
    assert seen_when_decided(Bundles())(bundle_hash) == {PROMPT}


def test_an_impossible_prior_is_told_to_its_author():
    bundle = Bundle(priors=[Prior(kind=OfferKind.PRODUCT, probability=1.5)])
    with pytest.raises(CompileError, match=r"1\.5"):
        compile_bundle(bundle)


def test_an_offer_that_is_no_product_stands_for_itself_and_unknown_ones_for_nothing():
    look = facts_of(shop())
    assert look(3) == OfferFacts(OfferKind.PRODUCT, 3)
    assert look(COUPON) == OfferFacts(OfferKind.PROMOTION, COUPON)
    assert look(999) == OfferFacts(0, 999)
