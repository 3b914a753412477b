"""How replicas come to serve the model that the pointer names, and what they refuse."""

import asyncio
import threading
from dataclasses import replace

import pytest

from services.retrieval.domain.models import StoredModel
from services.retrieval.storage import MIGRATIONS, erasing, model_replica
from services.retrieval.storage.erasing import ModelEraser, erasure_follower, erasures_consumer
from services.retrieval.storage.model_files import encode
from services.retrieval.storage.model_replica import ModelReplica
from services.retrieval.storage.models import PostgresModels
from services.retrieval.storage.vectors.exact import ExactIndex
from shared.artefacts import FolderArtefacts
from shared.background import running
from shared.bus import InMemoryBus, Publication, Relay
from shared.bus.subjects import RETRIEVAL_MODEL_MOVED, erasures_of
from shared.errors import Unavailable
from shared.testing.background import until
from tests.unit.retrieval.learned import CYCLING, ITEMS, RUNNING, learned
from touchpoint.common.v1.bus_pb2 import ModelNotice, PersonErased


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("retrieval", MIGRATIONS)


@pytest.fixture
def store(database):
    return PostgresModels(database)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "artefacts"


@pytest.fixture
def artefacts(folder):
    return FolderArtefacts(folder)


@pytest.fixture(params=["memory", "nats"])
def bus(request):
    return InMemoryBus() if request.param == "memory" else request.getfixturevalue("nats_bus")


async def publish(store, artefacts, first=RUNNING, alter=lambda model: model, **changes):
    kept = await store.kept()
    made = learned(
        {**ITEMS, 7: (0.0, float(kept.version))},
        {"ada": (first, [1]), "bob": (CYCLING, [4])},
        catalogue_id=kept.catalogue_id,
    )
    model = StoredModel(
        artefacts={"items": await artefacts.put(encode(made.items))},
        person_artefact=await artefacts.put(encode(made.persons)),
        catalogue_id=kept.catalogue_id,
        catalogue_version=kept.catalogue_version,
        trained_us=1,
        report=b"",
    )
    token = await store.begin_training()
    added = await store.add(token, alter(replace(model, **changes)), ())
    await store.end_training(token)
    assert added.is_added
    return model


def taste_of_ada(replica):
    model = replica.model
    return tuple(model.persons.factors[model.person_rows["ada"]].tolist())


async def becomes(what, wanted):
    async with asyncio.timeout(10):
        while what() != wanted:
            await asyncio.sleep(0.01)


async def test_every_replica_swaps_to_what_was_trained(database, store, artefacts, bus):
    one, other = (ModelReplica(bus, PostgresModels(database), artefacts) for _ in range(2))
    swaps = []
    other.on_change = lambda: swaps.append(taste_of_ada(other))
    works = {"relay": Relay(bus, database).run, "one": one.run, "other": other.run}
    async with running(works):
        await publish(store, artefacts, RUNNING)
        await becomes(lambda: (one.version, other.version), (1, 1))
        await publish(store, artefacts, CYCLING)
        await becomes(lambda: (one.version, other.version), (2, 2))
    assert taste_of_ada(one) == taste_of_ada(other) == CYCLING
    assert swaps == [RUNNING, CYCLING]


async def test_what_was_taken_back_is_served_by_no_replica(database, store, artefacts, bus):
    one, other = (ModelReplica(bus, PostgresModels(database), artefacts) for _ in range(2))
    works = {"relay": Relay(bus, database).run, "one": one.run, "other": other.run}
    async with running(works):
        await publish(store, artefacts, RUNNING)
        await publish(store, artefacts, CYCLING)
        await becomes(lambda: (one.version, other.version), (2, 2))
        await store.roll_back("")
        await becomes(lambda: (one.version, other.version), (3, 3))
    assert taste_of_ada(one) == taste_of_ada(other) == RUNNING


async def test_what_the_bus_lost_comes_with_the_next_comparison(database, store, artefacts):
    replica = ModelReplica(InMemoryBus(), store, artefacts)
    async with running({"replica": replica.run}):
        await becomes(lambda: replica._follower._follower.ready.is_set(), True)
        await publish(store, artefacts)
        await becomes(lambda: replica.version, 1)
    assert taste_of_ada(replica) == RUNNING


async def test_a_notice_that_cannot_be_read_is_followed_by_a_look_at_the_pointer(store, artefacts):
    bus = InMemoryBus()
    replica = ModelReplica(bus, store, artefacts)
    async with running({"replica": replica.run}):
        await becomes(lambda: replica._follower._follower.ready.is_set(), True)
        torn = Publication.of(RETRIEVAL_MODEL_MOVED, 1, ModelNotice(version=1))
        await bus.publish([replace(torn, data=b"\xff")])
        await becomes(lambda: replica._follower._follower.position, 1)


def naming(part, name, model):
    if part == "persons":
        return replace(model, person_artefact=name)
    return replace(model, artefacts={**model.artefacts, part: name})


@pytest.mark.parametrize("part", ["items", "persons"])
@pytest.mark.parametrize("harm", ["torn", "altered", "gone", "no arrays"])
async def test_a_harmed_artefact_is_refused_and_the_last_good_one_stays(
    store, artefacts, folder, part, harm
):
    replica = ModelReplica(InMemoryBus(), store, artefacts)
    await publish(store, artefacts, RUNNING)
    await replica.catch_up()
    if harm == "no arrays":
        name = await artefacts.put(b"hello")
        await publish(store, artefacts, CYCLING, lambda model: naming(part, name, model))
    else:
        model = await publish(store, artefacts, CYCLING)
        path = await artefacts.file({**model.artefacts, "persons": model.person_artefact}[part])
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        if harm == "gone":
            path.unlink()
        else:
            path.write_bytes(data[:-7] if harm == "torn" else data)
    await replica.catch_up()
    assert taste_of_ada(replica) == RUNNING
    assert "is not served" in replica.refusal
    with pytest.raises(Unavailable, match="is not served"):
        await replica.check()
    await publish(store, artefacts, CYCLING)
    await replica.catch_up()
    assert (taste_of_ada(replica), replica.refusal) == (CYCLING, "")
    await replica.check()


async def test_a_replica_that_starts_beside_a_torn_model_serves_the_one_before(store, artefacts):
    await publish(store, artefacts, RUNNING)
    model = await publish(store, artefacts, CYCLING)
    (await artefacts.file(model.person_artefact)).write_bytes(b"torn")
    replica = ModelReplica(InMemoryBus(), store, artefacts)
    await replica.catch_up()
    assert taste_of_ada(replica) == RUNNING
    assert "torn" in replica.refusal


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"catalogue_id": "0190ffff-0000-7000-8000-000000000009"}, "another catalogue"),
        ({"catalogue_version": 9}, "later state"),
    ],
)
async def test_a_model_of_another_catalogue_is_refused(store, artefacts, change, reason):
    replica = ModelReplica(InMemoryBus(), store, artefacts)
    await publish(store, artefacts, RUNNING, **change)
    await replica.catch_up()
    assert (replica.model, replica.version) == (None, 1)
    assert reason in replica.refusal


async def test_a_model_whose_pointer_lies_about_its_catalogue_is_refused(
    database, store, artefacts
):
    replica = ModelReplica(InMemoryBus(), store, artefacts)
    await publish(store, artefacts)
    other = "0190ffff-0000-7000-8000-000000000009"
    for table in ("models", "catalogue_version"):
        await database.execute(f"UPDATE {table} SET catalogue_id = '{other}'")
    await replica.catch_up()
    assert replica.model is None
    assert "another catalogue" in replica.refusal


async def test_a_model_is_served_no_longer_once_the_catalogue_is_another(
    database, store, artefacts
):
    replica = ModelReplica(InMemoryBus(), store, artefacts)
    await publish(store, artefacts)
    await replica.catch_up()
    assert replica.model is not None
    await database.execute("DELETE FROM models")
    await database.execute("UPDATE catalogue_version SET catalogue_id = gen_random_uuid()")
    await replica.catch_up()
    assert replica.model is None


async def test_files_replaced_while_they_are_read_are_no_fault_of_a_model(store, artefacts, folder):
    await publish(store, artefacts)

    class Erasing(FolderArtefacts):
        has_erased = False

        async def get(self, name):
            if not self.has_erased:
                self.has_erased = True
                await ModelEraser(store, artefacts).erase(["bob"])
            return await super().get(name)

    replica = ModelReplica(InMemoryBus(), store, Erasing(folder))
    refusals = []
    replica._refuse = refusals.append
    await replica.catch_up()
    assert refusals == [""]
    await replica.catch_up()  # as the notice of the change asks for
    assert list(replica.model.person_rows) == ["ada"]


async def test_who_is_forgotten_stays_so_when_a_file_still_holds_them(store, artefacts):
    replica = ModelReplica(InMemoryBus(), store, artefacts)
    await publish(store, artefacts, RUNNING)
    await replica.catch_up()
    replica.forget(["ada"])
    assert list(replica.model.person_rows) == ["bob"]
    await publish(store, artefacts, CYCLING)
    await replica.catch_up()
    assert list(replica.model.person_rows) == ["bob"]


async def test_forgetting_builds_nothing_anew_but_persons_and_that_aside(
    store, artefacts, monkeypatch
):
    built, exact = [], model_replica.ExactIndex

    def build(vectors):
        built.append((len(vectors), threading.current_thread() is threading.main_thread()))
        return exact(vectors)

    replica = ModelReplica(InMemoryBus(), store, artefacts)
    await publish(store, artefacts)
    await replica.catch_up()
    monkeypatch.setattr(model_replica, "ExactIndex", build)
    async with running({"replica": replica.run}):
        replica.forget(["ada"])
        await becomes(lambda: replica.model.persons.person_ids, ("bob",))
        await ModelEraser(store, artefacts).erase(["ada"])
        await becomes(lambda: replica.version, 2)
    assert built == [(1, False), (1, False)]


async def test_who_is_erased_leaves_every_replica_and_every_kept_file(
    database, store, artefacts, folder, bus, monkeypatch
):
    monkeypatch.setattr(erasing, "LOOK_EVERY_S", 600.0)  # nobody waits for that
    await publish(store, artefacts, RUNNING)
    await publish(store, artefacts, CYCLING)
    one, other = (ModelReplica(bus, PostgresModels(database), artefacts) for _ in range(2))
    eraser = ModelEraser(store, artefacts)
    consumer = erasures_consumer(bus, database, eraser)
    followers = {
        f"{at}": erasure_follower(bus, each.forget).run for at, each in ((1, one), (2, other))
    }
    works = {"relay": Relay(bus, database).run, "one": one.run, "other": other.run}
    works |= {"eraser": eraser.run, "consumer": consumer.run, **followers}
    async with running(works):
        await becomes(lambda: (one.version, other.version), (2, 2))
        notice = PersonErased(person_ids=["ada"])
        await bus.publish([Publication.of(erasures_of("ada"), 1, notice)])
        await becomes(lambda: (one.version, other.version), (4, 4))
        await becomes(lambda: [*one.model.person_rows, *other.model.person_rows], ["bob"] * 2)
        kept = await store.kept()
        names = {kept.models[0].person_artefact, kept.models[1].person_artefact}
        await becomes(lambda: {path.name for path in files(folder)} >= names, True)
        await becomes(lambda: [p for p in files(folder) if b"ada" in p.read_bytes()], [])

        async def is_done() -> bool:
            return await store.erasures() == ()

        await until(is_done)
    assert len(kept.models) == 2


def files(folder):
    return [path for path in folder.glob("*/*") if path.exists()]


async def test_a_persons_file_that_cannot_be_read_does_not_outlive_an_erasure(
    store, artefacts, folder
):
    await publish(store, artefacts, RUNNING)
    model = await publish(store, artefacts, CYCLING)
    (await artefacts.file(model.person_artefact)).write_bytes(b"ada and who knows whom")
    assert await ModelEraser(store, artefacts).erase(["ada"]) == 1
    [left] = (await store.kept()).models
    assert left.person_artefact != model.person_artefact
    assert not [path for path in files(folder) if b"ada" in path.read_bytes()]


async def test_an_erasure_that_finds_nobody_moves_nothing(store, artefacts):
    await publish(store, artefacts)
    assert await ModelEraser(store, artefacts).erase(["somebody else"]) == 0
    assert await store.newest_version() == 1


async def test_an_erasure_survives_a_change_in_between(store, artefacts, folder):
    """A model is added between reading the pointers and replacing them."""
    await publish(store, artefacts, RUNNING)

    class Racing(FolderArtefacts):
        has_raced = False

        async def put(self, data):
            if not self.has_raced:
                self.has_raced = True
                await publish_anyway(store, artefacts)
            return await super().put(data)

    async def publish_anyway(store, artefacts):
        await store.end_erasure(["ada"], 1)
        await publish(store, artefacts, CYCLING)

    await store.ask_erasure(["ada"])
    racing = Racing(folder)
    assert await ModelEraser(store, racing).take_out() == 1
    assert len((await store.kept()).models) == 2
    assert not [path for path in files(folder) if b"ada" in path.read_bytes()]


async def test_many_persons_are_indexed_after_their_model_is_served(store, artefacts, monkeypatch):
    monkeypatch.setattr(model_replica, "EXACT_UP_TO", 0)
    built, may_build = [], threading.Event()

    def build(persons):
        may_build.wait(10)
        built.append(ExactIndex(persons.factors))
        return built[-1]

    monkeypatch.setattr(model_replica, "build_person_index", build)
    replica = ModelReplica(InMemoryBus(), store, artefacts)
    await publish(store, artefacts)
    await replica.catch_up()
    served = replica.model
    async with running({"replica": replica.run}):
        await becomes(lambda: replica.model is served, True)
        may_build.set()
        await becomes(lambda: bool(built) and replica.model.person_index is built[-1], True)
        replica.forget(["bob"])
        await becomes(lambda: len(built), 2)
        await becomes(lambda: replica.model.person_index is built[-1], True)
    assert taste_of_ada(replica) == RUNNING
