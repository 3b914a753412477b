"""Replicas agree to the bit on what is left after a revert, whatever they were doing meanwhile."""

import asyncio
import threading

import pytest

from services.ranker.domain.answers import HOUR_US, TeachingTerms
from services.ranker.domain.encoding import decode
from services.ranker.domain.model import Model
from services.ranker.domain.reverting import Span
from services.ranker.storage import replica as replicas
from services.ranker.storage.in_memory import InMemoryLearningLog
from services.ranker.storage.notices import read_decision
from services.ranker.storage.past_models import ModelGoneError, PastModels
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.snapshots import InMemoryPointers, Snapshots
from shared.artefacts import FolderArtefacts
from shared.bus import InMemoryBus
from shared.errors import Unavailable
from tests.contract.ranker.conftest import look
from tests.contract.ranker.learning_kit import GUIDE, NOON_US, PROMPT, answer, decision

NOW_US = NOON_US + 999 * HOUR_US
EVERYTHING = TeachingTerms(10**6, 10**6)


class Shop:
    """A log, its snapshots, and replicas that follow it."""

    def __init__(self, folder):
        self.log = InMemoryLearningLog(look, EVERYTHING)
        self.pointers = InMemoryPointers(self.log.known_reverts)
        self.folder = folder
        self._decisions = 0

    def snapshots(self):
        return Snapshots(self.pointers, FolderArtefacts(self.folder), lambda: NOW_US)

    def replica(self):
        return ModelReplica(InMemoryBus(), self.log, self.snapshots())

    async def grow(self, hour, count=20):
        """Have so much said in an hour, of which every other is accepted."""
        for _ in range(count):
            self._decisions += 1
            notice = decision(self._decisions, GUIDE, placement=PROMPT, hours=hour)
            told = read_decision(notice.SerializeToString())
            await self.log.decided([(told, frozenset({PROMPT}))], NOW_US)
            if self._decisions % 2:
                clicked = answer("click", GUIDE, self._decisions, hours=hour + 0.1)
                await self.log.answered([clicked], NOW_US)

    async def revert(self, from_hour, to_hour):
        span = Span(NOON_US + from_hour * HOUR_US, NOON_US + to_hour * HOUR_US)
        return await self.log.revert(span, NOW_US)

    async def replayed(self):
        """Return the bits of a model that learns all rows that count, from the first."""
        model = Model()
        for each in await self.log.rows_after(0, 10**6):
            row = each.row
            sight = None if row.reverted_by else decode(row.features)
            model.learn(each.number, row.outcome, sight, row.credit)
        return model.snapshot()


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setattr(replicas, "SNAPSHOT_EVERY", 50)
    return Shop(tmp_path)


@pytest.fixture
def in_small_slices(monkeypatch):
    """So that others run after each row, and a few hundred are read in several parts."""
    monkeypatch.setattr(replicas, "SLICE_S", 0.0)
    monkeypatch.setattr(replicas, "_SLICE_ROWS", 100)


async def learned(replica):
    await replica.catch_up()
    await replica.save_if_due()
    return replica.model.snapshot()


async def test_a_replica_that_follows_one_that_restarts_and_a_replay_agree(shop):
    one = shop.replica()
    for hour in range(5):
        await shop.grow(hour)
        await learned(one)
    made = await shop.revert(3, 4)
    await shop.grow(6)
    assert await learned(one) == await shop.replayed()
    two = shop.replica()
    await two.restore()
    assert two.model.number > made.number
    assert await learned(two) == await shop.replayed()
    await shop.log.undo(made.number, NOW_US)
    await shop.grow(7)
    for each in (one, two, shop.replica()):
        assert await learned(each) == await shop.replayed()


async def test_it_begins_again_from_the_last_snapshot_before_the_span_and_no_later_one(shop):
    one = shop.replica()
    for hour in range(6):
        await shop.grow(hour)
        await learned(one)
    saved = [each.number for each in await shop.pointers.newest_first()]
    made = await shop.revert(4, 5)
    usable = [each.number for each in await shop.pointers.newest_first()]
    assert usable == [number for number in saved if number < made.first_row]
    assert usable
    two = shop.replica()
    await two.restore()
    assert two.model.number == usable[0]
    assert await learned(two) == await shop.replayed()


async def test_a_snapshot_saved_by_who_had_not_heard_of_the_revert_is_used_by_nobody(shop):
    late = shop.replica()
    for hour in range(5):
        await shop.grow(hour)
    await late.catch_up()
    await shop.revert(2, 3)
    await late.save_if_due()
    again = shop.replica()
    await again.restore()
    assert again.model.number == 0
    assert await learned(again) == await learned(late) == await shop.replayed()


@pytest.mark.usefixtures("in_small_slices")
async def test_while_a_model_is_made_anew_the_one_before_is_served(shop):
    one = shop.replica()
    await shop.grow(0, 200)
    await one.catch_up()
    served, before = one.model, one.model.snapshot()
    await shop.revert(0, 1)
    catching_up, seen = asyncio.create_task(one.catch_up()), []
    while not catching_up.done():
        seen.append(one.model is served and one.model.snapshot() == before)
        await asyncio.sleep(0)
    assert len(seen) > 200
    assert all(seen)
    assert one.model.snapshot() == await shop.replayed() != before


@pytest.mark.usefixtures("in_small_slices")
async def test_a_revert_that_comes_while_another_is_worked_off_is_worked_off_too(shop, monkeypatch):
    one, read_after, rows_after = shop.replica(), [], shop.log.rows_after

    async def noted(number, limit):
        read_after.append(number)
        return await rows_after(number, limit)

    for hour in range(4):
        await shop.grow(hour, 50)
    await one.catch_up()
    await shop.revert(1, 2)
    monkeypatch.setattr(shop.log, "rows_after", noted)
    catching_up = asyncio.create_task(one.catch_up())
    async with asyncio.timeout(10):
        while len(read_after) < 3:  # then some of what is taken out next is read, and not learned
            await asyncio.sleep(0)
    assert read_after == [300, 0, 100]
    await shop.revert(2, 3)
    await shop.grow(5)
    await catching_up
    assert await learned(one) == await shop.replayed()


async def test_several_who_ask_it_to_catch_up_make_one_model_anew(shop):
    one = shop.replica()
    await shop.grow(0)
    await one.catch_up()
    await shop.revert(0, 1)
    await asyncio.gather(*[one.catch_up() for _ in range(3)])
    assert one.model.snapshot() == await shop.replayed()


async def test_models_of_the_past_are_what_they_were_before_a_revert_and_after_it(shop):
    one, were = shop.replica(), {}
    past = PastModels(shop.log, shop.snapshots())
    for hour in range(4):
        await shop.grow(hour)
        were[await shop.log.written()] = await learned(one)
    made = await shop.revert(1, 2)
    await shop.grow(5)
    were[await shop.log.written()] = await learned(one)
    for number in (*were, *reversed(were)):
        assert (await past.at(number)).snapshot() == were[number]
    await shop.log.undo(made.number, NOW_US)
    for number, bits in were.items():
        if number < made.number:
            assert (await past.at(number)).snapshot() == bits
        else:
            with pytest.raises(ModelGoneError, match="was put back"):
                await past.at(number)
    assert (await past.at(await shop.log.written())).snapshot() == await shop.replayed()


class CountingArtefacts(FolderArtefacts):
    """Counts how often a snapshot is read."""

    reads = 0

    async def get(self, name):
        self.reads += 1
        return await super().get(name)


async def test_no_snapshot_is_read_for_one_past_decision_after_another(shop):
    store = CountingArtefacts(shop.folder)
    past = PastModels(shop.log, Snapshots(shop.pointers, store, lambda: NOW_US))
    one = shop.replica()
    for hour in range(3):
        await shop.grow(hour)
        await one.catch_up()
        await shop.snapshots().save(one.model)
    first, second, third = sorted(each.number for each in await shop.pointers.newest_first())
    for number in (second, second + 1, second + 2, third - 1):
        assert (await past.at(number)).number == number
    assert store.reads == 1
    assert (await past.at(third)).number == third
    assert (await past.at(first + 1)).number == first + 1
    assert store.reads == 3


async def test_a_snapshot_that_is_named_is_restored_beside_the_requests(shop, monkeypatch):
    threads, restored = [], Model.restored

    def noted(data):
        threads.append(threading.get_ident())
        return restored(data)

    await shop.grow(0)
    one = shop.replica()
    await one.catch_up()
    pointer = await shop.snapshots().save(one.model)
    monkeypatch.setattr(Model, "restored", noted)
    assert (await shop.snapshots().named(pointer.artefact)).number == one.model.number
    assert len(threads) == 1
    assert threading.get_ident() not in threads


class AwayLater:
    """A log that cannot be read any more after so many reads, until it is back."""

    def __init__(self, log, reads):
        self._log, self.reads = log, reads

    async def rows_after(self, number, limit):
        self.reads -= 1
        if self.reads < 0:
            raise Unavailable("the database cannot be reached")
        return await self._log.rows_after(number, min(limit, 10))

    def __getattr__(self, name):
        return getattr(self._log, name)


@pytest.mark.parametrize("reads", [0, 1, 3, 7])
async def test_a_log_that_goes_away_while_a_model_is_made_anew_leaves_the_one_before(shop, reads):
    one = shop.replica()
    await shop.grow(0, 50)
    await learned(one)
    before = one.model.snapshot()
    await shop.revert(0, 1)
    one._log = AwayLater(shop.log, reads)
    with pytest.raises(Unavailable):
        await one.catch_up()
    assert one.model.snapshot() == before
    one._log = AwayLater(shop.log, 10**6)
    assert await learned(one) == await shop.replayed()


async def test_a_torn_snapshot_of_before_the_span_is_passed_over_for_an_earlier_one(shop):
    one = shop.replica()
    for hour in range(6):
        await shop.grow(hour)
        await learned(one)
    await shop.revert(5, 6)
    newest, before, *_ = await shop.pointers.newest_first()
    artefact = shop.folder / newest.artefact[:2] / newest.artefact
    artefact.write_bytes(artefact.read_bytes()[:-1])
    two = shop.replica()
    await two.restore()
    assert two.model.number == before.number
    assert "torn" in two.refusal
    assert await learned(two) == await learned(one) == await shop.replayed()
