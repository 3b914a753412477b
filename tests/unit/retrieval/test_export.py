"""Whoever asks gets all that models know of them."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from services.retrieval.domain.learning.model import PersonModel
from services.retrieval.storage.erasing import ModelEraser
from services.retrieval.storage.export import export_person
from services.retrieval.storage.model_files import encode
from shared.errors import Unavailable
from tests.unit.retrieval.learned import ITEMS, RUNNING, learned
from tests.unit.retrieval.test_erasing import CountingArtefacts, Store, publish_model


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def artefacts():
    return CountingArtefacts()


async def publish(store, artefacts):
    made = learned(ITEMS, {"ada": (RUNNING, [1, 3]), "bob": (RUNNING, [2])})
    persons = replace(
        made.persons,
        foretold_us=7,
        foretold_ids=("ada", "cem"),
        foretold_nos=np.array([[4, 5], [6, 0]], np.uint32),
    )
    await publish_model(store, artefacts, encode(made.items), encode(persons))


async def exported(store, artefacts, *person_ids):
    tables = [rows async for _, rows in export_person(store, artefacts, person_ids)]
    return [json.loads(row) for rows in tables for row in rows]


async def test_everything_that_is_known_of_somebody_is_told(store, artefacts):
    await publish(store, artefacts)
    [row] = await exported(store, artefacts, "ada")
    not_of_one_person = {"starts"}
    told_by_another_name = {"person_ids", "rows", "foretold_ids"}
    known = {each.name for each in fields(PersonModel)}
    assert known - not_of_one_person - told_by_another_name <= set(row)
    assert (row["person_id"], row["offer_nos"], row["foretold_nos"]) == ("ada", [1, 3], [4, 5])


async def test_whoever_was_only_foretold_something_is_told_that(store, artefacts):
    await publish(store, artefacts)
    [row] = await exported(store, artefacts, "cem")
    assert (row["person_id"], row["foretold_nos"], row["foretold_us"]) == ("cem", [6], 7)
    assert await exported(store, artefacts, "dan") == []


async def test_a_file_that_an_erasure_just_replaced_is_read_in_its_new_place(store, artefacts):
    await publish(store, artefacts)
    read = artefacts.get

    async def erased_between(name):
        artefacts.get = read
        await ModelEraser(store, artefacts).erase(["bob"])
        return await read(name)

    persons = (await store.kept()).models[0].person_artefact
    artefacts.get = lambda name: erased_between(name) if name == persons else read(name)
    [row] = await exported(store, artefacts, "ada")
    assert row["person_id"] == "ada"


async def test_a_model_that_cannot_be_read_is_named_with_a_remedy(store, artefacts):
    await publish(store, artefacts)
    [model] = (await store.kept()).models
    artefacts.files[model.person_artefact] = b"torn"
    with pytest.raises(Unavailable, match=f"{model.name} knows.*touchpoint train"):
        await exported(store, artefacts, "ada")
