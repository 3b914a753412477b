"""Whoever is erased leaves every file, whoever else erases, trains or is out of reach meanwhile."""

import asyncio

import pytest

from services.retrieval.domain.learning.model import PersonModel
from services.retrieval.domain.models import StoredModel
from services.retrieval.storage.erasing import ModelEraser
from services.retrieval.storage.in_memory_models import InMemoryModels
from services.retrieval.storage.model_files import decode, encode
from shared.artefacts import ArtefactAwayError, FolderArtefacts
from shared.errors import Unavailable
from tests.unit.retrieval.learned import (
    CATALOGUE_ID,
    CYCLING,
    ITEMS,
    RUNNING,
    InMemoryArtefacts,
    learned,
)


class CountingArtefacts(InMemoryArtefacts):
    """Files that know how often they were read, and when anything was swept."""

    def __init__(self):
        super().__init__()
        self.reads, self.sweeps = 0, 0
        self.is_away = False

    async def get(self, name):
        self.reads += 1
        if self.is_away:
            raise ArtefactAwayError(f"artefact {name} cannot be read")
        return await super().get(name)

    async def sweep(self, keep, older_than_s):
        self.sweeps += 1
        return 0


class Store(InMemoryModels):
    """Pointers that let somebody in before they are replaced, or after erasures were read."""

    def __init__(self):
        super().__init__(CATALOGUE_ID, lambda: 0)
        self.before_replace = {}
        """By the task that replaces: what it waits for first."""

    async def replace(self, version, models):
        before = self.before_replace.get(asyncio.current_task().get_name())
        if before is not None:
            await before()
        return await super().replace(version, models)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def artefacts():
    return CountingArtefacts()


async def publish(store, artefacts, taste=RUNNING, names=("ada", "bob", "cem")):
    made = learned(ITEMS, {name: (taste, [1]) for name in names})
    await publish_model(store, artefacts, encode(made.items), encode(made.persons))


async def publish_model(store, artefacts, items, persons):
    model = StoredModel(
        artefacts={"items": await artefacts.put(items)},
        person_artefact=await artefacts.put(persons),
        catalogue_id=CATALOGUE_ID,
        catalogue_version=0,
        trained_us=1,
        report=b"",
    )
    token = await store.begin_training()
    await store.add(token, model, ())
    await store.end_training(token)


async def persons_of(store, artefacts):
    files = [each.person_artefact for each in (await store.kept()).models]
    return [decode(PersonModel, await artefacts.get(name)).person_ids for name in files]


async def test_erasers_of_several_replicas_do_not_take_each_others_files(store, artefacts):
    await publish(store, artefacts)
    await store.ask_erasure(["ada", "bob"])
    is_late, may_go_on, is_beaten = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Slow(CountingArtefacts):
        """Those of the eraser that is late: it goes on reading only at the end."""

        async def get(self, name):
            if is_late.is_set():
                is_beaten.set()
                await is_over.wait()
            return await super().get(name)

    async def wait():
        is_late.set()
        await may_go_on.wait()

    async def let_the_other_be_beaten():
        may_go_on.set()
        await is_beaten.wait()

    slow, is_over = Slow(), asyncio.Event()
    slow.files = artefacts.files
    store.before_replace["late"] = wait
    late = asyncio.create_task(ModelEraser(store, slow).take_out(), name="late")
    await is_late.wait()
    eraser = ModelEraser(store, artefacts)
    store._erasures -= {"bob"}  # noted a moment later than the first one looked
    await eraser.take_out()
    await store.ask_erasure(["ada", "bob"])
    store.before_replace["first"] = let_the_other_be_beaten
    await asyncio.create_task(eraser.take_out(), name="first")
    assert await persons_of(store, artefacts) == [("cem",)]
    is_over.set()
    await late
    assert await persons_of(store, artefacts) == [("cem",)]
    kept = await store.kept()
    assert set(artefacts.files) == set(kept.models[0].files)


async def test_a_file_that_two_models_share_is_rewritten_for_both(store, artefacts):
    await publish(store, artefacts)
    await publish(store, artefacts)
    assert await ModelEraser(store, artefacts).erase(["ada"]) == 1
    assert await persons_of(store, artefacts) == [("bob", "cem")] * 2


async def test_while_a_training_runs_files_are_read_once_and_none_is_swept(store, artefacts):
    await publish(store, artefacts, RUNNING)
    await publish(store, artefacts, CYCLING)
    eraser = ModelEraser(store, artefacts)
    token = await store.begin_training()
    await eraser.erase(["ada"])
    reads = artefacts.reads
    await eraser.take_out()
    assert (artefacts.reads, artefacts.sweeps) == (reads, 0)
    assert await store.erasures() == ("ada",)
    await store.end_training(token)
    await eraser.take_out()
    assert (artefacts.reads, artefacts.sweeps) == (reads, 1)
    assert await store.erasures() == ()


async def test_who_is_in_a_model_that_came_while_files_were_read_is_taken_out_of_it(
    store, artefacts
):
    await publish(store, artefacts, RUNNING, ["bob"])
    read = artefacts.get

    async def come_between(name):
        artefacts.get = read
        store._erasures.clear()  # as if it was noted after the model was looked through
        await publish(store, artefacts, CYCLING)
        store._erasures.add("ada")
        return await read(name)

    artefacts.get = come_between
    await ModelEraser(store, artefacts).erase(["ada"])
    assert await persons_of(store, artefacts) == [("bob", "cem"), ("bob",)]
    assert await store.erasures() == ()


async def test_models_out_of_reach_are_kept_and_the_erasure_stays_noted(store, artefacts):
    await publish(store, artefacts)
    artefacts.is_away = True
    with pytest.raises(Unavailable, match="cannot be read"):
        await ModelEraser(store, artefacts).erase(["ada"])
    assert len((await store.kept()).models) == 1
    assert await store.erasures() == ("ada",)
    artefacts.is_away = False
    await ModelEraser(store, artefacts).take_out()
    assert await persons_of(store, artefacts) == [("bob", "cem")]


async def test_a_folder_that_is_away_is_told_from_a_file_that_is_gone(tmp_path):
    artefacts = FolderArtefacts(tmp_path / "volume")
    name = await artefacts.put(b"data")
    path = await artefacts.file(name)
    (tmp_path / "volume").rename(tmp_path / "elsewhere")
    for read in (artefacts.get, artefacts.file):
        with pytest.raises(ArtefactAwayError):
            await read(name)
    (tmp_path / "elsewhere").rename(tmp_path / "volume")
    path.unlink()
    path.mkdir()
    with pytest.raises(ArtefactAwayError):
        await artefacts.get(name)
