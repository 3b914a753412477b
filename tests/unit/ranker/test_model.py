"""The model finds the truth, corrects what it took for a negative, and keeps every bit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.answers import Outcome
from services.ranker.domain.encoding import Sight
from services.ranker.domain.layout import COLUMNS
from services.ranker.domain.model import Model, SnapshotError, predictive, prior_offset
from tests.properties import examples

PRIOR = 0.03
USED = [
    column for column in COLUMNS if not column.name.endswith(("t_1", "t_2", "t_3", "e_1", "e_2"))
]
SPREAD = sum(column.variance for column in USED)


def sight(*choices, prior=PRIOR):
    """Make a row of one weight per column; a choice moves all columns from its place on."""
    shift = [sum(choice for place, choice in choices if at >= place) for at in range(len(USED))]
    indices = [column.start + (shift[at] * 7) % column.size for at, column in enumerate(USED)]
    offset = prior_offset(np.array([prior]), SPREAD)[0]
    return Sight(float(offset), np.array(indices, np.uint32))


def show(model, row, accepted=False):
    model.learn(model.number + 1, Outcome.SHOWN, row)
    if accepted:
        model.learn(model.number + 1, Outcome.ACCEPTED, row)


def test_with_nothing_learned_the_prediction_is_the_prior():
    for prior in (0.001, 0.03, 0.5):
        assert Model().predict(sight(prior=prior)) == pytest.approx(prior, rel=1e-9)
    assert predictive(prior_offset(np.array([0.03]), 2.0), 2.0)[0] == pytest.approx(0.03)


@pytest.mark.parametrize("truth", [0.01, 0.1, 0.4])
def test_a_rate_is_found_within_hundreds_of_rows_and_followed_when_it_changes(truth):
    model, row, random = Model(), sight(), np.random.default_rng(5)
    for rate in (truth, PRIOR):
        predictions = []
        for _ in range(2500):
            show(model, row, bool(random.random() < rate))
            predictions.append(model.predict(row))
        assert np.mean(predictions[-1500:]) == pytest.approx(rate, rel=0.2)
        assert np.std(predictions[-1500:]) < 0.6 * rate


def test_a_repeated_row_teaches_no_more_than_the_full_covariance_and_not_much_less():
    model, row = Model(), sight(prior=0.2)
    for _ in range(60):
        chance, spread = model.predict(row), _spread(model, row)
        of_full = spread / (1 + spread * chance * (1 - chance))
        show(model, row, accepted=False)
        assert _spread(model, row) >= of_full * (1 - 1e-9)
        assert _spread(model, row) - of_full < 0.8 * (spread - of_full)
        assert model.predict(row) < chance


def test_rows_alike_come_to_rest_where_hundreds_of_them_count():
    model, row, random = Model(), sight(prior=0.2), np.random.default_rng(8)
    for _ in range(4000):
        show(model, row, bool(random.random() < 0.2))
    step = _spread(model, row) * 0.2 * 0.8
    assert 1 / 1000 < step < 1 / 100


def _spread(model, row):
    return float(model.variance_matrix(row.indices).sum())


@examples(30)
@given(st.floats(0.005, 0.5), st.integers(0, 200))
def test_an_acceptance_corrects_the_negative_as_if_it_had_been_known(prior, seen_before):
    model, row = Model(), sight(prior=prior)
    for _ in range(seen_before):
        show(model, row)
    before = row.offset + float(model.means(row.indices))
    held = _spread(model, row)
    chance = model.predict(row)
    known = before + held / (1 + held * chance * (1 - chance)) * (1 - chance)
    show(model, row, accepted=True)
    corrected = row.offset + float(model.means(row.indices))
    information = held * chance * (1 - chance)
    assert corrected - before == pytest.approx(known - before, rel=2 * information + 0.01)


def test_a_decline_leaves_the_negative_as_it_stands():
    one, other, row = Model(), Model(), sight()
    show(one, row)
    show(other, row)
    other.learn(2, Outcome.DECLINED, row)
    assert one.predict(row) == other.predict(row)


def test_shuffled_answers_teach_nothing_but_the_base_rate():
    model, random = Model(), np.random.default_rng(3)
    kinds = [sight((6, kind)) for kind in range(8)]
    finals = np.zeros((3000, 8))
    for turn in range(3000):
        show(model, kinds[turn % 8], bool(random.random() < 0.1))
        finals[turn] = [model.predict(each) for each in kinds]
    settled = finals[1000:].mean(axis=0)
    assert settled.mean() == pytest.approx(0.1, rel=0.2)
    # Of 375 showings each the rates themselves lie that far apart.
    assert settled.max() / settled.min() < 1.9


def test_what_some_accept_is_raised_for_those_like_them_and_not_for_others():
    model, random = Model(), np.random.default_rng(1)
    likers, others = sight((18, 1)), sight((18, 2))
    predictions = []
    for _ in range(300):
        show(model, likers, bool(random.random() < 0.3))
        show(model, others, bool(random.random() < PRIOR))
        predictions.append((model.predict(likers), model.predict(others)))
    for_likers, for_others = np.mean(predictions[150:], axis=0)
    assert for_likers > 7 * PRIOR
    assert for_others < 2 * PRIOR


def test_it_agrees_with_batch_logistic_regression():
    """The oracle: the mode of the posterior given the same rows and the same prior."""
    random = np.random.default_rng(11)
    rows = [sight((6, offer), (18, 11 * taste)) for offer in range(5) for taste in range(4)]
    truth = 1 / (1 + np.exp(2.0 - random.normal(0, 1, len(rows))))
    model, seen = Model(), []
    for _ in range(6000):
        at = int(random.integers(len(rows)))
        accepted = bool(random.random() < truth[at])
        seen.append((at, accepted))
        show(model, rows[at], accepted)
    batch = _batch(rows, seen)
    online = np.array([model.predict(row) for row in rows])
    assert np.corrcoef(np.log(online), np.log(batch))[0, 1] > 0.95
    assert np.abs(online - batch).mean() < 0.03


def _batch(rows, seen):
    used = np.unique(np.concatenate([row.indices for row in rows]))
    design = np.array([np.isin(used, row.indices) for row in rows], float)
    prior = np.diag(1 / Model().variance_matrix(used))
    at = np.array([which for which, _ in seen])
    label = np.array([accepted for _, accepted in seen], float)
    weights = np.zeros(len(used))
    counts, hits = np.bincount(at, minlength=len(rows)), np.bincount(at, label, len(rows))
    # A bound of the curvature (Böhning 1992) in place of the curvature: it never overshoots.
    steepest = np.linalg.inv((design.T * (counts / 4)) @ design + prior)
    for _ in range(2000):
        chance = 1 / (1 + np.exp(-(rows[0].offset + design @ weights)))
        weights += steepest @ (design.T @ (hits - counts * chance) - prior @ weights)
    return 1 / (1 + np.exp(-(rows[0].offset + design @ weights)))


def test_nothing_diverges_under_a_long_run_of_acceptances():
    model, row = Model(), sight()
    for _ in range(5000):
        show(model, row, accepted=True)
    assert 0.9 < model.predict(row) <= 1.0
    assert math.isfinite(float(model.means(row.indices)))


def test_a_snapshot_with_the_rows_after_it_gives_the_same_bits():
    random = np.random.default_rng(2)
    rows = [sight((3, int(random.integers(50)))) for _ in range(400)]
    whole, half = Model(), Model()
    for row in rows[:200]:
        show(whole, row, accepted=True)
        show(half, row, accepted=True)
    restored = Model.restored(half.snapshot())
    for row in rows[200:]:
        show(whole, row)
        show(restored, row)
    assert restored.snapshot() == whole.snapshot()
    assert restored.number == whole.number


@pytest.mark.parametrize("cut", [0, 10, 40, -1])
def test_a_torn_snapshot_is_refused(cut):
    model = Model()
    show(model, sight())
    with pytest.raises(SnapshotError):
        Model.restored(model.snapshot()[:cut])


@pytest.mark.parametrize("credit", [1.0, 0.25])
def test_what_is_brought_back_takes_away_what_its_acceptance_added(credit):
    model, row = Model(), sight(prior=0.2)
    for _ in range(50):
        show(model, row)
    before = float(model.means(row.indices))
    model.learn(model.number + 1, Outcome.LATE, row, credit)
    added = float(model.means(row.indices)) - before
    model.learn(model.number + 1, Outcome.RETURNED, row, credit)
    assert added > 0
    assert float(model.means(row.indices)) == pytest.approx(before, abs=0.05 * added)


def test_a_late_acceptance_adds_its_share_of_a_whole_one():
    whole, half, row = Model(), Model(), sight()
    show(whole, row, accepted=True)
    show(half, row)
    before = float(half.means(row.indices))
    half.learn(2, Outcome.LATE, row, 0.5)
    added = float(half.means(row.indices)) - before
    assert added == pytest.approx(0.5 * (float(whole.means(row.indices)) - before), rel=1e-12)
