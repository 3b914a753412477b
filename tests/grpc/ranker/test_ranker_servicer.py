"""The ranker as its callers see it, over a real server."""

import grpc
import pytest

from services.ranker.definitions import compile_bundle
from services.ranker.domain.answers import TeachingTerms
from services.ranker.lookups import facts_of
from services.ranker.servicer import RankerServicer
from services.ranker.storage.in_memory import InMemoryLearningLog
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.snapshots import InMemoryPointers, Snapshots
from services.ranker.validation import VALIDATORS
from shared.artefacts import FolderArtefacts
from shared.binding import bind
from shared.bus import InMemoryBus
from shared.catalogue import Catalogue
from shared.testing.grpc import grpc_service
from tests.grpc.ranker.keeping import keep
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import Candidates, PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import OfferKind, SlateCause, Source
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.rules.v1.rules_pb2 import Bundle, Prior

PRICES = {1: 100, 2: 50, 3: 10, 4: 5}


class OneBundle:
    """Definitions with one bundle, whatever the hash."""

    def __init__(self, bundle):
        self._table = compile_bundle(bundle)

    def of(self, bundle_hash):
        return self._table

    async def fetched(self, bundle_hash):
        return self._table


def catalogue():
    rows = [
        CatalogueRow(
            offer_no=no,
            offer_id=f"item-{no}",
            kind=OfferKind.PRODUCT,
            family_no=no,
            category="Shoes > Running" if no < 3 else "Books",
            value_micros=price * 1_000_000,
            lever=1.0,
        )
        for no, price in PRICES.items()
    ]
    made = Catalogue()
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=rows))
    return made


def request(*nos, places=("web.home.banner",), limit=2, **more):
    asked = pb.RankRequest(
        candidates=Candidates(
            offer_nos=nos, sources=[Source.POPULAR] * len(nos), scores=[1.0] * len(nos)
        ),
        placement_bits=[(1 << len(places)) - 1] * len(nos),
        **more,
    )
    asked.context.bundle_hash = "b"
    asked.context.explain = True
    asked.context.placements.extend(PlacementAsk(placement=p, limit=limit) for p in places)
    return asked


def chosen(response):
    return [[ranked.candidate for ranked in place.chosen] for place in response.placements]


@pytest.fixture
async def ranker(tmp_path):
    bundle = Bundle(priors=[Prior(kind=OfferKind.PRODUCT, probability=0.1)])
    store = FolderArtefacts(tmp_path)
    log = InMemoryLearningLog(facts_of(catalogue()), TeachingTerms(1000, 1000))
    snapshots = Snapshots(InMemoryPointers(log.known_reverts), store)
    replica = ModelReplica(InMemoryBus(), log, snapshots)
    kept = keep(log, replica, catalogue(), snapshots, OneBundle(bundle).fetched)
    servicer = RankerServicer(catalogue(), OneBundle(bundle), kept, None)
    contract = pb.DESCRIPTOR.services_by_name["RankerService"]
    async with grpc_service(bind(contract, servicer, validators=VALIDATORS)) as channel:
        yield RankerServiceStub(channel)


async def test_the_dearest_of_equally_likely_items_leads_and_the_rest_is_spare(ranker):
    response = await ranker.Rank(request(3, 1, 2), timeout=5)
    assert chosen(response) == [[1, 2]]
    assert [ranked.candidate for ranked in response.placements[0].next] == [0]
    assert response.placements[0].chosen[0].acceptance_probability == pytest.approx(0.1)


async def test_contributions_add_up_to_the_score(ranker):
    response = await ranker.Rank(request(1, levers=[1.5]), timeout=5)
    [ranked] = response.placements[0].chosen
    assert ranked.score == pytest.approx(0.1 * 100 * 1.5)
    assert sum(part.value for part in ranked.contributions) == pytest.approx(ranked.score)


async def test_a_slate_constraint_lets_at_most_so_many_of_a_category_through(ranker):
    limit = SlateConstraint(attribute="CATEGORY", depth=1, at_most=1)
    response = await ranker.Rank(request(1, 2, 3, constraints=[limit]), timeout=5)
    assert chosen(response) == [[0, 2]]
    twin = await ranker.Rank(request(1, 2, 3), timeout=5)
    assert chosen(twin) == [[0, 1]]


async def test_a_standing_order_outranks_the_score(ranker):
    standing = StandingOrder(placement="web.home.banner", offer_nos=[3, 9, 1], exact=True)
    response = await ranker.Rank(request(1, 2, 3, standing=[standing], limit=3), timeout=5)
    assert chosen(response) == [[2, 0]]


async def test_a_candidate_that_the_replica_does_not_know_is_not_shown(ranker):
    response = await ranker.Rank(request(99, 4), timeout=5)
    assert chosen(response) == [[1]]


async def test_columns_of_different_length_are_refused(ranker):
    bad = request(1, 2)
    bad.candidates.scores.pop()
    with pytest.raises(grpc.aio.AioRpcError, match=r"candidates\.scores") as refused:
        await ranker.Rank(bad, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_decision_under_an_id_that_is_none_is_refused(ranker):
    bad = request(1)
    bad.context.decision_id = "abc"
    with pytest.raises(grpc.aio.AioRpcError, match=r"context\.decision_id") as refused:
        await ranker.Rank(bad, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_unknown_constraint_is_refused_with_its_path(ranker):
    constraint = SlateConstraint(attribute="COLOUR", at_most=1)
    with pytest.raises(grpc.aio.AioRpcError, match=r"constraints\[0\]\.attribute"):
        await ranker.Rank(request(1, constraints=[constraint]), timeout=5)


async def test_a_pin_is_at_its_place_and_says_so(ranker):
    pin = SlateConstraint(
        placement="web.home.banner",
        attribute="OFFER",
        value="item-4",
        rule="star",
        pin={"position": 1},
    )
    response = await ranker.Rank(request(1, 2, 4, constraints=[pin]), timeout=5)
    first, second = response.placements[0].chosen
    assert (first.candidate, first.cause, first.cause_rule) == (2, SlateCause.PIN, "star")
    assert (second.candidate, second.cause) == (0, SlateCause.UNSPECIFIED)
    assert first.selection_probability == 1.0


async def test_a_share_is_told_as_the_selection_probability_though_nothing_is_sampled(ranker):
    share = SlateConstraint(
        placement="web.home.banner",
        attribute="OFFER",
        value="item-4",
        share={"share": 0.25, "position": 2},
    )
    turns = {}
    for seed in range(64):
        asked = request(1, 2, 4, constraints=[share])
        asked.context.seed = seed
        response = await ranker.Rank(asked, timeout=5)
        found = {each.candidate: each for each in response.placements[0].chosen}
        turns[tuple(sorted(found))] = {at: each.selection_probability for at, each in found.items()}
    assert turns == {(0, 2): {0: 1.0, 2: 0.25}, (0, 1): {0: 1.0, 1: 0.75}}


async def test_a_pin_without_a_placement_is_refused_with_its_path(ranker):
    pin = SlateConstraint(attribute="OFFER", value="item-4", pin={"position": 0})
    with pytest.raises(grpc.aio.AioRpcError, match=r"constraints\[0\]\.pin\.position"):
        await ranker.Rank(request(1, constraints=[pin]), timeout=5)
