"""Rankings wait to be written: bounded, in batches, and once more where it failed."""

import uuid

import pytest

from services.ranker.domain.model import Model
from services.ranker.journalling import _AT_ONCE, _MOST, RankingKeeper
from services.ranker.ranking import Ranker
from services.ranker.storage.in_memory_rankings import InMemoryRankings
from shared.errors import Unavailable
from tests.unit.ranker.shop import BANNER, definitions, shop
from touchpoint.common.v1.decision_pb2 import Candidates, PlacementAsk, StepVersions
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest

SPENT_US = 1_500
VERSIONS = StepVersions(model="prior")


class Clock:
    """Seconds by hand."""

    now_s = 1_000.0

    def __call__(self):
        return self.now_s


class Failing(InMemoryRankings):
    """A store that is away at first."""

    def __init__(self):
        super().__init__()
        self.is_away = True
        self.batches = []

    async def add(self, entries):
        if self.is_away:
            raise Unavailable("away")
        self.batches.append(len(entries))
        await super().add(entries)


def decision_id(number):
    return str(uuid.UUID(int=number))


def asked(number):
    request = RankRequest(
        candidates=Candidates(offer_nos=[1, 2], sources=[Source.POPULAR] * 2, scores=[1.0, 1.0]),
        placement_bits=[1, 1],
    )
    request.context.decision_id = decision_id(number)
    request.context.placements.append(PlacementAsk(placement=BANNER, limit=1))
    return request


@pytest.fixture
def ranker():
    model = Model()
    return Ranker(shop(), lambda: model)


def keep(keeper, ranker, count, first=0):
    request = asked(0)
    ranking = ranker.rank(request, definitions())
    for number in range(first, first + count):
        request.context.decision_id = decision_id(number)
        keeper.keep(request, ranking, VERSIONS, SPENT_US)


async def test_what_could_not_be_written_is_written_next_time_in_batches(ranker):
    store = Failing()
    keeper = RankingKeeper(store)
    keep(keeper, ranker, 120)
    with pytest.raises(Unavailable):
        await keeper.write()
    store.is_away = False
    await keeper.write()
    assert store.batches == [_AT_ONCE, _AT_ONCE, 20]
    assert await store.count(0, 1) == 120


async def test_what_comes_while_too_many_wait_is_dropped_counted_and_told_for_a_minute(ranker):
    store, clock = Failing(), Clock()
    keeper = RankingKeeper(store, clock)
    await keeper.check()
    keep(keeper, ranker, _MOST + 3)
    assert keeper.dropped == 3
    with pytest.raises(Unavailable, match="3 decisions were not journalled"):
        await keeper.check()
    store.is_away = False
    await keeper.write()
    assert await store.count(0, 1) == _MOST
    clock.now_s += 61
    await keeper.check()


async def test_with_nowhere_to_keep_them_nothing_waits(ranker):
    keeper = RankingKeeper(None)
    keep(keeper, ranker, _MOST + 1)
    await keeper.write()
    assert keeper.dropped == 0


async def test_one_that_can_never_be_kept_holds_no_other_up(ranker):
    store = InMemoryRankings()
    keeper = RankingKeeper(store)
    keep(keeper, ranker, 3)
    odd = asked(0)
    odd.context.decision_id = "abc"
    keeper.keep(odd, ranker.rank(odd, definitions()), VERSIONS, SPENT_US)
    keep(keeper, ranker, 60, first=3)
    await keeper.write()
    assert await store.count(0, 1) == 63
    assert keeper.dropped == 1
