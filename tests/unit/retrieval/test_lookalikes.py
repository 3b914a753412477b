"""Who is like a seed: by what they do per week, whatever they did in all."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.audience import likeness as module
from services.retrieval.domain.audience.conduct import WEEK_US, conduct_of, robust
from services.retrieval.domain.audience.deed_log import DeedLog, Slice
from services.retrieval.domain.audience.deeds import NONE
from services.retrieval.domain.audience.judging import WAYS, judged
from services.retrieval.domain.audience.likeness import likeness, separation
from services.retrieval.domain.audience.lookalikes import TooFewError, Wanted, lookalikes

DAY_US = WEEK_US // 7


def log_of(rows, oldest=None):
    """Rows are person, type, day, order, value, category."""
    log = DeedLog(oldest or {})
    persons, types, days, orders, values, categories = zip(*rows, strict=True)
    times_us = np.array(days, np.int64) * DAY_US
    log.add(Slice(persons, types, times_us, orders, np.array(values, np.int64), categories))
    return log


def buys(person, begin, end, each, value=1_000_000, category="Food > Bread"):
    return [
        (person, "purchase", day, f"{person}-{day}", value, category)
        for day in range(begin, end, each)
    ]


def shop():
    """30 who buy a lot, 10 of them for eight weeks only, and 90 who buy little for a year."""
    random = np.random.default_rng(1)
    rows = []
    for person in range(120):
        is_keen, is_new = person < 30, person < 10
        end = 56 if is_new else 364
        each = int(random.integers(2, 5)) if is_keen else int(random.integers(10, 21))
        rows += buys(f"p{person}", 0, end, each, int(random.integers(1, 9)) * 1_000_000)
    return log_of(rows).deeds()


def seed_of(deeds, *numbers):
    return np.isin(deeds.person_ids, [f"p{number}" for number in numbers])


def test_the_new_are_found_by_their_rates():
    deeds = shop()
    found = lookalikes(deeds, seed_of(deeds, *range(10, 30)), Wanted(10))
    assert {deeds.person_ids[each] for each in found.persons} == {f"p{no}" for no in range(10)}
    assert found.separation > 0.9
    assert (found.seed_known, found.people) == (20, 120)
    assert (np.diff(found.scores) <= 0).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()


def test_no_way_learns_from_more_people_than_teach_it(monkeypatch):
    taught = []

    def watched(members, others):
        taught.append((len(members), len(others)))
        return WAYS["logistic"](members, others)

    monkeypatch.setattr(module, "_MOST_TAUGHT", 12)
    monkeypatch.setattr(module, "WAYS", {"watched": watched})
    deeds = shop()
    found = lookalikes(deeds, seed_of(deeds, *range(10, 30)), Wanted(10))
    new = {f"p{no}" for no in range(10)}
    assert len({deeds.person_ids[each] for each in found.persons} & new) >= 8
    assert taught == [(12, 12)] * 6


def test_people_of_whom_nothing_is_known_are_nowhere():
    deeds = shop()
    deeds = replace(deeds, person_ids=(*deeds.person_ids, "p999"))
    found = lookalikes(deeds, seed_of(deeds, *range(10, 30), 999), Wanted(1_000, with_seed=True))
    assert (found.seed_known, found.people, len(found.persons)) == (20, 120, 120)


def test_only_who_is_known_for_long_enough_where_that_is_asked():
    deeds = shop()
    found = lookalikes(deeds, seed_of(deeds, *range(10, 30)), Wanted(100, least_weeks=10))
    assert len(found.persons) == 90
    assert found.weeks.min() >= 10


def test_what_most_of_the_seed_buys_and_somebody_never_did_is_lacked():
    rows = []
    for person in range(20):
        rows += buys(f"p{person}", 0, 300, 5, category="Food > Bread > Rye")
        if person < 10:
            rows += buys(f"p{person}", 1, 300, 50, category="Drinks > Wine > Red")
        if person < 5:
            rows += buys(f"p{person}", 2, 300, 90, category="Drinks > Beer")
    deeds = log_of(rows).deeds()
    found = lookalikes(deeds, seed_of(deeds, *range(8)), Wanted(20, lacks=3))
    lacks = {
        deeds.person_ids[person]: [deeds.category_names[at] for at in line if at != NONE]
        for person, line in zip(found.persons.tolist(), found.lacks.tolist(), strict=True)
    }
    assert lacks["p8"] == ["Drinks > Beer"]
    assert lacks["p15"] == ["Drinks > Wine", "Drinks > Beer"]
    shares = dict(zip(deeds.category_names, found.seed_shares.tolist(), strict=True))
    assert shares == {"Food > Bread": 1.0, "Drinks > Wine": 1.0, "Drinks > Beer": 5 / 8}
    others = dict(zip(deeds.category_names, found.other_shares.tolist(), strict=True))
    assert others["Drinks > Wine"] == pytest.approx(2 / 12)
    assert lookalikes(deeds, seed_of(deeds, *range(8)), Wanted(20, lacks=0)).lacks.shape == (12, 0)


def test_a_seed_of_too_few_or_of_everybody_is_told():
    deeds = shop()
    with pytest.raises(TooFewError, match="of 4 of the seed"):
        lookalikes(deeds, seed_of(deeds, *range(4)), Wanted(10))
    with pytest.raises(TooFewError, match="everybody"):
        lookalikes(deeds, seed_of(deeds, *range(120)), Wanted(10))
    with pytest.raises(TooFewError, match="of 0"):
        lookalikes(DeedLog({}).deeds(), np.zeros(0, np.bool_), Wanted(10))


def test_a_seed_that_behaves_like_all_others_is_told_by_its_separation():
    random = np.random.default_rng(1)
    rows = [
        row
        for person in range(120)
        for row in buys(f"p{person}", 0, 300, int(random.integers(3, 20)))
    ]
    deeds = log_of(rows).deeds()
    found = likeness(deeds, seed_of(deeds, *range(60)))
    assert 0.3 < found.separation < 0.7


def test_one_busy_day_of_a_stranger_is_no_habit():
    rows = [row for person in range(20) for row in buys(f"p{person}", 0, 360, 10)]
    rows += [row for person in range(20, 40) for row in buys(f"p{person}", 0, 360, 3)]
    rows += [("stranger", "purchase", 5, "s", 1_000_000, "Food > Bread")]
    deeds = log_of(rows).deeds()
    conduct = conduct_of(deeds)
    place = {person: at for at, person in enumerate(deeds.person_ids)}
    lines = conduct.traits[:, 0]
    assert conduct.weeks[place["stranger"]] == 0
    assert lines[place["p0"]] < lines[place["stranger"]] < lines[place["p39"]]


def test_orders_without_a_name_are_those_of_a_day_and_refunds_do_no_harm():
    rows = [("a", "purchase", 1, "", 5, ""), ("a", "purchase", 1, "", -900, "")]
    rows += [("b", "purchase", 1, "o", 5, ""), ("b", "view", 3, "", 0, "")]
    conduct = conduct_of(log_of(rows).deeds())
    assert np.isfinite(conduct.traits).all()


def test_events_that_are_nobodys_doing_or_of_a_set_are_taken_as_they_should():
    rows = [("new", "purchase", 1, "", 5, ""), ("", "purchase", 1, "", 5, "")]
    rows += [("a", "contact_sent", 1, "", 0, ""), ("old", "view", 2, "", 0, "")]
    log = log_of(rows, {"new": "old"})
    deeds = log.deeds()
    assert (deeds.person_ids, deeds.persons.tolist()) == (("old",), [0, 0])
    assert log.places(["new", "old", "nobody"]).tolist() == [0]
    assert len(log) == 2


def test_scales_are_robust_to_a_few_extremes():
    column = np.concatenate((np.arange(99.0), [1e9]))[:, None]
    scaled = robust(column)
    assert scaled.max() == 4.0
    assert abs(np.median(scaled)) < 1e-9
    never = robust(np.array([[0.0], [0.0], [0.0], [0.0], [9.0]]))
    assert (np.isfinite(never).all(), never[4, 0] > 1) == (True, True)
    assert (robust(np.ones((5, 1))) == 0).all()


@pytest.mark.parametrize("name", WAYS)
def test_each_way_of_judging_tells_members_from_others(name):
    random = np.random.default_rng(1)
    members, others = random.normal(1.0, 1.0, (30, 3)), random.normal(0.0, 1.0, (300, 3))
    weights = WAYS[name](members, others)
    assert separation(judged(members, weights), judged(others, weights)) > 0.7


def test_separation_counts_equals_half():
    assert separation(np.array([1.0, 1.0]), np.array([1.0])) == 0.5
    assert separation(np.array([2.0]), np.array([1.0, 3.0])) == 0.5
    assert separation(np.array([4.0]), np.array([1.0, 3.0])) == 1.0
    assert separation(np.zeros(0), np.array([1.0])) == 0.5
