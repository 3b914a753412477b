"""Arms against each other, measure by measure."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from services.ranker.domain.experiments.comparing import FEWEST, Conclusion
from services.ranker.domain.experiments.samples import Difference, Sample, difference, lift
from services.ranker.domain.experiments.sequences import Interval, fixed


@dataclass(frozen=True, slots=True)
class Against:
    """One group against another by one measure, looked at once."""

    difference: Difference
    interval: Interval
    conclusion: Conclusion
    lift: tuple[float, float, float] | None
    """As a share of the other's: value, and its 95% interval.

    None: that is next to nothing, or does not vary at all.
    """


def against(theirs: Sample, control: Sample, *, more_is_better: bool) -> Against:
    """Hold a group against another, with 95% intervals by the normal approximation."""
    found = difference(theirs, control)
    interval = fixed(found)
    return Against(
        found,
        interval,
        _concluded(theirs, control, interval, more_is_better),
        _lift(theirs, control),
    )


def _concluded(
    theirs: Sample, control: Sample, interval: Interval, more_is_better: bool
) -> Conclusion:
    if min(theirs.people, control.people) < FEWEST:
        return Conclusion.TOO_FEW
    if not interval.is_significant:
        return Conclusion.NOT_SIGNIFICANT
    return Conclusion.BETTER if (interval.low > 0.0) == more_is_better else Conclusion.WORSE


def _lift(theirs: Sample, control: Sample) -> tuple[float, float, float] | None:
    found = lift(theirs, control)
    if found is None or not isfinite(found.error) or not found.error:
        return None
    bounds = fixed(found)
    return found.value, bounds.low, bounds.high
