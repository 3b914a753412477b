"""What a group of people came to: a mean over persons, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One measure of one group; persons are the units that were shared out, so they are counted."""

    people: int
    mean: float
    """Of the measure, in its unit; 0 where nobody counts."""
    variance: float
    """Of one person's influence on the mean; the mean's own variance is that by people."""

    @property
    def error(self) -> float:
        """Standard error of the mean; infinite for fewer than two people."""
        return math.sqrt(self.variance / self.people) if self.people > 1 else math.inf


def mean_of(values: Column) -> Sample:
    """Sum up a measure that every person has, shape (people,)."""
    people = len(values)
    if people == 0:
        return Sample(0, 0.0, 0.0)
    return Sample(people, float(values.mean()), float(values.var(ddof=1)) if people > 1 else 0.0)


def ratio_of(parts: Column, wholes: Column) -> Sample:
    """Sum up a ratio of two totals, such as orders per visit; columns of shape (people,).

    Its variance is that of the linearised ratio (delta method; Deng, Knoblich & Lu, "Applying the
    Delta Method in Metric Analytics", 2018): visits of one person are not independent, persons are.
    Persons who add to neither total are nobody of whom it could be asked, and are left out.
    """
    counts = (wholes != 0.0) | (parts != 0.0)
    parts, wholes = parts[counts], wholes[counts]
    total = float(wholes.sum())
    if total == 0.0:
        return Sample(0, 0.0, 0.0)
    ratio = float(parts.sum()) / total
    influence = (parts - ratio * wholes) / (total / len(wholes))
    return Sample(len(wholes), ratio, float(influence.var(ddof=1)) if len(wholes) > 1 else 0.0)


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one group's mean is more than another's."""

    value: float
    error: float
    """Standard error, infinite where either group has fewer than two people."""
    people: int
    """Of both groups together."""


def difference(theirs: Sample, control: Sample) -> Difference:
    """Return by how much theirs is more than the control's (Welch: variances need not be equal)."""
    error = math.hypot(theirs.error, control.error)
    return Difference(theirs.mean - control.mean, error, theirs.people + control.people)


def lift(theirs: Sample, control: Sample) -> Difference | None:
    """Return the difference as a share of the control's mean, by the delta method.

    None where the control's mean is no more than twice its own error from zero: a share of next to
    nothing says nothing.
    """
    if not abs(control.mean) > 2.0 * control.error:
        return None
    ratio = theirs.mean / control.mean
    error = math.hypot(theirs.error, ratio * control.error) / abs(control.mean)
    return Difference(ratio - 1.0, error, theirs.people + control.people)
