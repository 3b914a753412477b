"""Interest in categories and brands that halves every 30 days."""

from __future__ import annotations

from operator import itemgetter

from services.profile.domain.event import DAY_US

HALF_LIFE_US = 30 * DAY_US
EPOCH_US = 18_262 * DAY_US
"""2020-01-01: every weight is kept as of this day.

Growing new weights instead of shrinking old ones needs no time of last update, so that sums come
out the same in any order; shares, which are all that is read, do not depend on the day. Doubles
reach 80 years to either side.
"""
MAX_KEPT = 256
_SLACK = 64

Interests = dict[str, float]


def weight_as_of_epoch(weight: float, time_us: int) -> float:
    return float(weight * 2.0 ** ((time_us - EPOCH_US) / HALF_LIFE_US))


def merge(into: Interests, other: Interests) -> None:
    for subject, weight in other.items():
        into[subject] = into.get(subject, 0.0) + weight


def prune(interests: Interests, *, slack: int = 0) -> None:
    """Keep the strongest."""
    if len(interests) > MAX_KEPT + slack:
        by_weight = sorted(interests, key=lambda subject: (-interests[subject], subject))
        for subject in by_weight[MAX_KEPT:]:
            del interests[subject]


def add(interests: Interests, subject: str, weight: float) -> None:
    """Add a weight as of the epoch; the weakest go when there are far too many."""
    interests[subject] = interests.get(subject, 0.0) + weight
    if len(interests) > MAX_KEPT + _SLACK:
        prune(interests)


def affinities(interests: Interests, at_most: int) -> list[tuple[str, float]]:
    """Return the strongest subjects with their shares of all interest, strongest first."""
    total = sum(interests.values())
    if total <= 0.0:
        return []
    # Sorting is stable: first by name, then by weight.
    ordered = sorted(interests.items())
    ordered.sort(key=itemgetter(1), reverse=True)
    return [(subject, weight / total) for subject, weight in ordered[:at_most]]
