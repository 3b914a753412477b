"""What requests are answered from is put together so that each part hears what it must."""

import asyncio

import pytest

from services.retrieval.app import remembered
from services.retrieval.config import RetrievalSettings
from services.retrieval.definitions import Definitions, Place
from services.retrieval.domain.live_contents import LiveContents
from services.retrieval.domain.shelves import Shelves
from services.retrieval.sourcing import BELIEFS, QUOTAS
from services.retrieval.storage.in_memory import InMemoryCatalogue
from services.retrieval.storage.replica import CatalogueReplica
from shared.setting_types import Listen
from touchpoint.common.v1.decision_pb2 import DecisionContext, PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind, Source

PLACE = "web.home.banner"


HEARD = (
    *((Shelves, "rows_changed"), (LiveContents, "rows_changed")),
    *((Shelves, "model_changed"), (LiveContents, "model_changed")),
    (Shelves, "popularity_changed"),
)


@pytest.fixture
def heard(monkeypatch):
    """Return what is told of changes, instead of whom it is told to."""
    told = set()
    for each in HEARD:
        kind, name = each
        monkeypatch.setattr(kind, name, lambda *_, each=each: told.add(each))
    return told


@pytest.fixture
def memory(in_memory_bus, clock, tmp_path):
    """Compose what a process remembers, of which nothing runs."""
    settings = RetrievalSettings(
        postgres_url="postgresql://nowhere",
        nats_url="nats://nowhere",
        listen=Listen("127.0.0.1", 0),
        home=tmp_path,
        deployment_key=bytes(32),
    )
    nothing = None
    store = InMemoryCatalogue()
    return remembered(settings, nothing, in_memory_bus, store, nothing, clock.now_us)


def asked_by(memory, person_id, persona):
    context = DecisionContext(
        bundle_hash="b",
        channel=Channel.WEB,
        arm=Arm.PERSONALISED,
        placements=[PlacementAsk(placement=PLACE, limit=3)],
    )
    snapshot = PersonSnapshot(person_ids=[person_id], persona=persona).SerializeToString()
    place = Place(frozenset({OfferKind.PRODUCT}), Channel.WEB)
    definitions = Definitions({PLACE: place}, memory.shelves.current.offers.defined_nos)
    return memory.moments.query(context, snapshot, definitions, 10)


def test_every_source_has_its_turns_and_its_word_has_a_worth(memory):
    every = {*memory.sources(), Source.EXTERNAL}
    assert set(QUOTAS) == every
    assert set(BELIEFS) == every


def test_as_whom_somebody_comes_is_remembered_until_they_are_erased(memory):
    asked_by(memory, "ada", "gardeners")
    assert memory.feed.crowds.personas.get("ada") == "gardeners"
    memory.learned.forget(["ada"])
    assert memory.feed.crowds.personas.get("ada") is None


def test_what_was_asked_lately_is_forgotten_with_whoever_is_erased(memory):
    asked_by(memory, "ada", "")
    assert len(memory.moments.recent(None)) == 1
    memory.learned.forget(["bob"])
    assert memory.moments.recent(None) == []


def test_what_changes_is_told_to_all_that_is_made_of_it(heard, memory):
    memory.replica.on_change([1])
    assert heard == set(HEARD[:2])
    memory.learned.replica.on_change()
    assert heard == set(HEARD[:4])
    memory.feed.on_recount()
    assert heard == set(HEARD)


async def at_once(_replica):
    """Stand in for reading the catalogue."""


async def test_attributes_are_laid_out_only_once_everything_is_ranked(memory, monkeypatch):
    monkeypatch.setattr(CatalogueReplica, "ready", at_once)
    laid_out = memory.attributes.current
    running = asyncio.ensure_future(memory.background()["attributes"]())
    await asyncio.sleep(0.05)
    assert memory.attributes.current is laid_out
    await memory.shelves.restack()
    async with asyncio.timeout(10):
        while memory.attributes.current is laid_out:
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
