"""Models that are kept, taken back, refused, and rid of persons."""

import grpc
import pytest

from services.retrieval.domain.learning.model import PersonModel
from services.retrieval.domain.models import KEPT
from services.retrieval.storage.model_files import decode
from tests.grpc.retrieval.trained import alike, model_of
from tests.unit.retrieval.learned import ITEMS, RUNNING, learned
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb


async def test_who_is_erased_is_gone_from_memory_and_from_every_file(retrieval):
    await retrieval.train()
    request = pb.ErasePersonRequest(person_ids=["ada", "nobody"])
    answer = await retrieval.stub.ErasePerson(request, timeout=5)
    assert answer.rows == 1
    assert set(retrieval.models.model.person_rows) == {"bob", "cem"}
    assert not [data for data in retrieval.artefacts.files.values() if b"ada" in data]
    assert [data for data in retrieval.artefacts.files.values() if b"bob" in data]
    await retrieval.models.catch_up()
    assert set(retrieval.models.model.person_rows) == {"bob", "cem"}
    again = await retrieval.stub.ErasePerson(request, timeout=5)
    assert again.rows == 0


async def test_files_of_models_that_are_kept_no_longer_are_gone(retrieval, child):
    for count in range(1, KEPT + 3):
        child.made = learned(ITEMS, {"ada": ((1.0, count), [1])}, buyers={1: count})
        await retrieval.train()
        kept = (await retrieval.pointers.kept()).models
        assert len(kept) == min(count, KEPT)
        assert set(retrieval.artefacts.files) == {name for each in kept for name in each.files}


async def listed(retrieval):
    return await retrieval.stub.ListModels(pb.ListModelsRequest(), timeout=5)


async def roll_back(retrieval, name=""):
    request = pb.RollBackModelRequest(model=name)
    return await retrieval.stub.RollBackModel(request, timeout=5)


async def test_a_model_is_taken_back_and_the_one_before_is_served_again(retrieval, child):
    child.made = alike(RUNNING)
    _, first = await retrieval.train()
    child.made = alike(RUNNING, seed=2)
    _, second = await retrieval.train()
    answer = await roll_back(retrieval)
    assert (answer.model.model, answer.former_model) == (first.model, second.model)
    await retrieval.models.catch_up()
    assert (await model_of(retrieval)).model == first.model
    kept = (await listed(retrieval)).models
    assert [(each.model, each.is_served, each.is_withdrawn) for each in kept] == [
        (second.model, False, True),
        (first.model, True, False),
    ]
    with pytest.raises(grpc.aio.AioRpcError, match="none is older") as refused:
        await roll_back(retrieval)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert (await roll_back(retrieval, second.model)).model.model == second.model


async def test_a_model_whose_files_are_torn_is_not_gone_back_to(retrieval, child):
    child.made = alike(RUNNING)
    await retrieval.train()
    child.made = alike(RUNNING, seed=2)
    _, second = await retrieval.train()
    older = (await retrieval.pointers.kept()).models[1]
    retrieval.artefacts.files[older.artefacts["items"]] = b"torn"
    with pytest.raises(grpc.aio.AioRpcError, match=r"torn or altered.*train --list") as refused:
        await roll_back(retrieval)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert (await listed(retrieval)).models[0].is_served
    await retrieval.models.catch_up()
    assert (await model_of(retrieval)).model == second.model


async def test_what_was_taken_back_is_not_served_even_where_nothing_else_can_be(retrieval, child):
    child.made = alike(RUNNING)
    await retrieval.train()
    child.made = alike(RUNNING, seed=2)
    await retrieval.train()
    older = (await retrieval.pointers.kept()).models[1]
    await roll_back(retrieval)
    retrieval.artefacts.files[older.artefacts["items"]] = b"torn"
    await retrieval.models.catch_up()
    answer = await model_of(retrieval)
    assert (answer.model, "torn" in answer.refusal) == ("", True)


async def test_whoever_is_erased_is_gone_from_models_that_were_taken_back(retrieval, child):
    child.made = alike(RUNNING)
    await retrieval.train()
    child.made = alike(RUNNING, seed=2)
    await retrieval.train()
    await roll_back(retrieval)
    await retrieval.stub.ErasePerson(pb.ErasePersonRequest(person_ids=["ada"]), timeout=5)
    kept = (await retrieval.pointers.kept()).models
    assert len(kept) == 2
    for model in kept:
        persons = decode(PersonModel, await retrieval.artefacts.get(model.person_artefact))
        assert persons.person_ids == ()


WORSE = {
    "comparison": {
        "persons": 90,
        "before": {"ndcg10": {"value": 0.4}},
        "after": {"ndcg10": {"value": 0.2}},
        "change": {"value": -0.5, "at_least": -0.6, "at_most": -0.4},
    }
}


async def test_a_worse_model_is_refused_and_nothing_is_kept_of_it_unless_it_is_forced(
    retrieval, child
):
    child.made = alike(RUNNING)
    _, good = await retrieval.train()
    files = dict(retrieval.artefacts.files)
    child.made, child.more = alike(RUNNING, seed=2), WORSE
    _, refused = await retrieval.train()
    assert (refused.is_worse, refused.model) == (True, "")
    assert "0.4000 to 0.2000" in refused.refusal
    assert (await model_of(retrieval)).model == good.model
    assert retrieval.artefacts.files == files
    _, forced = await retrieval.train(force=True)
    assert (forced.is_worse, forced.is_forced, forced.refusal) == (True, True, "")
    assert (await model_of(retrieval)).model == forced.model != good.model
