"""Training in its own process, from profile's log to what is proposed."""

import asyncio
import subprocess
import sys
import weakref

import numpy as np
import psutil
import pytest

from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.learning.model import ItemModel, PersonModel
from services.retrieval.domain.learning.terms import ItemTexts
from services.retrieval.storage import training_process
from services.retrieval.storage.in_memory import InMemoryCatalogue
from services.retrieval.storage.model_files import decode
from services.retrieval.storage.training_process import (
    MODULE,
    Order,
    pack_input,
    train_aside,
    unpack_input,
)
from shared.errors import Internal
from tests.grpc.retrieval.replicas import Retrieval, item
from tests.grpc.retrieval.trained import model_of, sources_of
from touchpoint.common.v1.vocabulary_pb2 import Source

DAY_US = 86_400_000_000
ORDER = Order("0190aaaa-0000-7000-8000-000000000001", 3, 200 * DAY_US, 1)
RUN, RIDE = range(1, 16), range(16, 31)


def purchases(seed=1):
    """60 persons, each of whom buys ten of fifteen things of one of two kinds."""
    random = np.random.default_rng(seed)
    for person in range(60):
        liked = RUN if person % 2 else RIDE
        for number in random.choice(liked, 10, replace=False).tolist():
            yield f"person-{person}", number, int(random.integers(1, 190)) * DAY_US


def interactions():
    rows = list(purchases())
    ids = tuple(dict.fromkeys(person for person, _, _ in rows))
    return Interactions(
        person_ids=ids,
        persons=np.array([ids.index(person) for person, _, _ in rows], np.int32),
        offer_nos=np.array([number for _, number, _ in rows], np.uint32),
        times_us=np.array([time_us for _, _, time_us in rows], np.int64),
        weights=np.ones(len(rows), np.float32),
    )


def texts():
    titles = [f"{'running' if no in RUN else 'cycling'} thing {no}" for no in (*RUN, *RIDE)]
    nos = np.array([*RUN, *RIDE], np.uint32)
    return ItemTexts(nos, titles, ["Sports"] * len(nos), ["né «Ä»"] * len(nos))


def test_what_the_child_reads_is_what_was_packed():
    order, lessons = unpack_input(pack_input(ORDER, Lessons(interactions(), texts())))
    found, items = lessons.interactions, lessons.texts
    assert order == ORDER
    assert found.person_ids == interactions().person_ids
    assert np.array_equal(found.offer_nos, interactions().offer_nos)
    assert list(items.titles) == texts().titles
    assert items.brands[0] == "né «Ä»"


async def test_the_child_tells_how_far_it_is_and_hands_over_a_model():
    steps = []
    outcome = await train_aside(
        ORDER, Lessons(interactions(), texts()), lambda step, share: steps.append((step, share))
    )
    items, persons = (
        decode(ItemModel, outcome.files["items"]),
        decode(PersonModel, outcome.files["persons"]),
    )
    assert items.offer_nos.tolist() == [*RUN, *RIDE]
    assert len(persons.person_ids) == 60
    assert (items.catalogue_id, items.catalogue_version) == (ORDER.catalogue_id, 3)
    assert outcome.report["persons"] == 60
    assert outcome.report["trials"]
    assert outcome.report["spent_s"] > 0
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


async def test_too_little_to_learn_from_comes_back_as_a_sentence():
    few = interactions()
    few = few.only(few.persons < 3)
    outcome = await train_aside(ORDER, Lessons(few, texts()), lambda *_: None)
    assert "needed" in outcome.report["refusal"]
    assert outcome.files == {}


DEATHS = {
    "at once": "",
    "within a line": """print('{"event": "prog', end='')""",
    "within a file": """print('{"event": "file", "part": "items", "bytes": 9}\\nabc', end='')""",
}


@pytest.mark.parametrize("said", DEATHS.values(), ids=DEATHS)
async def test_a_child_that_dies_is_told_as_our_own_fault(monkeypatch, tmp_path, said):
    (tmp_path / "short_lived.py").write_text(said)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(training_process, "MODULE", "short_lived")
    with pytest.raises(Internal):
        await train_aside(ORDER, Lessons(interactions(), texts()), lambda *_: None)


async def test_a_long_log_is_let_go_once_the_child_has_it():
    long = interactions()
    long = long.only(np.tile(np.arange(len(long.persons)), 500))
    held = weakref.ref(long.times_us)
    work = train_aside(ORDER, Lessons(long, texts()), lambda *_: let_go.set())
    let_go = asyncio.Event()
    del long
    training = asyncio.create_task(work)
    async with asyncio.timeout(30):
        await let_go.wait()
    assert held() is None
    training.cancel()
    await asyncio.gather(training, return_exceptions=True)


async def test_a_child_that_dies_over_a_long_log_is_told_all_the_same(monkeypatch, tmp_path):
    (tmp_path / "short_lived.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(training_process, "MODULE", "short_lived")
    long = interactions()
    long = long.only(np.tile(np.arange(len(long.persons)), 500))
    with pytest.raises(Internal):
        await train_aside(ORDER, Lessons(long, texts()), lambda *_: None)


def test_a_child_that_is_done_ends_in_order():
    few = interactions()
    data = pack_input(ORDER, Lessons(few.only(few.persons < 3), texts()))
    with subprocess.Popen(
        [sys.executable, "-m", MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdin.write(len(data).to_bytes(8, "big") + data)
        child.stdin.flush()
        assert "refusal" in child.stdout.readlines()[-1].decode()
        assert child.wait(timeout=30) == 0


def children():
    found = psutil.Process().children()
    return [child for child in found if MODULE in " ".join(child.cmdline())]


async def test_whoever_stops_waiting_ends_the_child():
    told = asyncio.Event()
    work = asyncio.create_task(
        train_aside(ORDER, Lessons(interactions(), texts()), lambda *_: told.set())
    )
    async with asyncio.timeout(30):
        await told.wait()
    [child] = children()
    assert child.nice() > psutil.Process().nice()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert not child.is_running()


def test_a_child_whose_parent_is_gone_ends_itself():
    many = interactions()
    many = many.only(np.tile(np.arange(len(many.persons)), 500))
    data = pack_input(ORDER, Lessons(many, texts()))
    child = subprocess.Popen(
        [sys.executable, "-m", MODULE], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    child.stdin.write(len(data).to_bytes(8, "big") + data)
    child.stdin.close()
    assert child.wait(timeout=30) == 3


@pytest.fixture
async def retrieval(in_memory_bus, clock):
    opened = Retrieval(InMemoryCatalogue(), in_memory_bus, clock)
    async with opened.serving():
        names = [f"run-{no}" for no in RUN] + [f"ride-{no}" for no in RIDE]
        await opened.items(*(item(name, category=name) for name in names))
        yield opened


def told_of_people(log):
    """Tell of what kind everybody is."""
    people = [f"person-{number}" for number in range(60)]
    log.people.person_ids.extend(people)
    log.people.ages.extend([40] * 60)
    places = [1 + number % 2 for number in range(60)]
    log.people.attributes.add(name="kind", words=["rider", "runner"], places=places)


def given_to_mothers(log, number, givers):
    """Add gifts to the log, whose other events say nothing of the kind."""
    before = len(log.columns.types)
    for giver in range(givers):
        log.add(f"giver-{giver}", number)
    gifts = [False] * before + [True] * givers
    log.columns.gifts.extend(gifts)
    log.columns.gift_for_ages.extend([60 * is_gift for is_gift in gifts])
    log.columns.gift_for_genders.extend(["female" * is_gift for is_gift in gifts])
    log.columns.gift_for_relationships.extend(["mother" * is_gift for is_gift in gifts])
    log.columns.gift_occasions.extend([""] * len(gifts))


async def test_everybody_is_proposed_what_their_kind_buys(retrieval, clock):
    begin_us = clock.now_us() - 200 * DAY_US
    for person, number, time_us in purchases():
        retrieval.log.add(person, number, time_us=begin_us + time_us)
    told_of_people(retrieval.log)
    given_to_mothers(retrieval.log, number=30, givers=40)
    _, report = await retrieval.train()
    assert (report.refusal, report.persons, report.items) == ("", 60, 30)
    learned = retrieval.models.model
    assert (learned.groups.model.facets, learned.gifts.takings(0).nos.tolist()) == (("kind",), [30])
    assert (await model_of(retrieval)).report.pairs == 600
    for person, kind in (("person-1", "run"), ("person-2", "ride")):
        found, _ = await sources_of(retrieval, person)
        first = next(iter(found))
        assert first.startswith(kind)
        assert found[first] == Source.FOR_YOU
    found, _ = await sources_of(retrieval, "nobody-yet", attributes={"kind": "Runner"})
    alike = [name for name, source in found.items() if source == Source.PEOPLE_LIKE_YOU]
    assert alike
    assert all(name.startswith("run") for name in alike)
