"""The mixture finds kinds that are there, and none that are not."""

import numpy as np
import pytest

from services.profile.domain.personas.mixture import Observations, choose, fit

KINDS = np.array(
    [
        [0.7, 0.1, 0.1, 0.05, 0.05],
        [0.05, 0.1, 0.1, 0.05, 0.7],
        [0.05, 0.75, 0.1, 0.05, 0.05],
    ]
)
SHARES = (0.5, 0.3, 0.2)


def drawn(people=300, looks=12, kinds=KINDS, seed=5):
    """Return people of the kinds with what they looked at, and a coin each that says nothing."""
    rng = np.random.default_rng(seed)
    shares = np.array(SHARES[: len(kinds)])
    truth = rng.choice(len(kinds), people, p=shares / shares.sum())
    counts = np.array([rng.multinomial(looks, kinds[kind]) for kind in truth], float)
    coins = np.eye(2)[rng.integers(0, 2, people)]
    return truth, Observations(np.hstack([counts, coins]), (slice(0, 5), slice(5, 7)))


def test_the_kinds_are_found_with_their_number_shares_and_people():
    truth, observed = drawn()
    found = choose(observed, 8, 3, np.random.default_rng(1))
    assert found.kinds == 3
    likely = found.probabilities(observed).argmax(axis=1)
    mapping = [int(np.bincount(truth[likely == kind]).argmax()) for kind in range(3)]
    assert sorted(mapping) == [0, 1, 2]
    assert np.mean(np.array(mapping)[likely] == truth) > 0.95
    for kind, true_kind in enumerate(mapping):
        assert found.weights[kind] == pytest.approx(SHARES[true_kind], abs=0.08)
        assert found.cells[kind, :5] == pytest.approx(KINDS[true_kind], abs=0.06)


def test_what_says_nothing_of_the_kinds_is_told_of_none():
    _, observed = drawn()
    found = fit(observed, 3, 3, np.random.default_rng(1))
    assert not found.told[:, 5:].any()
    assert found.cells[:, 5:] == pytest.approx(np.tile(observed.background()[5:], (3, 1)))
    assert found.told[:, :5].any(axis=1).all()


def test_people_who_are_all_alike_are_of_one_kind():
    _, observed = drawn(kinds=np.array([[0.2, 0.2, 0.2, 0.2, 0.2]]))
    assert choose(observed, 8, 3, np.random.default_rng(1)).kinds == 1


def test_the_same_seed_finds_the_same():
    _, observed = drawn(people=120)
    one, other = (choose(observed, 4, 2, np.random.default_rng(3)) for _ in range(2))
    assert (one.cells == other.cells).all()
    assert one.bic == other.bic


def test_every_distribution_adds_up_to_one_and_nothing_is_impossible():
    _, observed = drawn(people=60, looks=2)
    found = fit(observed, 5, 2, np.random.default_rng(2))
    for family in observed.families:
        assert found.cells[:, family].sum(axis=1) == pytest.approx(np.ones(5))
    assert found.cells.min() > 0.0
    assert found.weights.sum() == pytest.approx(1.0)


def test_somebody_of_whom_nothing_is_known_is_of_each_kind_by_its_share():
    _, observed = drawn()
    unknown = Observations(np.vstack([observed.counts, np.zeros(7)]), observed.families)
    found = fit(unknown, 3, 3, np.random.default_rng(1))
    assert found.probabilities(unknown)[-1] == pytest.approx(found.weights)
