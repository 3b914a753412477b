"""People invented to judge a report by: two of their ten attributes matter, or none does."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.ranker.domain.characteristics import hashes
from services.ranker.domain.insight.answered import Answered, Characteristic
from services.ranker.domain.model import logistic

MATTERING: Final = ("attr.a0", "attr.a1")
_ATTRIBUTES: Final = 10
_VALUES: Final = 4
_OFFERS: Final = 12
_PERIOD_US: Final = 90 * 86_400_000_000
_USUAL: Final = -2.6
"""Log-odds of acceptance: 7%."""
_TEMPER: Final = 0.6
"""How much people differ for reasons that nobody knows: standard deviation of the log-odds."""

Dictionary = dict[int, Characteristic]


def drawn(
    seed: int, *, people: int = 2_000, effect: float = 0.8, fades: bool = False
) -> tuple[Answered, Dictionary]:
    """Draw what people were shown, some five times each, and what they accepted.

    Who has the first value of the first attribute accepts more by `effect`, who has the second of
    the second less; if it `fades`, only until the middle of the period. With no effect answers are
    drawn blindly, though some people and some offers are taken more often than others.
    """
    random = np.random.default_rng(seed)
    names = [f"attr.a{number}" for number in range(_ATTRIBUTES)]
    texts = [[f"{name}=v{value}" for value in range(_VALUES)] for name in names]
    hashed = np.array([[hashes([text])[0] for text in of_name] for of_name in texts])
    held = random.integers(0, _VALUES, (people, _ATTRIBUTES))
    shown = random.poisson(4, people) + 1
    person = np.repeat(np.arange(people), shown)
    rows = len(person)
    offer = random.integers(0, _OFFERS, rows)
    time_us = random.integers(0, _PERIOD_US, rows)
    matters = effect * (time_us < _PERIOD_US // 2) if fades else np.full(rows, effect)
    log_odds = _USUAL + random.normal(0, 0.7, _OFFERS)[offer]
    log_odds += random.normal(0, _TEMPER, people)[person]
    log_odds += matters * (held[person, 0] == 0) - matters * (held[person, 1] == 1)
    answered = Answered(
        offer_no=offer,
        placement=random.integers(0, 2, rows),
        person=person,
        time_us=time_us,
        accepted=random.random(rows) < logistic(log_odds),
        starts=np.arange(rows + 1) * _ATTRIBUTES,
        hashes=hashed[np.arange(_ATTRIBUTES), held[person]].reshape(-1).astype(np.uint32),
    )
    dictionary = {
        int(hashed[at, value]): Characteristic(name, f"v{value}")
        for at, name in enumerate(names)
        for value in range(_VALUES)
    }
    return answered, dictionary
