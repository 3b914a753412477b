"""Every source has its turn, and its word is worth something."""

from services.retrieval.domain.crowds import Crowds
from services.retrieval.domain.lifts import CrowdLifts
from services.retrieval.domain.postings import AttributeShelf
from services.retrieval.domain.trends import Trends
from services.retrieval.sourcing import BELIEFS, QUOTAS, sources
from tests.unit.retrieval.shop import NOW_US, Shop
from touchpoint.common.v1.vocabulary_pb2 import Source


class Current:
    def __init__(self, shelf):
        self.current = shelf


def numbers():
    shop, crowds = Shop(), Crowds(NOW_US)
    counted = (lambda: shop.popularity), (lambda: NOW_US)
    return sources(
        shop.catalogue,
        AttributeShelf(shop.attributes, shop.catalogue, Current(shop.shelf())),
        Trends(shop.catalogue, *counted),
        CrowdLifts(shop.catalogue, lambda: crowds, *counted),
    )


def test_every_source_has_its_turn():
    assert set(QUOTAS) == {*numbers(), Source.EXTERNAL}


def test_the_word_of_every_source_is_worth_something_where_nothing_was_learned():
    assert set(BELIEFS) == set(QUOTAS)
    assert all(
        max(each.of_the_moment, each.of_the_page, each.otherwise) for each in BELIEFS.values()
    )


def test_the_one_that_always_has_something_is_asked_last():
    assert list(numbers())[-1] == Source.POPULAR
