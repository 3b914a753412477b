"""Which snapshots are pointed at, on every storage."""

import os

from services.ranker.domain.answers import DAY_US, HOUR_US
from services.ranker.domain.model import Model
from services.ranker.domain.reverting import Span
from services.ranker.storage.snapshots import Pointer, Snapshots
from shared.artefacts import FolderArtefacts
from tests.contract.ranker.learning_kit import GUIDE, NOON_US, PROMPT, decision


async def numbers(desk):
    return [each.number for each in await desk.pointers.newest_first()]


async def test_they_are_thinned_out_as_time_goes_by(desk):
    """One every six hours for a week: the newest three, and the first of each day before."""
    gone = []
    for turn in range(28):
        pointer = Pointer(turn + 1, f"{turn:064x}", NOON_US + turn * 6 * HOUR_US)
        gone += await desk.pointers.keep(pointer)
    kept = await numbers(desk)
    assert kept == [28, 27, 26, 25, 24, 23, 19, 15, 11, 7, 3, 1]
    assert sorted(gone) == [f"{n - 1:064x}" for n in range(1, 29) if n not in kept]


async def test_what_holds_something_that_was_reverted_is_no_snapshot_any_more(desk):
    for hour in range(4):
        await desk.decide(decision(hour, GUIDE, placement=PROMPT, hours=25 * hour))
        await desk.pointers.keep(Pointer(hour + 1, f"{hour:064x}", NOON_US + hour * 25 * HOUR_US))
    from_us = NOON_US + 50 * HOUR_US
    made = await desk.reverts.revert(Span(from_us, from_us + HOUR_US), NOON_US + 9 * DAY_US)
    assert made.first_row == 3
    assert await numbers(desk) == [2, 1]
    late = Pointer(4, "f" * 64, NOON_US + 9 * DAY_US)
    assert "f" * 64 in await desk.pointers.keep(late)
    assert await numbers(desk) == [2, 1]
    await desk.pointers.keep(Pointer(made.number, "e" * 64, NOON_US + 9 * DAY_US))
    assert await numbers(desk) == [made.number, 2, 1]


async def test_an_artefact_that_another_snapshot_is_too_is_not_given_up(desk):
    for turn in range(6):
        gone = await desk.pointers.keep(Pointer(turn + 1, "a" * 64, NOON_US + turn))
        assert gone == []


async def test_what_is_kept_from_long_ago_is_not_swept_away(desk, tmp_path):
    days, store, model = [0], FolderArtefacts(tmp_path), Model()
    snapshots = Snapshots(desk.pointers, store, lambda: NOON_US + days[0] * DAY_US)
    for days[0] in range(8):
        model.number += 1
        await snapshots.save(model)
        for path in tmp_path.glob("*/*"):
            os.utime(path, (0, 0))
    kept = await desk.pointers.newest_first()
    assert len(kept) == 8
    for each in kept:
        assert Model.restored(await store.get(each.artefact)).number == each.number
