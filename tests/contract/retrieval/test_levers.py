"""What somebody sets of an offer's lever outlives whatever is imported, and is never forgotten."""

import pytest

from services.retrieval.domain.levers import LeverChange, in_force
from services.retrieval.rows import encode_batch
from services.retrieval.storage import MIGRATIONS
from services.retrieval.storage.catalogue import PostgresCatalogue
from services.retrieval.storage.in_memory import InMemoryCatalogue
from shared.catalogue import Catalogue
from shared.errors import NotFound
from tests.contract.retrieval.test_catalogue_store import item, offer

TV, SALE = 1, 2
"""Their numbers."""


@pytest.fixture(params=["memory", "postgres"])
async def store(request, fresh_database):
    if request.param == "memory":
        made = InMemoryCatalogue()
    else:
        made = PostgresCatalogue(await fresh_database("retrieval", MIGRATIONS))
    await made.write([item("tv"), offer("sale", ["tv"])])
    return made


def change(offer_id="sale", lever=1.5, until_us=0, at_us=1):
    return LeverChange(offer_id, lever, until_us, "full", "ann", "cli", at_us)


async def told(store, since=0):
    catalogue = Catalogue()
    catalogue.apply(encode_batch(await store.read_after(since)))
    return catalogue


async def test_a_lever_is_a_new_version_of_its_row_beside_the_offers_own(store):
    assert await store.set_lever(change()) == 2
    changed = await store.read_after(1)
    assert [(e.offer_id, e.set_lever) for e in changed.entries] == [("sale", 1.5)]
    catalogue = await told(store)
    assert catalogue.levers_set([TV, SALE], now_us=0).tolist() == [1.0, 1.5]


async def test_what_is_written_later_leaves_it(store):
    await store.set_lever(change(until_us=50))
    await store.write([offer("sale", ["tv"], "20% off")])
    await store.write([item("tv", "dented")])
    [entry] = await store.find(["sale"])
    assert (entry.set_lever, entry.set_lever_until_us) == (1.5, 50)


async def test_it_ends_by_itself(store):
    await store.set_lever(change(until_us=50))
    catalogue = await told(store)
    assert [catalogue.levers_set([SALE], at).tolist() for at in (49, 50)] == [[1.5], [1.0]]
    assert in_force(await store.levers(), 49)
    assert not in_force(await store.levers(), 50)


async def test_the_same_again_makes_no_version_and_is_noted(store):
    await store.set_lever(change(at_us=1))
    assert await store.set_lever(change(at_us=2)) == 2
    assert [each.changed_us for each in await store.lever_history("sale", 10)] == [2, 1]


async def test_set_back_it_is_neutral_and_its_history_stays(store):
    await store.set_lever(change(at_us=1))
    await store.set_lever(change("tv", 0.5, at_us=2))
    await store.set_lever(change(lever=1.0, at_us=3))
    assert [(each.offer_id, each.lever) for each in await store.levers()] == [("tv", 0.5)]
    history = await store.lever_history("sale", 10)
    assert history == [change(lever=1.0, at_us=3), change(at_us=1)]
    assert await store.lever_history("sale", 1) == history[:1]


async def test_what_is_set_is_listed_newest_first(store):
    await store.set_lever(change("tv", at_us=1))
    await store.set_lever(change("sale", at_us=2))
    await store.set_lever(change("tv", 2.0, at_us=3))
    assert [each.offer_id for each in await store.levers()] == ["tv", "sale"]


async def test_there_is_no_lever_of_what_was_never_written(store):
    with pytest.raises(NotFound, match="there is no item or offer 'gone'"):
        await store.set_lever(change("gone"))
    assert await store.newest_version() == 1
