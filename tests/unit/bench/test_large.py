"""A million items are measured with every source at work: tried on a few of them."""

from itertools import islice

import numpy as np
import pytest

from bench.large_blend import large_blend, large_fit, large_seasons
from bench.large_catalogue import LargeCatalogue, records
from bench.large_demand import told_of_demand
from bench.large_groups import large_gifts, large_groups
from bench.large_requests import REGULARS, retrievals
from bench.large_visits import large_sessions, large_successors
from bench.parts.retrieval import Heard
from services.retrieval.domain.learning.content import normalised
from services.retrieval.domain.learning.networks import networks_of
from services.retrieval.domain.popularity import Popularity
from services.retrieval.domain.served_groups import ServedGroups
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.sizes import Sizes
from services.retrieval.domain.trends import rising
from services.retrieval.storage.model_files import decode, encode
from shared.catalogue import Catalogue
from tests.unit.retrieval.learned import learned
from touchpoint.common.v1.bus_pb2 import EventNotices
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse, SourceReport

DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def catalogue():
    return LargeCatalogue.made(count=6_000)


@pytest.fixture(scope="module")
def known(catalogue):
    """Return numbers and categories of what is looked at."""
    nos = np.unique(catalogue.family_nos)
    return nos, catalogue.category[nos - 1]


def kept(part):
    """Return a part as a service reads it from its file; raises where it would refuse it."""
    return decode(type(part), encode(part))


def test_cells_know_what_people_take_and_what_they_take_with_something(known):
    model = kept(large_groups(*known, np.random.default_rng(1)))
    assert model.is_whole
    groups = ServedGroups(model)
    cells = groups.cells_of(groups.facts(35, {"gender": "female", "region": "coast"}))
    assert len(cells) == 7
    assert all(len(groups.takings(cell).nos) for cell in cells)
    item = int(model.partner_keys[0]) & 0xFFFFFFFF
    assert len(groups.partners(cells, [item]).nos)
    given = ServedGroups(kept(large_gifts(known[0], np.random.default_rng(1))))
    assert given.model.is_whole
    assert given.cells_of(given.facts(60, {"occasion": "birthday"}))


def test_visits_and_later_orders_fit_together(known):
    visits = large_sessions(*known, np.random.default_rng(1), most=2_000)
    assert kept(visits).fits()
    assert len(visits.fresh) == 2_000
    assert kept(large_successors(*known, np.random.default_rng(1))).fits()


def test_networks_seasons_and_tastes_foretold_are_there(catalogue, known):
    rng = np.random.default_rng(1)
    nos, _ = known
    items = learned(dict.fromkeys(nos.tolist(), (0, 1)), {}).items
    blend = kept(large_blend(catalogue, nos, rng))
    assert networks_of(items, blend)
    assert min(blend.own_share, blend.new_share) > 0.0
    assert kept(large_seasons(catalogue, rng)).factors.min() > 0.0
    content = normalised(rng.standard_normal((len(nos), 64)).astype(np.float32))
    told = kept(large_fit(content @ content[:64].T, content, rng))
    assert told.to_taste.shape == (65, 64)
    assert 0.0 < told.content_weight < 1.0


def test_offers_beside_the_items_may_be_shown(catalogue):
    rows = []
    for number, *_, content, _variant_of, family_no, about_nos, _, _ in records(catalogue):
        row = CatalogueRow.FromString(content)
        row.offer_no, row.family_no = number, family_no
        row.about_nos.extend(about_nos)
        rows.append(row)
    held = Catalogue()
    held.apply(CatalogueBatch(version=catalogue.version, rows=rows))
    shelf = Shelves(held, Sizes(), lambda: Popularity(0), lambda: 0).current
    offers = np.flatnonzero(held.kind[: held.size] > OfferKind.PRODUCT)
    assert len(offers) == 400
    assert shelf.is_had(offers, 0).all()
    assert len(shelf.offers.by_category) > 20
    assert len(shelf.offers.by_family) > 20


def test_requests_give_every_source_something_to_answer(catalogue):
    asked = list(islice(retrievals(catalogue, "b"), 60))
    people = [PersonSnapshot.FromString(each.snapshot) for each in asked]
    assert sum(each.context.HasField("recipient") for each in asked) == 6
    assert sum("colour" in each.context.attributes.fields for each in asked) == 20
    assert sum(bool(each.context.excluded_offer_nos) for each in asked) == 12
    assert sum("out_of_stock" in each.recent.types for each in people) == 15
    assert sum(each.age > 0 for each in people) == 30
    assert any(each.persona for each in people)
    for each, person in zip(asked, people, strict=True):
        assert (len(each.context.item_nos), len(each.context.cart)) == (3, 2)
        assert person.owned.family_nos
        assert person.session.offer_nos


def test_what_is_told_over_the_bus_makes_some_things_rise(catalogue):
    now_us = 400 * DAY_US + 12 * 3600 * 1_000_000
    sold, persons = Popularity(now_us), set()
    for publication in told_of_demand(catalogue, now_us):
        for notice in EventNotices.FromString(publication.data).notices:
            sold.note(notice.offer_no, notice.type, notice.time_us)
            persons.add(notice.person_id)
    family_no = np.concatenate((np.zeros(1, np.uint32), catalogue.family_nos))
    found = rising(sold.by_day(), family_no, now_us)
    assert 10 <= len(found.family_nos) <= 30
    assert len(persons) == REGULARS


def test_a_source_that_never_proposed_anything_is_told_of():
    heard = Heard()
    reports = [SourceReport(source="GIFT"), SourceReport(source="POPULAR", candidates=3)]
    assert heard.degraded(RetrieveResponse(sources=reports)) == "0 candidates"
    assert heard.silent == ["GIFT"]
    heard.degraded(RetrieveResponse(sources=[SourceReport(source="GIFT", candidates=1)]))
    assert heard.silent == []
