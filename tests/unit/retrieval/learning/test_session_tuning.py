from __future__ import annotations

import numpy as np
import pytest

from services.retrieval.domain.learning import session_tuning as limits
from services.retrieval.domain.learning.session_model import SIGNALS, SessionSetting
from services.retrieval.domain.learning.session_tuning import tuned_sessions
from services.retrieval.domain.learning.visits import visits_of
from tests.unit.retrieval.learning.clicks import clicks

ITEMS = 40


def wandering(visits: int, back: float, seed: int = 7) -> list[list[int]]:
    """Return visits in which the next thing follows from the last alone, or it is gone back."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(visits):
        visit = [int(random.integers(1, ITEMS + 1))]
        while len(visit) < 6:
            if len(visit) > 1 and random.random() < back:
                visit.append(visit[-2])
            else:
                visit.append((visit[-1] * 7 + int(random.integers(0, 2))) % ITEMS + 1)
        found.append(visit)
    return found


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_PREFIXES", 150)


def test_where_only_the_last_click_tells_the_ones_before_are_made_to_count_little() -> None:
    setting = tuned_sessions(visits_of(clicks(*wandering(250, back=0.0))), seed=0)
    assert setting.position_decay == 0.4


def test_going_back_is_learned_where_visits_go_back() -> None:
    back = SIGNALS.index("last but one")
    often = tuned_sessions(visits_of(clicks(*wandering(250, back=0.5))), seed=0)
    never = tuned_sessions(visits_of(clicks(*wandering(250, back=0.0))), seed=0)
    assert often.weights[back] > never.weights[back] + 0.5


def test_equal_visits_and_seeds_make_an_equal_setting() -> None:
    visits = visits_of(clicks(*wandering(120, back=0.2)))
    assert tuned_sessions(visits, seed=1) == tuned_sessions(visits, seed=1)


def test_too_few_visits_leave_the_usual_setting() -> None:
    assert tuned_sessions(visits_of(clicks(*wandering(5, back=0.2))), 0) == SessionSetting()
    assert tuned_sessions(visits_of(clicks([1])), 0) == SessionSetting()


def test_shares_and_weights_are_numbers() -> None:
    setting = tuned_sessions(visits_of(clicks(*wandering(120, back=0.2))), seed=0)
    assert 0.0 <= setting.session_share <= 1.0
    assert len(setting.weights) == len(SIGNALS)
    assert np.isfinite(setting.weights).all()
    told: list[float] = []
    tuned_sessions(visits_of(clicks(*wandering(120, back=0.2))), 0, told.append)
    assert told == sorted(told)
