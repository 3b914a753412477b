"""The popular lists that stand in for retrieval."""

import asyncio

import pytest

from services.aggregator import popular
from services.aggregator.popular import PopularLists
from shared.background import running
from shared.errors import Unavailable
from shared.testing.background import until
from tests.unit.aggregator.edge import BANNER, HERO, PAN, TV, fake_peers


@pytest.fixture
def peers():
    return fake_peers()


async def test_lists_of_several_placements_are_one_without_repetition(peers):
    lists = PopularLists(peers.retrieval, lambda: "bundle")
    await lists.refresh()
    assert lists.of([BANNER, HERO]).offer_nos == [TV, PAN]
    assert peers.retrieval.GetPopular.request.bundle_hash == "bundle"


async def test_a_placement_without_a_list_has_nothing_to_fall_back_on(peers):
    lists = PopularLists(peers.retrieval, lambda: "bundle")
    assert len(lists.of([BANNER])) == 0
    await lists.refresh()
    assert len(lists.of(["web.cart"])) == 0


async def test_before_there_are_definitions_nobody_is_asked(peers):
    await PopularLists(peers.retrieval, lambda: "").refresh()
    assert peers.retrieval.GetPopular.requests == []


async def test_a_refresh_that_fails_keeps_the_lists_there_are(peers):
    lists = PopularLists(peers.retrieval, lambda: "bundle")
    await lists.refresh()
    peers.retrieval.GetPopular.error = Unavailable("dead")
    with pytest.raises(Unavailable):
        await lists.refresh()
    assert lists.of([BANNER]).offer_nos == [TV, PAN]


async def test_lists_are_fetched_again_at_once_for_other_definitions_and_else_when_they_are_old(
    peers, monkeypatch
):
    monkeypatch.setattr(popular, "LOOK_S", 0.0)
    monkeypatch.setattr(popular, "REFRESH_S", 3600.0)
    active, asked = ["first"], peers.retrieval.GetPopular.requests
    lists = PopularLists(peers.retrieval, lambda: active[0])
    async with running({"popular": lists.keep_warm}):
        await until(lambda: bool(asked))
        for _ in range(50):
            await asyncio.sleep(0)
        assert [each.bundle_hash for each in asked] == ["first"]
        active[0] = "second"
        await until(lambda: len(asked) > 1)
        monkeypatch.setattr(popular, "REFRESH_S", 0.0)
        await until(lambda: len(asked) > 2)
    assert [each.bundle_hash for each in asked[:3]] == ["first", "second", "second"]
