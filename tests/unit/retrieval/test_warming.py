"""What a model is asked before it is served."""

import gc
import weakref
from dataclasses import replace

from services.retrieval.domain.live_contents import LiveContents
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.sources.similar import Similar
from services.retrieval.warming import warming
from tests.unit.retrieval.learned import ITEMS, ExactIndex, learned
from tests.unit.retrieval.test_live_contents import shop_of, trained_on
from touchpoint.common.v1.vocabulary_pb2 import Source


class Counting(ExactIndex):
    """An index that knows how often it was searched."""

    searches = 0

    def nearest(self, vector, count, allowed=None):
        self.searches += 1
        return super().nearest(vector, count, allowed)


class Moments:
    """What was asked lately."""

    def __init__(self, *queries):
        self._queries = queries

    def recent(self, model):
        return [replace(each, model=model) for each in self._queries]


def of_counting(made):
    return ServedModel.of("new", made, Counting)


def indexes_of(model):
    return [model.taste_index, model.content_index, model.person_index]


def test_at_a_start_every_index_is_searched_though_nobody_asked_anything():
    made = learned(ITEMS, {"ada": ((1.0, 0.0), [1])}, content={1: (1, 0), 2: (0, 1)})
    model = of_counting(made)
    before = [each.searches for each in indexes_of(model)]
    warming(Moments(), dict, lambda _: None)(model)()
    found = [each.searches for each in indexes_of(model)]
    assert all(more > fewer for more, fewer in zip(found, before, strict=True))


def test_likeness_is_looked_for_among_what_the_new_model_holds():
    shop = shop_of()
    live = LiveContents(shop.catalogue, ExactIndex)
    model = trained_on(shop, 4)
    proposed = []

    class Noting(Similar):
        def propose(self, query):
            proposed.append(super().propose(query))
            return proposed[-1]

    query = shop.query(in_view=["Running shoe Comet"])
    warm = warming(Moments(query), lambda: {Source.SIMILAR: Noting(shop.catalogue)}, live.of_model)
    warm(model)()
    [found] = proposed
    assert shop.told(found)[0] == "Running shoe Meteor"


def test_what_warmed_a_model_keeps_nothing_in_memory():
    shop = shop_of()
    live = LiveContents(shop.catalogue, ExactIndex)
    sources = []

    def made():
        source = Similar(shop.catalogue)
        sources.append(weakref.ref(source))
        return {Source.SIMILAR: source}

    warm = warming(Moments(shop.query()), made, live.of_model)
    warm(trained_on(shop, 4))()
    gc.collect()
    assert [each() for each in sources] == [None]
