"""Whether trees that are served still pay, on answers that neither they nor the model had seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.ranker.domain.booster import Booster
from services.ranker.domain.comparing import (
    Gain,
    TooLittleError,
    believed,
    losses,
    refuse_too_little,
    said_by,
    together,
)
from services.ranker.domain.encoding import Sight
from services.ranker.domain.model import Model, predictive

_Z_999: Final = 3.290527
"""Of 99.9%: it is looked at many times, and 95% would once be missed by chance alone."""


NO_GAIN: Final = Gain(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What trees came to on the last answers; log-losses are means in nats per answer."""

    answers: int
    people: int
    having: float = 0.0
    alone: Gain = NO_GAIN
    """Over the model alone."""
    costs_beyond_doubt: bool = False
    """Whether it is worse with 99.9%."""
    too_little: str = ""
    """Why it cannot be told; empty: it can."""
    from_us: int = 0
    """When the first of the answers was shown, business time."""
    to_us: int = 0

    @property
    def costs(self) -> bool:
        """Whether it is worse with 95%."""
        return not self.too_little and self.alone.high < 0.0


class Watched:
    """Collects answers in order and says in the end what the trees are worth."""

    def __init__(self, booster: Booster) -> None:
        self._booster = booster
        self._judged: list[tuple[float, float, float, float]] = []
        self._people: list[str] = []
        self._times: list[int] = []

    def take(self, model: Model, sight: Sight, label: float, person: str, time_us: int) -> None:
        """Judge an answer by the model of just before it."""
        self._judged.append((*believed(model, sight), said_by(self._booster, sight), label))
        self._people.append(person)
        self._times.append(time_us)

    def standing(self) -> Standing:
        """Return what it came to."""
        log_odds, spread, said, labels = np.array(self._judged).reshape(-1, 4).T
        names, people = np.unique(np.array(self._people, np.str_), return_inverse=True)
        from_us, to_us = min(self._times, default=0), max(self._times, default=0)
        too_little = ""
        try:
            refuse_too_little(labels, people)
        except TooLittleError as error:
            too_little = str(error)
        if not len(labels):
            return Standing(0, 0, too_little=too_little)
        having = losses(together(log_odds, spread, said, self._booster.share), labels)
        without = losses(predictive(log_odds, spread), labels)
        surest = Gain.of(without, having, people, _Z_999)
        return Standing(
            len(labels),
            len(names),
            float(having.mean()),
            Gain.of(without, having, people),
            not too_little and surest.high < 0.0,
            too_little,
            from_us,
            to_us,
        )
