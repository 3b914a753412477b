"""Networks learn when people buy again, follow nobody they are checked by, and serve as taught."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.learning import network, network_fitting
from services.retrieval.domain.learning.apart import is_checked, is_judged
from services.retrieval.domain.learning.blend_model import BlendModel
from services.retrieval.domain.learning.blending import Blender
from services.retrieval.domain.learning.foretelling import foretold
from services.retrieval.domain.learning.history import history_until
from services.retrieval.domain.learning.ials import Setting
from services.retrieval.domain.learning.learned import Origin, learned
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.learning.network import size_of
from services.retrieval.domain.learning.network_fitting import Lesson, fitted_networks
from services.retrieval.domain.learning.networks import networks_of
from services.retrieval.domain.learning.past import Scheme, found_out
from services.retrieval.domain.learning.portraits import NEW, OWN
from services.retrieval.domain.learning.signals import taste_of
from services.retrieval.domain.learning.validation import held_back
from tests.unit.retrieval.learning import tastes
from tests.unit.retrieval.learning.habits import EVERY_DAYS, habits, texts

ORIGIN = Origin("shop", 1, 1)
SETTING = Setting(0.01, 0.3, 8, 3)


def unheard(*_):
    """Tell nobody."""


def lesson_of(log):
    validation = held_back(log, 1, keeps_apart=False)
    return Lesson(validation, learned(validation.past, SETTING, 1, ORIGIN, unheard))


@pytest.fixture(scope="module")
def log():
    return habits()


@pytest.fixture(scope="module")
def found(log):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "_BATCH", 64)  # few people learn as much as many in small steps
        return found_out(Lessons(log, texts()), log, Scheme(1, 8, 3, ORIGIN), unheard)


@pytest.fixture(scope="module")
def model(log, found):
    """What was learned of the past, weighed as it would be served."""
    return found.weighing.of(found.past, history_until(log, found.cut_us), texts())


@pytest.fixture(scope="module")
def blends(found):
    """Networks of one lesson, and of the same with other answers of some persons."""

    def of(are_others=lambda person_id: False):
        lesson = lesson_of(habits())
        validation = lesson.validation
        ids = [validation.past.person_ids[person] for person in validation.persons]
        others = np.array([are_others(each) for each in ids])
        later = validation.later
        rows = np.where(others[later.persons], (later.rows + 7) % later.row_count, later.rows)
        told = replace(lesson, validation=replace(validation, later=replace(later, rows=rows)))
        return fitted_networks([told], found.weighing.weights, texts(), 1, unheard)

    return of


@pytest.fixture(scope="module")
def usual(blends):
    return blends()


def test_who_buys_every_four_weeks_is_offered_first_what_is_due(found, model):
    """By the regression alone what was bought last week speaks loudest."""
    assert (len(model.blend.own), model.blend.own_share > 0.0) == (size_of(OWN), True)
    regression, both = Blender(model.items), Blender(model.items, model.blend)
    due_first = {False: [], True: []}
    for at, person_id in enumerate(model.persons.person_ids):
        if not is_judged(person_id):
            continue
        taste = taste_of(model.persons, at)
        often = taste.habits[:, 0] > 1.0
        rows, since = taste.rows[often].astype(np.int64), taste.habits[often, 1]
        for blender in (regression, both):
            likely = blender.probabilities(taste, rows, blender.signals.evidence(taste))
            # Held back are seventeen days.
            due, fresh = likely[since > EVERY_DAYS - 15], likely[since < 7]
            if len(due) and len(fresh):
                due_first[blender is both].append(due.min() > fresh.max())
    assert np.mean(due_first[True]) > 0.9 > 0.7 > np.mean(due_first[False])


def test_what_is_judged_is_weighed_by_networks_too(found, model):
    ids = found.foretold.person_ids
    assert len(ids) > 100
    by_regression = foretold(replace(model, blend=BlendModel.none()), ids)
    as_served = foretold(model, ids)
    assert not np.array_equal(found.foretold.nos, by_regression)
    first = found.foretold.nos[:, :3]
    assert (first == as_served[:, :3]).mean() > 0.6 > (first == by_regression[:, :3]).mean()


def test_without_a_share_the_regression_decides(model):
    taste = taste_of(model.persons, 0)
    rows = np.arange(len(model.items.offer_nos))
    alone = Blender(model.items)
    evidence = alone.signals.evidence(taste)
    usual = alone.probabilities(taste, rows, evidence)
    is_own = np.isin(rows, taste.rows[taste.habits[:, -1] > 0.0])
    for own_share, new_share in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)):
        blend = replace(model.blend, own_share=own_share, new_share=new_share)
        moved = Blender(model.items, blend).probabilities(taste, rows, evidence) != usual
        assert moved[is_own].any() == (own_share > 0.0)
        assert moved[~is_own].any() == (new_share > 0.0)


class Noting:
    """A network that says nothing and remembers what it was told."""

    def log_odds(self, columns):
        self.told = columns
        return np.zeros(len(columns), np.float32)


def test_networks_are_told_when_serving_what_they_were_taught_with(log, found):
    lesson = lesson_of(log)
    weights = found.weighing.weights
    past = found.weighing.of(lesson.past, lesson.validation.past, texts())
    blender = Blender(past.items)
    place = {each: at for at, each in enumerate(past.persons.person_ids)}
    networks = networks_of(past.items, replace(past.blend, own_share=1.0, new_share=1.0))
    for _, (person_id, sheet) in zip(
        range(20), network_fitting._sheets(lesson, weights, texts()), strict=False
    ):
        taste = taste_of(past.persons, place[person_id])
        evidence = blender.signals.evidence(taste)
        rows = blender.pool(taste, evidence, None)
        signals = blender.signals.columns(taste, rows, evidence)
        served = replace(networks, own=Noting(), new=Noting())
        served.moved(
            sheet.log_odds, taste, rows, signals, evidence, served.portraits.shelves(taste)
        )
        assert np.array_equal(served.own.told, sheet.own)
        assert np.array_equal(served.new.told, sheet.new)
        assert (sheet.own.shape[1], sheet.new.shape[1]) == (OWN, NEW)


@pytest.mark.parametrize("is_kept_from_them", [is_checked, is_judged])
def test_who_checks_or_judges_networks_teaches_them_nothing(blends, usual, is_kept_from_them):
    others = blends(is_kept_from_them)
    assert len(usual.judged.own)
    assert np.array_equal(usual.judged.own, others.judged.own)
    assert np.array_equal(usual.judged.new, others.judged.new)


def test_what_is_served_learns_from_them_all_the_same(usual):
    assert not np.array_equal(usual.served.own, usual.judged.own)
    assert usual.served.own_share == usual.judged.own_share


def test_where_nothing_is_bought_twice_new_things_still_have_a_network(found):
    lesson = lesson_of(tastes.two_tastes(persons=240))
    weights = found.weighing.weights
    blend = fitted_networks([lesson], weights, tastes.texts(), 1, unheard).served
    assert (len(blend.own), len(blend.new)) == (0, size_of(NEW))
    assert blend.own_share == 0.0
    followed = networks_of(
        lesson.past.items,
        replace(
            network_fitting.described(blend, lesson.validation.past, tastes.texts()), new_share=1.0
        ),
    )
    assert (followed.own, followed.new is None) == (None, False)
