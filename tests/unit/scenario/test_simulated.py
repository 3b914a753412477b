"""Some days of the simulation that `tests/resilience/simulation` plays for months."""

import pytest

from services.scenario.messages.carrying import Carrying
from tests.resilience.simulation.checker import faults
from tests.resilience.simulation.days import played

DAYS = 4


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_days_of_deaths_bring_everything_about_once_and_leave_nobody_behind(seed):
    record, misfortune = await played(seed, DAYS)
    assert faults(record) == []
    assert misfortune.deaths
    assert record.carried


async def test_a_seed_plays_the_same_days_each_time():
    (first, _), (second, _) = await played(7, 2), await played(7, 2)
    assert first == second


async def test_whoever_is_not_asked_is_found_by_the_checker(monkeypatch):
    monkeypatch.setattr(Carrying, "may_be_sent", lambda *_: True)
    found = [each for seed in (1, 2, 3) for each in faults((await played(seed, DAYS))[0])]
    assert any("does not want it" in each for each in found)
