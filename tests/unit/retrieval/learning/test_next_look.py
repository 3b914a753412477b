"""What visits lead to, against the same sums done one by one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest

from services.retrieval.domain.learning import walks
from services.retrieval.domain.learning.next_look import Visitors
from services.retrieval.domain.learning.session_model import SessionModel, SessionSetting
from services.retrieval.domain.learning.sessions import session_model
from services.retrieval.domain.learning.visits import visits_of
from tests.unit.retrieval.learning.clicks import clicks, random_visits
from tests.unit.retrieval.learning.tastes import NOW_US

SETTING = SessionSetting(position_decay=0.5, gap_decay=0.7, fade_days=20.0, lately_days=4.0)
Chances = dict[int, float]
HOUR_US = 3_600_000_000


def model_of(visits: Sequence[Sequence[int]], setting: SessionSetting = SETTING) -> SessionModel:
    return session_model(visits_of(clicks(*visits)), setting, NOW_US)


def newest_last(visit: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(reversed(visit)))[::-1]


def by_visits(visits: Sequence[Sequence[int]], looked_at: Sequence[int]) -> Chances:
    """Weigh all visits one by one."""
    held = defaultdict(int)
    for visit in visits:
        for number in set(visit):
            held[number] += 1
    totals: Chances = defaultdict(float)
    for place, visit in enumerate(visits):
        things = newest_last(visit)
        shared = [number for number in looked_at if number in things]
        if not shared:
            continue
        common = sum(
            0.5 ** looked_at.index(number) * (math.log(len(visits) / held[number]) + 1.0)
            for number in shared
        )
        minutes = len(visit) - 1
        age_days = math.floor(len(visits) - place - minutes / 1440)
        common *= 2 ** (-age_days / 20.0) / len(things) ** 0.25
        for at, number in enumerate(things):
            apart = at - things.index(shared[0])
            near = 0.7 ** max(abs(apart) - 1, 0) * (0.6 if apart < 0 else 1.0)
            totals[number] += common * near
    return shares(totals)


def by_walks(visits: Sequence[Sequence[int]], looked_at: Sequence[int]) -> Chances:
    steps: dict[int, Chances] = defaultdict(lambda: defaultdict(float))
    for visit in visits:
        for at, one in enumerate(visit):
            for gap, other in enumerate(visit[at + 1 : at + 9]):
                if one != other:
                    steps[one][other] += 0.72**gap
                    steps[other][one] += 0.72**gap * 0.6
    steps = {one: shares(others) for one, others in steps.items()}
    totals: Chances = defaultdict(float)
    for place, one in enumerate(looked_at):
        for between, first in steps.get(one, {}).items():
            totals[between] += 0.5**place * first * 0.2
            for other, second in steps[between].items():
                if other != one:
                    totals[other] += 0.5**place * first * second * 0.8
    return shares(totals)


def shares(totals: Chances) -> Chances:
    whole = sum(totals.values())
    return {number: amount / whole for number, amount in totals.items()}


def test_what_is_kept_of_visits_does_not_tell_at_which_hour_they_were() -> None:
    log = clicks(*random_visits(4))
    hours = np.random.default_rng(4).integers(1, 20, int(log.sessions.max()) + 1)
    morning = replace(log, times_us=log.times_us + HOUR_US)
    any_time = replace(log, times_us=log.times_us + hours[log.sessions] * HOUR_US)
    one, other = (session_model(visits_of(each), SETTING, NOW_US) for each in (morning, any_time))
    for field in fields(one):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_walks_are_the_same_however_few_rows_are_looked_at_at_once(monkeypatch) -> None:
    visits = random_visits(3)
    at_once = model_of(visits)
    monkeypatch.setattr(walks, "_MOST_STEPS", 1)
    one_by_one = model_of(visits)
    for name in ("walk_starts", "walk_rows", "walk_shares"):
        assert np.array_equal(getattr(one_by_one, name), getattr(at_once, name))


@pytest.mark.parametrize("seed", range(6))
def test_chances_are_those_of_weighing_every_visit_and_walking_every_way(seed: int) -> None:
    visits = random_visits(seed)
    looked_at = newest_last(random_visits(seed + 100, visits=1)[0])[::-1]
    model = model_of(visits)
    looked_at = [number for number in looked_at if number in model.offer_nos]
    found = Visitors.of(model).next_looks(model.offer_nos.searchsorted(looked_at))
    numbers = model.offer_nos[found.rows].tolist()
    visited, walked = by_visits(visits, looked_at), by_walks(visits, looked_at)
    assert set(numbers) == set(visited) | set(walked) | set(looked_at)
    assert found.by_visits == pytest.approx([visited.get(each, 0.0) for each in numbers])
    assert found.by_walks == pytest.approx([walked.get(each, 0.0) for each in numbers], abs=1e-6)
    assert found.visits == sum(bool(set(looked_at) & set(visit)) for visit in visits)


def test_counts_are_of_visits_that_looked_at_both_or_bought_the_other() -> None:
    model = model_of([[1, 2, 3], [1, 2, -2], [2, 1], [1, -3], [-1, -2], [1, 3, 1]])
    found = Visitors.of(model).next_looks(np.array([0]))
    counted = {
        int(number): (int(viewed), int(bought))
        for number, viewed, bought in zip(
            model.offer_nos[found.rows], found.viewed, found.bought, strict=True
        )
    }
    assert counted == {1: (0, 0), 2: (3, 1), 3: (2, 1)}
    assert model.looked.tolist() == [5, 3, 2]
    assert model.held.tolist() == [6, 4, 3]


def test_the_item_looked_at_that_speaks_most_is_named() -> None:
    visits = [[1, 2], [1, 2], [1, 2], [5, 6], [5, 6], [5, 6]]
    model = model_of(visits)
    looked_at = np.array([5, 1])
    found = Visitors.of(model).next_looks(model.offer_nos.searchsorted(looked_at))
    named = dict(zip(model.offer_nos[found.rows].tolist(), looked_at[found.places], strict=True))
    assert (named[2], named[6]) == (1, 5)


def test_what_is_looked_at_again_is_told_apart_by_how_long_ago() -> None:
    model = model_of([[1, 2, 3, 4]])
    found = Visitors.of(model).next_looks(np.array([2, 1, 0]))
    again = found.signals[:, 2:].tolist()
    assert again == [[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_what_nobody_else_looked_at_leads_nowhere() -> None:
    model = model_of([[1], [2, 3]])
    found = Visitors.of(model).next_looks(np.array([0]))
    assert model.offer_nos[found.rows].tolist() == [1]
    assert np.isfinite(Visitors.of(model).strengths(found)).all()


def test_a_model_of_nothing_and_one_of_some_visits_fit() -> None:
    assert SessionModel.none().fits()
    model = model_of([[1, 2], [3]])
    assert model.fits()
    assert not replace(model, fresh=model.fresh[1:]).fits()
    assert not replace(model, rows=model.rows + 1).fits()
    assert not replace(model, walk_starts=model.walk_starts[1:]).fits()
