"""What every store of pointers to models does."""

import asyncio
from dataclasses import replace

import pytest

from services.retrieval.domain.models import KEPT, Attempt, StoredModel
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
        artefacts={"items": f"items {name}"},
        person_artefact=f"persons {name}",
        catalogue_id=kept.catalogue_id,
        catalogue_version=kept.catalogue_version,
        trained_us=7,
        report=name.encode(),
        **fields,
    )


async def trained(store, name="a"):
    token = await store.begin_training()
    added = await store.add(token, await a_model(store, name, log_position=5), ())
    await store.end_training(token)
    return added


async def names(store):
    return [model.artefacts["items"] for model in (await store.kept()).models]


async def test_at_first_nothing_is_kept(store):
    kept = await store.kept()
    assert (kept.version, kept.models, await store.newest_version()) == (0, (), 0)
    assert kept.catalogue_id


async def test_what_was_trained_last_comes_first_and_the_fourth_is_dropped(store):
    for name in ("a", "b", "c"):
        assert (await trained(store, name)).dropped == ()
    [dropped] = (await trained(store, "d")).dropped
    assert (dropped.artefacts["items"], KEPT) == ("items a", 3)
    assert await names(store) == ["items d", "items c", "items b"]
    assert await store.newest_version() == (await store.kept()).version == 4


async def servable(store):
    return [model.artefacts["items"] for model in (await store.kept()).servable]


async def test_the_model_before_is_served_again_and_the_newest_counts_as_taken_back(store):
    await trained(store, "a")
    await trained(store, "b")
    assert not (await store.kept()).is_held
    target = await store.roll_back("")
    assert (target.artefacts["items"], target.is_withdrawn) == ("items a", False)
    kept = await store.kept()
    assert (await servable(store), await names(store)) == (["items a"], ["items b", "items a"])
    assert (kept.is_held, kept.version) == (True, 3)
    assert await store.roll_back("") is None
    assert (await store.kept()).version == 3


async def test_a_model_is_chosen_by_its_name_also_one_that_was_taken_back(store):
    for name in ("a", "b", "c"):
        await trained(store, name)
    [newest, middle, oldest] = (await store.kept()).models
    assert (await store.roll_back(oldest.name)).model_no == oldest.model_no
    assert await servable(store) == ["items a"]
    assert (await store.roll_back(middle.name)).model_no == middle.model_no
    assert await servable(store) == ["items b", "items a"]
    assert await store.roll_back(middle.name) is None
    assert await store.roll_back("none such") is None
    assert (await store.roll_back(newest.name)).model_no == newest.model_no
    assert not (await store.kept()).is_held


async def test_what_is_trained_after_a_rollback_is_served_and_what_was_taken_back_goes_first(store):
    for name in ("a", "b", "c"):
        await trained(store, name)
    await store.roll_back((await store.kept()).models[2].name)
    [dropped] = (await trained(store, "d")).dropped
    assert dropped.artefacts["items"] == "items b"
    assert await servable(store) == ["items d", "items a"]
    assert not (await store.kept()).is_held


async def test_somebody_who_trains_takes_the_place_of_the_schedule(store):
    by_itself = await store.begin_training(is_scheduled=True)
    assert await store.begin_training(is_scheduled=True) is None
    asked_for = await store.begin_training()
    assert asked_for not in (None, by_itself)
    assert await store.begin_training(is_scheduled=True) is None
    assert not await store.renew(by_itself)
    assert (await store.add(by_itself, await a_model(store), ())).is_fenced_off
    assert (await store.add(asked_for, await a_model(store), ())).is_added


@pytest.mark.parametrize("is_scheduled", [True, False])
async def test_a_rollback_ends_a_training_of_the_schedule_and_none_that_was_asked_for(
    store, is_scheduled
):
    await trained(store, "a")
    await trained(store, "b")
    under_way = await store.begin_training(is_scheduled=is_scheduled)
    await store.roll_back("")
    assert await store.renew(under_way) is not is_scheduled
    added = await store.add(under_way, await a_model(store, "c"), ())
    assert added.is_fenced_off is is_scheduled
    assert (await store.kept()).is_held is is_scheduled
    assert (await store.begin_training() is not None) is is_scheduled


async def test_the_last_attempt_of_the_schedule_is_remembered(store):
    assert await store.attempt() == Attempt()
    for attempt in (Attempt(7, 9, "failed", 3), Attempt(8, 9, "left out")):
        await store.note_attempt(attempt)
        assert await store.attempt() == attempt


async def test_all_of_a_model_is_kept(store):
    await trained(store)
    [model] = (await store.kept()).models
    assert replace(model, model_no=0) == await a_model(store, log_position=5)
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
    assert await store.end_erasure(["ada", "bob"], 0)
    added = await store.add(token, await a_model(store), {"bob"})
    assert (added.is_added, added.still_in_it) == (False, ("ada",))
    assert (await store.kept()).models == ()
    assert (await store.add(token, await a_model(store), {"ada", "bob"})).is_added


async def test_an_erasure_is_forgotten_once_no_training_can_undo_it(store):
    await store.ask_erasure(["ada", "bob"])
    assert await store.end_erasure(["ada"], 0)
    assert await store.erasures() == ("bob",)
    await store.begin_training()
    assert (await store.kept()).is_training
    assert await store.end_erasure(["bob"], 0)
    assert await store.erasures() == ("bob",)


async def test_an_erasure_is_not_forgotten_where_a_model_was_added_since_it_was_looked_for(store):
    await store.ask_erasure(["ada"])
    token = await store.begin_training()
    await store.add(token, await a_model(store), {"ada"})
    await store.end_training(token)
    assert not await store.end_erasure(["ada"], 0)
    assert await store.erasures() == ("ada",)
    kept = await store.kept()
    assert not kept.is_training
    assert await store.end_erasure(["ada"], kept.version)
    assert await store.erasures() == ()


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
