"""What every store of pointers to models does."""

import asyncio
from dataclasses import replace

import pytest

from services.retrieval.domain.models import KEPT, StoredModel
from services.retrieval.storage import MIGRATIONS
from services.retrieval.storage.catalogue import PostgresCatalogue
from services.retrieval.storage.in_memory_models import InMemoryModels
from services.retrieval.storage.models import PostgresModels
from touchpoint.common.v1.bus_pb2 import ModelNotice


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("retrieval", MIGRATIONS)


@pytest.fixture(params=["memory", "postgres"])
def store(request):
    if request.param == "memory":
        return InMemoryModels("0190aaaa-0000-7000-8000-000000000001", lambda: 0)
    return PostgresModels(request.getfixturevalue("database"))


async def a_model(store, name="a", **fields):
    kept = await store.kept()
    return StoredModel(
        item_artefact=f"items {name}",
        person_artefact=f"persons {name}",
        catalogue_id=kept.catalogue_id,
        catalogue_version=kept.catalogue_version,
        trained_us=7,
        report=name.encode(),
        **fields,
    )


async def trained(store, name="a"):
    token = await store.begin_training()
    added = await store.add(token, await a_model(store, name), ())
    await store.end_training(token)
    return added


async def names(store):
    return [model.item_artefact for model in (await store.kept()).models]


async def test_at_first_nothing_is_kept(store):
    kept = await store.kept()
    assert (kept.version, kept.models, await store.newest_version()) == (0, (), 0)
    assert kept.catalogue_id


async def test_what_was_trained_last_comes_first_and_the_third_is_dropped(store):
    assert (await trained(store, "a")).dropped == ()
    await trained(store, "b")
    [dropped] = (await trained(store, "c")).dropped
    assert (dropped.item_artefact, KEPT) == ("items a", 2)
    assert await names(store) == ["items c", "items b"]
    assert await store.newest_version() == (await store.kept()).version == 3


async def test_all_of_a_model_is_kept(store):
    await trained(store)
    [model] = (await store.kept()).models
    assert replace(model, model_no=0) == await a_model(store)
    assert model.model_no > 0


async def test_one_training_runs_at_a_time(store):
    token = await store.begin_training()
    assert await store.begin_training() is None
    assert await store.renew(token)
    await store.end_training(token)
    assert await store.begin_training() not in (None, token)


async def test_who_gave_back_the_lease_adds_nothing_and_holds_up_nobody(store):
    late = await store.begin_training()
    await store.end_training(late)
    assert (await store.add(late, await a_model(store), ())).is_fenced_off
    token = await store.begin_training()
    assert (await store.add(late, await a_model(store), ())).is_fenced_off
    assert not await store.renew(late)
    await store.end_training(late)
    assert (await store.add(token, await a_model(store), ())).is_added
    assert await names(store) == ["items a"]


async def test_who_asked_to_be_erased_during_a_training_is_not_brought_back(store):
    token = await store.begin_training()
    await store.ask_erasure(["ada", "bob"])
    await store.ask_erasure(["ada"])
    await store.end_erasure(["ada", "bob"])
    added = await store.add(token, await a_model(store), {"bob"})
    assert (added.is_added, added.still_in_it) == (False, ("ada",))
    assert (await store.kept()).models == ()
    assert (await store.add(token, await a_model(store), {"ada", "bob"})).is_added


async def test_an_erasure_is_forgotten_once_no_training_can_undo_it(store):
    await store.ask_erasure(["ada", "bob"])
    await store.end_erasure(["ada"])
    assert await store.erasures() == ("bob",)
    await store.begin_training()
    await store.end_erasure(["bob"])
    assert await store.erasures() == ("bob",)


async def test_artefacts_of_persons_are_replaced_where_nothing_came_in_between(store):
    await trained(store, "a")
    await trained(store, "b")
    kept = await store.kept()
    newer, older = (replace(each, person_artefact="purged") for each in kept.models)
    assert not await store.replace(kept.version - 1, [newer, older])
    assert await store.replace(kept.version, [newer, older])
    after = await store.kept()
    assert [each.person_artefact for each in after.models] == ["purged", "purged"]
    assert after.version == kept.version + 1
    assert not await store.replace(kept.version, [newer, older])


async def test_a_model_left_out_of_a_replacement_is_gone(store):
    await trained(store, "a")
    await trained(store, "b")
    kept = await store.kept()
    assert await store.replace(kept.version, kept.models[:1])
    assert await names(store) == ["items b"]


async def test_a_model_of_another_catalogue_or_a_later_one_is_told_apart(store):
    model = await a_model(store)
    kept = await store.kept()
    assert kept.obstacle(model) == ""
    other = replace(model, catalogue_id="0190ffff-0000-7000-8000-000000000009")
    assert "another catalogue" in kept.obstacle(other)
    assert "later" in kept.obstacle(replace(model, catalogue_version=1))


async def test_of_two_that_begin_at_once_one_may_train(database):
    stores = [PostgresModels(database), PostgresModels(database)]
    tokens = await asyncio.gather(*(store.begin_training() for store in stores))
    assert sorted(tokens, key=str) == [1, None]


async def test_a_lease_that_ran_out_is_free_and_fences_its_holder_off(database):
    store = PostgresModels(database)
    late = await store.begin_training()
    await database.execute("UPDATE model_version SET leased_until = '2001-01-01'")
    assert not await store.renew(late)
    assert (await store.add(late, await a_model(store), ())).is_fenced_off
    assert await store.begin_training() == late + 1


async def test_every_change_is_announced_with_its_version(database):
    store = PostgresModels(database)
    await trained(store)
    kept = await store.kept()
    await store.replace(kept.version, kept.models)
    rows = await database.fetch("SELECT subject, data FROM outbox ORDER BY id")
    told = [ModelNotice.FromString(row["data"]) for row in rows]
    assert [(each.service, each.version) for each in told] == [("retrieval", 1), ("retrieval", 2)]
    assert {row["subject"] for row in rows} == {"models.retrieval"}


async def test_the_catalogue_keeps_its_identity_while_it_grows(database):
    before = await PostgresModels(database).kept()
    await PostgresCatalogue(database).write([])
    assert (await PostgresModels(database).kept()).catalogue_id == before.catalogue_id
