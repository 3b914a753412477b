"""Whether what is foretold comes true is told of the log, as the model was before each answer."""

import pytest

from services.ranker.domain.answers import DAY_US
from services.ranker.domain.encoding import decode
from services.ranker.domain.model import Model
from tests.grpc.ranker.test_learning import teach
from tests.unit.ranker.shop import BIKES, BOOKS, PRIOR
from touchpoint.ranker.v1.calibration_pb2 import ReportCalibrationRequest


async def report(shop, rows=0):
    return await shop.stub.ReportCalibration(ReportCalibrationRequest(rows=rows), timeout=5)


async def test_before_anything_is_shown_there_is_no_curve(learning_shop):
    found = await report(learning_shop)
    assert (found.showings, len(found.bins), found.error) == (0, 0, 0.0)


async def test_each_showing_is_foretold_before_its_answer_is_learned(learning_shop):
    await teach(learning_shop, BIKES, 12, acceptances=6)
    await teach(learning_shop, BOOKS, 12, acceptances=0)
    found = await report(learning_shop)
    assert (found.showings, found.accepted) == (24, 6)
    assert sum(each.showings for each in found.bins) == 24
    assert sum(each.showings * each.accepted for each in found.bins) == pytest.approx(6)
    model, first = Model(), []
    for numbered in await learning_shop.log.rows_after(0, 1_000):
        sight = decode(numbered.row.features)
        if numbered.row.outcome == 1:
            first.append(model.predict(sight))
        model.learn(numbered.number, numbered.row.outcome, sight, numbered.row.credit)
    assert first[0] == pytest.approx(PRIOR, rel=1e-3)
    told = sum(each.showings * each.foretold for each in found.bins)
    assert told == pytest.approx(sum(first))


async def test_what_was_shown_in_the_last_24_hours_is_left_out(learning_shop):
    await teach(learning_shop, BIKES, 10, acceptances=4)
    learning_shop.clock.now_us = DAY_US + 6
    found = await report(learning_shop)
    assert (found.showings, found.accepted, found.is_unsettled) == (7, 4, False)
    assert (found.from_time.ToMicroseconds(), found.to_time.ToMicroseconds()) == (0, 6)
    some = await report(learning_shop, rows=2)
    assert (some.showings, some.to_time.ToMicroseconds()) == (2, 6)


async def test_a_young_home_is_told_what_there_is(learning_shop):
    await teach(learning_shop, BIKES, 10, acceptances=4)
    learning_shop.clock.now_us = DAY_US - 1
    found = await report(learning_shop)
    assert (found.showings, found.accepted, found.is_unsettled) == (10, 4, True)
    assert found.to_time.ToMicroseconds() == 9


async def test_of_the_last_rows_only_those_are_told(learning_shop):
    await teach(learning_shop, BIKES, 10, acceptances=0)
    found = await report(learning_shop, rows=4)
    assert (found.showings, found.accepted, found.last_row) == (4, 0, 10)
    everything = await report(learning_shop)
    # The likeliest of ten were foretold first; the last four come after six that nobody took.
    assert found.bins[-1].foretold < everything.bins[-1].foretold
