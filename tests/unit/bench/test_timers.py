"""A timer's lateness counts from when it was due to when its stage was first heard of."""

from __future__ import annotations

import time

import pytest

from bench.errors import MeasurementError
from bench.parts import timers
from touchpoint.common.v1.bus_pb2 import JourneyNotice


def heard_of(heard: timers.Heard, person: str, stage: str, **more) -> None:
    heard.take(JourneyNotice(person_id=person, stage=stage, **more).SerializeToString())


async def test_the_first_notice_of_the_stage_counts():
    heard, due_us = timers.Heard(), time.time_ns() // 1000
    heard_of(heard, "ada", timers.STAGE)
    [first] = await heard.lateness_ms({"ada": due_us})
    heard_of(heard, "ada", timers.STAGE)
    assert await heard.lateness_ms({"ada": due_us}) == [first]
    assert 0 <= first < 1_000


@pytest.mark.parametrize(
    ("stage", "more"), [("", {}), ("call", {}), (timers.STAGE, {"ended": True})]
)
async def test_other_news_of_a_journey_is_no_timer_and_a_missing_one_is_no_figure(
    stage, more, monkeypatch
):
    monkeypatch.setattr(timers, "PATIENCE_S", 0.05)
    heard = timers.Heard()
    heard_of(heard, "ada", stage, **more)
    with pytest.raises(MeasurementError, match="1 of 1 timers never fired"):
        await heard.lateness_ms({"ada": 0})
