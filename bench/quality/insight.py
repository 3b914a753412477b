"""Whether the report of what predicts acceptance finds what does, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bench.figures import Definition
from bench.quality.people import MATTERING, drawn
from bench.quality.rows import Row, Tell, row
from services.ranker.domain.insight.study import Study, study

NAME = "insight"
_RUNS = 200


def measured(tell: Tell) -> Iterator[Row]:
    """Make reports of people of whose ten attributes two matter, and of others of none.

    The share of blind answers in which something is named is promised to be one in a hundred; of
    200 reports more than six are then of one in 200 such measurements.
    """
    two_first = _of_runs(lambda seed: _names_two_first(study(*drawn(seed))))
    tell(f"{NAME}: the two that matter are first in {two_first.mean():.1%} of {_RUNS} reports")
    false = _of_runs(lambda seed: bool(study(*drawn(_RUNS + seed, effect=0.0)).findings))
    tell(f"{NAME}: blind answers are found to follow something in {false.mean():.1%}")
    yield row("insight_two_first_share", two_first, Definition("quality", "share", at_least=0.95))
    yield row("insight_false_share", false, Definition("quality", "share", at_most=0.03))


def _of_runs(holds: Callable[[int], bool]) -> NDArray[np.float64]:
    return np.array([float(holds(seed)) for seed in range(_RUNS)])


def _names_two_first(found: Study) -> bool:
    named = [each.predictor.evidence.name for each in found.findings]
    return set(named[:2]) == set(MATTERING)
