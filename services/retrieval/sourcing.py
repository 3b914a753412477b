"""Every source of candidates, with its turn and with what its word is worth."""

from __future__ import annotations

from services.retrieval.domain.lifts import CrowdLifts
from services.retrieval.domain.likelihood import Belief
from services.retrieval.domain.postings import AttributeShelf
from services.retrieval.domain.query import CandidateSource
from services.retrieval.domain.sources.also_bought import AlsoBought
from services.retrieval.domain.sources.as_asked_for import AsAskedFor
from services.retrieval.domain.sources.bought_next import BoughtNext
from services.retrieval.domain.sources.buy_again import BuyAgain
from services.retrieval.domain.sources.for_you import ForYou
from services.retrieval.domain.sources.gift import Gift
from services.retrieval.domain.sources.goes_with_cart import GoesWithCart
from services.retrieval.domain.sources.in_session import InSession
from services.retrieval.domain.sources.instead_of import InsteadOf
from services.retrieval.domain.sources.near_offers import NearOffers
from services.retrieval.domain.sources.people_like_you import PeopleLikeYou
from services.retrieval.domain.sources.popular import Popular
from services.retrieval.domain.sources.similar import Similar
from services.retrieval.domain.sources.trending import Trending
from services.retrieval.domain.trends import Trends
from shared.catalogue import Catalogue
from touchpoint.common.v1.vocabulary_pb2 import Source

QUOTAS: dict[int, float] = {
    Source.GIFT: 8.0,
    Source.AS_ASKED_FOR: 8.0,
    Source.GOES_WITH_CART: 4.0,
    Source.INSTEAD_OF: 4.0,
    Source.BUY_AGAIN: 3.0,
    Source.IN_SESSION: 4.0,
    Source.FOR_YOU: 4.0,
    Source.ALSO_BOUGHT: 3.0,
    Source.BOUGHT_NEXT: 2.0,
    Source.PEOPLE_LIKE_YOU: 2.0,
    Source.SIMILAR: 2.0,
    Source.EXTERNAL: 2.0,
    Source.OFFER: 2.0,
    Source.TRENDING: 1.0,
    Source.POPULAR: 3.0,
}
"""Sources by precedence, the most personal first, with how many each puts up in turn."""
BELIEFS: dict[int, Belief] = {
    Source.GIFT: Belief(of_the_moment=1.0),
    Source.AS_ASKED_FOR: Belief(of_the_moment=1.0),
    Source.GOES_WITH_CART: Belief(of_the_moment=0.9),
    Source.INSTEAD_OF: Belief(of_the_moment=0.9),
    Source.BUY_AGAIN: Belief(otherwise=0.8),
    Source.IN_SESSION: Belief(of_the_moment=0.9),
    Source.FOR_YOU: Belief(otherwise=0.7),
    Source.ALSO_BOUGHT: Belief(of_the_page=0.8, otherwise=0.5),
    Source.BOUGHT_NEXT: Belief(otherwise=0.5),
    Source.PEOPLE_LIKE_YOU: Belief(of_the_page=0.7, otherwise=0.5),
    Source.SIMILAR: Belief(of_the_moment=0.7),
    Source.EXTERNAL: Belief(of_the_moment=0.7),
    Source.OFFER: Belief(of_the_moment=0.8),
    Source.TRENDING: Belief(otherwise=0.4),
    Source.POPULAR: Belief(otherwise=0.4),
}
"""What a score of each source is worth where nothing was learned; see `Belief`."""


MAY_BE_SPARED = frozenset(
    number
    for number, belief in BELIEFS.items()
    if belief.of_the_moment == 0.0 and number != Source.POPULAR
)
"""Sources that may be left out to save time: what is asked for at the moment is none of them."""


def sources(
    catalogue: Catalogue, attributes: AttributeShelf, trends: Trends, crowds: CrowdLifts
) -> dict[int, CandidateSource]:
    """Return every source of candidates by its number."""
    return {
        Source.GIFT: Gift(catalogue, attributes),
        Source.AS_ASKED_FOR: AsAskedFor(catalogue, attributes),
        Source.GOES_WITH_CART: GoesWithCart(catalogue, attributes),
        Source.BUY_AGAIN: BuyAgain(catalogue),
        Source.INSTEAD_OF: InsteadOf(catalogue, attributes.attributes),
        Source.IN_SESSION: InSession(catalogue),
        Source.FOR_YOU: ForYou(),
        Source.ALSO_BOUGHT: AlsoBought(catalogue),
        Source.BOUGHT_NEXT: BoughtNext(catalogue),
        Source.PEOPLE_LIKE_YOU: PeopleLikeYou(catalogue),
        Source.SIMILAR: Similar(catalogue),
        Source.OFFER: NearOffers(catalogue),
        Source.TRENDING: Trending(catalogue, trends, lambda: crowds.current),
        Source.POPULAR: Popular(catalogue, lambda: crowds.current),
    }
