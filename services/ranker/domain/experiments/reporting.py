"""What an experiment came to: every group against the control, and whether it may be believed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.experiments.comparing import (
    Compared,
    Role,
    SharedOut,
    compare,
    shared_out,
)
from services.ranker.domain.experiments.samples import Sample
from services.ranker.domain.experiments.shares import Stratum
from services.ranker.domain.measures.persons import PersonMeasures

NOBODY = -1
"""The group of those who take no part."""


@dataclass(frozen=True, slots=True)
class Group:
    """People who are treated alike; the first one of an experiment is its control."""

    name: str
    share: float
    """Planned, above 0; of all groups together they need not add up to 1."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A measure, and what it is looked at for."""

    name: str
    role: Role
    of: Callable[[PersonMeasures], Sample]
    is_more_better: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a measure came to in every group, and against the control."""

    looked: Looked
    samples: tuple[Sample, ...]
    """By group."""
    compared: tuple[Compared, ...]
    """Of each group but the control."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an experiment came to."""

    groups: tuple[Group, ...]
    people: tuple[int, ...]
    """Those who are compared, by group."""
    shared_out: SharedOut
    """Those who were met, by the group that they should have been in."""
    mixed: int
    """People who were seen in two groups, as two who turned out to be one: left out."""
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Parted:
    """Which customer counts in which group."""

    group_of: NDArray[np.intp]
    """Of each customer the group that they are compared in; NOBODY: in none."""
    strata: tuple[Stratum, ...]
    """Those for whom something was decided, also by another group than their own, by the shares by
    which they came: people by the group that they should have been in."""
    mixed: int
    """How many are left out for having seen another group than their own."""


def assigned_and_seen(
    assigned: Sequence[int],
    seen: Sequence[frozenset[int]],
    shares: Sequence[tuple[float, ...] | None],
) -> Parted:
    """Return who counts where.

    `assigned` is the group by the definitions, `seen` the groups by which something was decided for
    them: whom nothing was decided for met no difference, and only adds noise (NOBODY). `shares` are
    those by which they came, of each group; None: they are in no stratum, for nobody knows.
    """
    groups = np.full(len(assigned), NOBODY)
    came: dict[tuple[float, ...], Counter[int]] = defaultdict(Counter)
    mixed = 0
    for place, (group, met, by) in enumerate(zip(assigned, seen, shares, strict=True)):
        if met and group != NOBODY and by is not None:
            came[by][group] += 1
        if len(met) > 1 or (met and group not in met):
            mixed += 1
        elif met:
            groups[place] = group
    strata = tuple(
        [
            Stratum(tuple([counts[group] for group in range(len(by))]), by)
            for by, counts in came.items()
        ]
    )
    return Parted(groups, strata, mixed)


def report(
    persons: PersonMeasures, parted: Parted, groups: Sequence[Group], looked: Sequence[Looked]
) -> Report:
    """Compare the groups by every measure; `parted` is by row of `persons`.

    Sizes are those of everybody met, those left out among them: of two people who turn out to be
    one, the other was most likely in the largest group, so that leaving them out takes nearly only
    the small ones.
    """
    parts = [persons.picked(parted.group_of == place) for place in range(len(groups))]
    outcomes = tuple(_outcome(each, parts) for each in looked)
    nobody = Stratum((0,) * len(groups), tuple([group.share for group in groups]))
    sharing = shared_out(parted.strata or (nobody,))
    people = tuple(len(part) for part in parts)
    return Report(tuple(groups), people, sharing, parted.mixed, outcomes)


def _outcome(looked: Looked, parts: Sequence[PersonMeasures]) -> Outcome:
    samples = tuple(looked.of(part) for part in parts)
    control, *others = samples
    # What is only looked at beside the goal decides nothing, and needs no narrower alpha.
    rivals = len(others) if looked.role is not Role.INFORMATION else 1
    compared = tuple(
        compare(theirs, control, rivals=rivals, is_more_better=looked.is_more_better)
        for theirs in others
    )
    return Outcome(looked, samples, compared)
