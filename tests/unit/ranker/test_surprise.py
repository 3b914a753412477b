"""The model doubts tastes when acceptances halve at a stroke, and on no other account."""

import numpy as np
import pytest

from services.ranker.domain.answers import Outcome, TeachingTerms
from services.ranker.domain.encoding import Sight
from services.ranker.domain.layout import COLUMN, COLUMNS, Group
from services.ranker.domain.model import Model, SnapshotError
from services.ranker.domain.surprise import (
    ALARM,
    LEAST_ACCEPTED,
    LONGEST_WAIT,
    MEMORY,
    Surprise,
)

SIGHT = Sight(-1.0, np.array([each.start for each in COLUMNS[:25]], np.uint32))
TASTE = np.array([COLUMNS[COLUMN["category_1_liked_1"]].start], np.uint32)


def alarms(rates, surprise=None, seed=3):
    """Return before which showings a change was seen, of showings accepted as often as told."""
    surprise, found = surprise or Surprise(), []
    for turn, luck in enumerate(np.random.default_rng(seed).random(len(rates))):
        surprise.shown(SIGHT)
        if luck < rates[turn] and surprise.accepted(SIGHT, 1.0):
            found.append(turn)
    return found


def stepwise(*steps):
    return np.concatenate([np.full(count, rate) for count, rate in steps])


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5])
def test_a_rate_that_stays_never_surprises(rate):
    for seed in range(3):
        assert alarms(np.full(40_000, rate), seed=seed) == []


def test_a_rate_that_falls_to_a_third_surprises_soon_and_once():
    for seed in range(5):
        found = alarms(stepwise((4_000, 0.3), (6_000, 0.1)), seed=seed)
        assert len(found) == 1
        assert 4_000 < found[0] < 4_500


def test_a_rate_that_climbs_or_falls_slowly_does_not_surprise():
    assert alarms(stepwise((5_000, 0.03), (5_000, 0.5))) == []
    assert alarms(np.geomspace(0.5, 0.05, 20 * MEMORY)) == []


def test_answers_that_come_late_or_stay_out_for_long_do_not_surprise():
    surprise, random = Surprise(), np.random.default_rng(4)
    waiting = []
    for turn in range(20_000):
        surprise.shown(SIGHT)
        if random.random() < 0.2:
            waiting.append(turn)
        is_outage = 10_000 <= turn < 13_000
        while waiting and waiting[0] <= turn - 1_000 and not is_outage:
            waiting.pop(0)
            assert not surprise.accepted(SIGHT, 1.0)


def test_no_single_wait_says_more_than_the_longest():
    surprise = Surprise()
    for _ in range(LEAST_ACCEPTED + 1):
        surprise.shown(SIGHT)
        surprise.accepted(SIGHT, 1.0)
    for _ in range(3):
        for _ in range(5_000):
            surprise.shown(SIGHT)
        assert not surprise.accepted(SIGHT, 1.0)
    assert 3 * 0.5 * LONGEST_WAIT < ALARM


def test_a_row_without_a_placement_is_not_watched():
    surprise = Surprise()
    for indices in ([0], [int(SIGHT.indices[-1])]):
        row = Sight(0.0, np.array(indices, np.uint32))
        surprise.shown(row)
        assert not surprise.accepted(row, 1.0)
    assert surprise.packed() == b""


def learned(model, rates, seed=3):
    """Let a model learn showings accepted as often as told; return it."""
    for rate, luck in zip(rates, np.random.default_rng(seed).random(len(rates)), strict=True):
        model.learn(model.number + 1, Outcome.SHOWN, SIGHT)
        if luck < rate:
            model.learn(model.number + 1, Outcome.ACCEPTED, SIGHT)
    return model


def test_surprised_the_model_doubts_what_persons_like_and_keeps_what_it_believes():
    model, prior = Model(), Model().variance_matrix(SIGHT.indices)
    learned(model, np.full(3_000, 0.4))
    steady, unshown = model.copy(), model.copy()
    assert model.variance_matrix(TASTE)[0] < 0.5 * Model().variance_matrix(TASTE)[0]
    doubted = 0
    for _ in range(600):
        before = model.means(SIGHT.indices)
        learned(model, [0.05], seed=model.number)
        variance = model.variance_matrix(SIGHT.indices)
        of_persons = [each.group is Group.PERSON for each in COLUMNS[:25]]
        if (variance[of_persons] == prior[of_persons]).all():
            doubted += 1
            assert (variance[np.logical_not(of_persons)] < prior[~np.array(of_persons)]).all()
            assert abs(float(model.means(SIGHT.indices) - before)) < 1.0
    assert doubted == 1
    assert steady.snapshot() == unshown.snapshot()


def test_a_snapshot_goes_on_to_the_same_bits_through_a_change():
    model = learned(Model(), np.full(2_000, 0.4))
    again = Model.restored(model.snapshot())
    assert again.snapshot() == model.snapshot()
    for each in (model, again):
        learned(each, np.full(1_000, 0.08), seed=8)
    assert again.snapshot() == model.snapshot()


def test_a_snapshot_of_before_rates_were_watched_is_read_and_a_torn_one_is_not():
    model = learned(Model(), np.full(200, 0.4))
    data, watched = model.snapshot(), len(model._surprise.packed())
    old = Model.restored(data[:-watched])
    assert old.predict(SIGHT) == model.predict(SIGHT)
    for cut in (1, 4, watched - 1):
        with pytest.raises(SnapshotError, match="another length"):
            Model.restored(data[:-cut])
    with pytest.raises(SnapshotError, match="another length"):
        Model.restored(data + b"\0")
    torn = data[:-8] + np.array([np.nan], "<f8").tobytes()
    with pytest.raises(SnapshotError, match="nothing can have had"):
        Model.restored(torn)


def test_what_one_person_may_refuse_in_a_day_among_as_many_others_does_not_surprise():
    most = TeachingTerms().showings_per_day
    for seed in range(10):
        assert alarms(stepwise((4_000, 0.05), (2 * most, 0.025), (2_000, 0.05)), seed=seed) == []
