from __future__ import annotations

import numpy as np
import pytest

from services.retrieval.domain.learning.choosing import Choices, chosen_weights


def chosen_by(weights: list[float], sets: int = 3_000) -> Choices:
    """Let chance choose among three to eight things each time, by weights of two signals."""
    random = np.random.default_rng(3)
    columns, chosen = [], []
    for _ in range(sets):
        signals = random.normal(size=(int(random.integers(3, 9)), 2)) * (1.0, 10.0)
        chances = np.exp(signals @ weights)
        columns.append(signals)
        chosen.append(int(random.choice(len(signals), p=chances / chances.sum())))
    return Choices.of(columns, chosen)


def test_weights_are_those_by_which_it_was_chosen() -> None:
    weights, _ = chosen_weights(chosen_by([1.0, -0.2]))
    assert weights.tolist() == pytest.approx([1.0, -0.2], rel=0.1)


def test_a_signal_that_says_something_makes_what_was_chosen_likelier() -> None:
    choices = chosen_by([1.0, -0.2], sets=300)
    _, chance = chosen_weights(choices)
    blind = Choices(choices.signals[:, :1], choices.starts, choices.chosen)
    assert chosen_weights(blind)[1] < chance


def test_a_signal_that_never_varies_has_no_weight() -> None:
    choices = chosen_by([1.0, -0.2], sets=50)
    choices.signals[:, 1] = 7.0
    assert chosen_weights(choices)[0][1] == 0.0


def test_what_always_wins_has_a_weight_that_is_finite() -> None:
    sets = [np.array([[1.0], [0.0]])] * 40
    weights, _ = chosen_weights(Choices.of(sets, [0] * 40))
    assert 1.0 < weights[0] < 100.0
