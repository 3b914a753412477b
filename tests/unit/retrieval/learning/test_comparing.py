"""A new model beside the one before: on what neither knows, with what moved and what is known."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.learning.apart import is_judged
from services.retrieval.domain.learning.before import Before
from services.retrieval.domain.learning.blend_model import BlendModel
from services.retrieval.domain.learning.comparing import Judged, compared
from services.retrieval.domain.learning.drift import stability_index
from services.retrieval.domain.learning.foretelling import change, foretold, hits, truths_since
from services.retrieval.domain.learning.history import history_until
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.learning.network import size_of
from services.retrieval.domain.learning.network_fitting import described
from services.retrieval.domain.learning.portraits import NEW, OWN
from services.retrieval.domain.learning.signals import taste_of
from services.retrieval.domain.learning.terms import ItemTexts
from services.retrieval.domain.learning.training import TrainingSettings, train
from services.retrieval.domain.learning.validation import held_back

DAY_US = 86_400_000_000
SETTINGS = TrainingSettings("a catalogue", 1, seed=1, dimensions=8, sweeps=3)
KINDS = 4
OF_A_KIND = 12
NOW_US = 400 * DAY_US


def shop(seed=1, people=80, days=400, liked=1.0):
    """Persons who buy from one of four kinds of things, with a probability of `liked`."""
    random = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        for _ in range(40):
            kind = person % KINDS if random.random() < liked else int(random.integers(KINDS))
            number = 1 + kind * OF_A_KIND + int(random.integers(OF_A_KIND))
            rows.append((person, number, int(random.integers(1, days * DAY_US))))
    persons, numbers, times_us = np.array(rows).T
    return Interactions(
        person_ids=tuple(f"person-{each}" for each in range(people)),
        persons=persons.astype(np.int32),
        offer_nos=numbers.astype(np.uint32),
        times_us=times_us.astype(np.int64),
        weights=np.ones(len(rows), np.float32),
    )


def both(past, later):
    """Return two logs of the same persons as one."""
    return replace(
        later,
        persons=np.concatenate((past.persons, later.persons)),
        offer_nos=np.concatenate((past.offer_nos, later.offer_nos)),
        times_us=np.concatenate((past.times_us, later.times_us)),
        weights=np.concatenate((past.weights, later.weights)),
    )


def texts():
    nos = np.arange(1, 1 + KINDS * OF_A_KIND, dtype=np.uint32)
    kinds = [f"kind {(number - 1) // OF_A_KIND}" for number in nos.tolist()]
    return ItemTexts(nos, [f"thing {number}" for number in nos], kinds, ["b"] * len(nos))


def trained(interactions, before=None, now_us=NOW_US):
    lessons = Lessons(interactions, texts(), before=before or Before.none())
    return train(lessons, SETTINGS, now_us)


@pytest.fixture(scope="module")
def good():
    return trained(shop())


@pytest.fixture(scope="module")
def before(good):
    return Before.of("before", good.model)


def test_the_first_model_is_judged_alone_and_leaves_what_it_foretold(good):
    found = good.report.comparison
    assert (found.persons, found.before, found.note) == (0, None, "no model was served before")
    assert 0.5 < found.after.ndcg10.value <= 1.0
    assert found.after.ndcg10.at_least < found.after.ndcg10.value < found.after.ndcg10.at_most
    persons = good.model.persons
    assert persons.foretold_nos.shape == (len(persons.foretold_ids), 100)
    assert persons.foretold_us == found.since_us < NOW_US
    assert good.report.drift is None


def test_the_same_log_makes_a_model_as_good_as_the_one_before(before):
    report = trained(shop(), before).report
    assert report.comparison.persons >= 20
    assert report.comparison.change.value == pytest.approx(0.0, abs=1e-9)
    assert report.drift.categories == pytest.approx(0.0, abs=1e-6)
    assert (report.drift.neighbours_kept, report.drift.tastes_kept) == (1.0, 1.0)


def test_a_model_that_learned_of_noise_is_told_to_be_worse(before):
    """What people like was lost from the past, and still shows in what they bought since."""
    log, noise = shop(), shop(seed=2, liked=0.0)
    since_us = before.foretold_us
    mixed = both(noise.only(noise.times_us < since_us), log.only(log.times_us >= since_us))
    report = trained(mixed, before).report
    assert report.comparison.change.at_most < 0
    assert report.comparison.after.ndcg10.value < report.comparison.before.ndcg10.value
    assert report.drift.neighbours_kept < 1.0


def test_history_that_was_imported_is_no_reason_to_refuse():
    """The served model knew people until a few days ago, and the usual hold-out is longer."""
    opened = shop(days=30)
    opened = replace(opened, times_us=opened.times_us + 370 * DAY_US)
    served = Before.of("young", trained(opened).model)
    history = shop(seed=2, days=370)
    found = trained(both(history.only(history.persons < 20), opened), served).report.comparison
    assert (found.since_us, found.persons) == (served.foretold_us, 80)
    assert found.change.at_most > 0.0


def test_a_ranking_is_judged_as_networks_leave_it(good):
    model = good.model
    history = history_until(shop(), NOW_US)
    away = replace(BlendModel.none(), own=constant(OWN, -50.0), new=constant(NEW, 0.0))
    weighed = replace(model, blend=described(replace(away, own_share=1.0), history, texts()))
    ids = model.persons.person_ids[:10]
    own = {
        each: model.items.offer_nos[taste_of(model.persons, at).rows].tolist()
        for at, each in enumerate(ids)
    }
    for person_id, usual, moved in zip(
        ids, foretold(model, ids), foretold(weighed, ids), strict=True
    ):
        assert np.isin(usual[:10], own[person_id]).any()
        assert not np.isin(moved[:10], own[person_id]).any()


def constant(width, odds):
    """Return a network that says the same of everything."""
    numbers = np.zeros(size_of(width), np.float32)
    numbers[-1] = odds
    return numbers


def test_nothing_is_tuned_on_what_they_did_by_whom_models_are_judged():
    log = shop(people=160)
    validation = held_back(log, 1)
    asked = [log.person_ids[person] for person in validation.persons]
    assert validation.keeps_apart
    assert len(asked) > 80
    assert not any(map(is_judged, asked))


def test_where_too_few_are_left_to_judge_by_nobody_is_kept_apart():
    log = shop(people=40)
    validation = held_back(log, 1)
    assert not validation.keeps_apart
    assert any(is_judged(log.person_ids[person]) for person in validation.persons)


def test_only_those_are_judged_on_whose_answers_nothing_was_tuned(good, before):
    log = shop(people=160)
    ids = tuple(truths_since(log, before.foretold_us))
    told = np.ones((len(ids), 100), np.uint32)
    served = replace(before, foretold_ids=ids, foretold_nos=told)
    judged = Judged(good.model, before.foretold_us, keeps_apart=True)
    found = compared(judged, served, log)[1]
    assert found.persons == len([each for each in ids if is_judged(each)]) < len(ids)
    everybody = replace(judged, keeps_apart=False)
    assert compared(everybody, served, log)[1].persons == len(ids)


def test_where_nobody_who_was_judged_came_back_nothing_is_compared(before):
    strangers = replace(before, foretold_ids=tuple(f"gone-{each}" for each in before.foretold_ids))
    found = trained(shop(), strangers).report.comparison
    assert (found.persons, found.before_model) == (0, "before")
    assert "0 of those judged last time" in found.note


def test_a_model_knows_what_was_bought_and_who_was_there(good):
    covered = good.report.coverage
    assert covered.items == 1.0
    assert covered.active_persons == 1.0
    assert 0.5 < covered.proposed_items <= 1.0


def test_who_is_erased_is_gone_from_what_was_foretold(good):
    persons = good.model.persons
    somebody = persons.foretold_ids[0]
    left = persons.without([somebody])
    assert somebody not in left.foretold_ids
    assert len(left.foretold_nos) == len(left.foretold_ids) == len(persons.foretold_ids) - 1
    only_there = replace(persons, foretold_ids=("only there", *persons.foretold_ids[1:]))
    assert "only there" not in only_there.without(["only there"]).foretold_ids


def test_what_was_bought_later_is_true_and_views_where_nothing_was():
    log = shop(people=2)
    truths = truths_since(log, 300 * DAY_US)
    for place, person_id in enumerate(log.person_ids):
        is_true = (log.persons == place) & (log.times_us >= 300 * DAY_US)
        assert truths[person_id].tolist() == sorted(set(log.offer_nos[is_true].tolist()))
    looked = replace(log, weights=np.full_like(log.weights, 0.1))
    assert truths_since(looked, 300 * DAY_US).keys() == truths.keys()


def test_a_ranking_is_judged_by_what_came_true():
    found = hits(np.array([[3, 1, 0], [9, 8, 7]], np.uint32), [np.array([3]), np.array([1, 2])])
    assert found.ndcg10.tolist() == [1.0, 0.0]
    assert found.recall100.tolist() == [1.0, 0.0]


def test_a_change_is_told_as_a_share_of_what_was():
    before, after = np.full(50, 0.4), np.full(50, 0.3)
    found = change(before, after)
    assert found.value == pytest.approx(-0.25)
    assert found.at_least == pytest.approx(found.at_most)


def test_the_stability_index_is_nothing_for_the_same_and_much_for_the_opposite():
    assert stability_index(np.array([1.0, 3.0]), np.array([2.0, 6.0])) == pytest.approx(0.0)
    assert stability_index(np.array([9.0, 1.0]), np.array([1.0, 9.0])) > 0.25
