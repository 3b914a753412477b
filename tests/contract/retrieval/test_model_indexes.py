"""How replicas come to serve the indexes of a model, and what they refuse."""

import numpy as np
import pytest

from services.retrieval.domain.models import StoredModel
from services.retrieval.storage import MIGRATIONS, indexes, model_replica
from services.retrieval.storage.model_files import PERSONS, encode_model
from services.retrieval.storage.model_indexes import built_indexes
from services.retrieval.storage.model_replica import ModelReplica
from services.retrieval.storage.models import PostgresModels
from services.retrieval.storage.vectors import building
from services.retrieval.storage.vectors.exact import ExactIndex
from services.retrieval.storage.vectors.lists import ListIndex
from shared.artefacts import FolderArtefacts
from shared.bus import InMemoryBus
from tests.unit.retrieval.learned import learned

PEOPLE = 900
TASTE_FILE = "index of taste"


@pytest.fixture
async def store(fresh_database):
    return PostgresModels(await fresh_database("retrieval", MIGRATIONS))


@pytest.fixture
def artefacts(tmp_path):
    return FolderArtefacts(tmp_path)


@pytest.fixture
def replica(store, artefacts):
    return ModelReplica(InMemoryBus(), store, artefacts)


@pytest.fixture(autouse=True)
def lists_for_few(monkeypatch):
    """As if lists were faster for few vectors already."""
    monkeypatch.setattr(indexes, "EXACT_UP_TO", 100)
    monkeypatch.setattr(building, "exact_ms", lambda *_: 1e9)


async def publish(store, artefacts, seed, **files):
    kept = await store.kept()
    random = np.random.default_rng(seed)
    made = learned(
        {no: random.normal(size=8) for no in range(1, 1501)},
        {f"p{at}": (random.normal(size=8), [1]) for at in range(PEOPLE)},
        catalogue_id=kept.catalogue_id,
    )
    built = {each.file_name: each.data for each in built_indexes(made, 1) if each.data}
    files = {**encode_model(made), **built, **files}
    names = {name: await artefacts.put(data) for name, data in files.items()}
    person_artefact = names.pop(PERSONS)
    token = await store.begin_training()
    at = (kept.catalogue_id, kept.catalogue_version)
    added = await store.add(token, StoredModel(names, person_artefact, *at, 1, b""), ())
    await store.end_training(token)
    assert added.is_added
    return made, files


async def test_an_index_that_lay_ready_is_served_and_not_built_anew(
    store, artefacts, replica, monkeypatch
):
    made, _ = await publish(store, artefacts, 1)
    monkeypatch.setattr(model_replica, "build_index", ExactIndex)
    await replica.catch_up()
    assert isinstance(replica.model.taste_index, ListIndex)
    assert isinstance(replica.model.content_index, ExactIndex)
    asked = made.items.factors[7]
    nearest = int((made.items.factors @ asked).argmax())
    assert replica.model.taste_index.nearest(asked, 1)[0].tolist() == [nearest]


@pytest.mark.parametrize("harm", ["flipped", "torn", "gone"])
async def test_a_harmed_index_is_refused_and_the_last_good_model_stays(
    store, artefacts, replica, harm
):
    good, _ = await publish(store, artefacts, 1)
    await replica.catch_up()
    _, files = await publish(store, artefacts, 2)
    data = bytearray(files[TASTE_FILE])
    path = await artefacts.file(await artefacts.put(bytes(data)))
    data[len(data) // 3] ^= 4
    path.unlink()
    if harm != "gone":
        path.write_bytes(data[:-9] if harm == "torn" else data)
    await replica.catch_up()
    assert replica.model.items.factors.tolist() == good.items.factors.tolist()
    assert "is not served" in replica.refusal


async def test_an_index_of_another_model_is_refused_with_its_reason(store, artefacts, replica):
    good, files = await publish(store, artefacts, 1)
    await publish(store, artefacts, 2, **{TASTE_FILE: files[TASTE_FILE]})
    await replica.catch_up()
    assert "vectors of another model" in replica.refusal
    assert replica.model.items.factors.tolist() == good.items.factors.tolist()


async def test_where_lists_were_no_faster_nothing_is_built_again(
    store, artefacts, replica, monkeypatch
):
    monkeypatch.setattr(building, "exact_ms", lambda *_: 0.0)
    made, _ = await publish(store, artefacts, 1)
    built = []

    def build(vectors):
        built.append(len(vectors))
        return ExactIndex(vectors)

    monkeypatch.setattr(model_replica, "build_index", build)
    await replica.catch_up()
    assert set(built) == {0}  # there are no contents
    asked = made.items.factors[7]
    nearest = int((made.items.factors @ asked).argmax())
    assert replica.model.taste_index.nearest(asked, 1)[0].tolist() == [nearest]
