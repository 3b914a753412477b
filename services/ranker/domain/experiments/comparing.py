"""Holds the groups of an experiment against its control, measure by measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from services.ranker.domain.experiments.samples import Difference, Sample, difference, lift
from services.ranker.domain.experiments.sequences import ALPHA, Interval, always_valid
from services.ranker.domain.experiments.shares import MISMATCH, Stratum, mismatch_of_all

FEWEST = 100
"""People of a group below which a mean is no normal one yet, and nothing is concluded."""


class Conclusion(IntEnum):
    """What may be said of a variant by one measure; numbers as in the contract."""

    TOO_FEW = 1
    """A group has too few people, or nothing was measured."""
    NOT_SIGNIFICANT = 2
    BETTER = 3
    WORSE = 4


class Role(IntEnum):
    """What a measure is looked at for; numbers as in the contract."""

    GOAL = 1
    """What the experiment is decided by."""
    GUARD = 2
    """What must not become worse."""
    INFORMATION = 3
    """Beside it; among so many some differ by chance."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One variant against the control by one measure."""

    theirs: Sample
    control: Sample
    difference: Difference
    interval: Interval
    """Of the difference; valid however often it is looked at."""
    lift: Difference | None
    """As a share of the control's mean; None: that is next to nothing."""
    conclusion: Conclusion


def compare(
    theirs: Sample, control: Sample, *, rivals: int = 1, is_more_better: bool = True
) -> Compared:
    """Hold a variant against the control.

    `rivals` is how many variants are held against it by this measure: each gets its share of alpha
    (Bonferroni), so that all together are wrong no more often than alpha says.
    """
    found = difference(theirs, control)
    interval = always_valid(found, ALPHA / rivals)
    if min(theirs.people, control.people) < FEWEST:
        conclusion = Conclusion.TOO_FEW
    elif not interval.is_significant:
        conclusion = Conclusion.NOT_SIGNIFICANT
    else:
        is_better = (found.value > 0.0) == is_more_better
        conclusion = Conclusion.BETTER if is_better else Conclusion.WORSE
    return Compared(theirs, control, found, interval, lift(theirs, control), conclusion)


@dataclass(frozen=True, slots=True)
class SharedOut:
    """Whether people were shared out as planned."""

    people: tuple[int, ...]
    shares: tuple[float, ...]
    """Expected of all these people together, in the same order; they add up to 1."""
    p_value: float

    @property
    def is_mismatch(self) -> bool:
        """Whether something is wrong with who is in which group, so that no result is to be had."""
        return self.p_value < MISMATCH


def shared_out(strata: Sequence[Stratum]) -> SharedOut:
    """Hold the people of every group against the shares by which they came; one stratum at least.

    Before anybody came they are expected as by the last of them.
    """
    people = tuple([sum(counts) for counts in zip(*(each.people for each in strata), strict=True)])
    whole = sum(people)
    expected = [
        sum(sum(each.people) * each.planned[group] for each in strata) / whole
        if whole
        else strata[-1].planned[group]
        for group in range(len(people))
    ]
    return SharedOut(people, tuple(expected), mismatch_of_all(strata))
